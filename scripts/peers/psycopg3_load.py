"""Loads by psycopg 3, each way that its manual has."""

import psycopg

import peer

# Bytes of the file in a message to the server.
BLOCK = 128 * 1024

INTEGERS = {psycopg.adapters.types[name].oid for name in ("int2", "int4", "int8")}


def row(to):
    """An INSERT and a commit a row."""
    with psycopg.connect(autocommit=True) as connection:
        insert_each(connection.cursor(), to)


def row_transaction(to):
    """An INSERT a row, and one commit."""
    with psycopg.connect() as connection:
        insert_each(connection.cursor(), to)


def insert_each(cursor, to):
    statement = peer.insert_a_row(to)
    for values in rows(cursor, to):
        cursor.execute(statement, values)


def executemany(to):
    """All rows by one call, which sends an INSERT a row and does not wait for each (pipeline mode)."""
    with psycopg.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(peer.insert_a_row(to), rows(cursor, to))


def copy(to):
    """COPY of the file as it is, block by block."""
    with psycopg.connect() as connection, connection.cursor() as cursor, open(to.file, "rb") as file:
        with cursor.copy(f"{copy_from_stdin(to)} WITH (FORMAT csv)") as copying:
            while block := file.read(BLOCK):
                copying.write(block)


def copy_rows(to):
    """COPY of values, row by row, in the text format."""
    with psycopg.connect() as connection, connection.cursor() as cursor:
        values = rows(cursor, to)
        with cursor.copy(copy_from_stdin(to)) as copying:
            for row in values:
                copying.write_row(row)


def copy_binary(to):
    """COPY of values, row by row, in the binary format."""
    with psycopg.connect() as connection, connection.cursor() as cursor:
        values = rows(cursor, to)
        types = [column.type_code for column in cursor.description]
        with cursor.copy(f"{copy_from_stdin(to)} WITH (FORMAT binary)") as copying:
            # The binary format converts nothing: each value has to be of its column's very type.
            copying.set_types(types)
            for row in values:
                copying.write_row(row)


def rows(cursor, to):
    cursor.execute(f"SELECT {to.columns} FROM {to.table} LIMIT 0")
    types = [column.type_code for column in cursor.description]
    integers = [place for place, kind in enumerate(types) if kind in INTEGERS]
    return peer.rows(to.file, integers)


def copy_from_stdin(to):
    return f"COPY {to.table} ({to.columns}) FROM STDIN"


if __name__ == "__main__":
    peer.load(
        {
            "row": row,
            "row-transaction": row_transaction,
            "executemany": executemany,
            "copy": copy,
            "copy-rows": copy_rows,
            "copy-binary": copy_binary,
        }
    )
