"""Loads by psycopg 3, each way that its manual has."""

import psycopg
from psycopg.types.json import set_json_dumps

import peer
import values

# JSON is a text here, which is not to be written as JSON once more.
set_json_dumps(str)

# Bytes of the file in a message to the server.
BLOCK = 128 * 1024


def row(to):
    """An INSERT and a commit a row."""
    with psycopg.connect(autocommit=True) as connection:
        insert_each(connection.cursor(), to)


def row_transaction(to):
    """An INSERT a row, and one commit."""
    with psycopg.connect() as connection:
        insert_each(connection.cursor(), to)


def insert_each(cursor, to):
    columns = columns_of(cursor, to)
    statement = peer.insert_a_row(to, columns)
    for row in peer.rows(to, columns):
        cursor.execute(statement, row)


def executemany(to):
    """All rows by one call, which sends an INSERT a row and does not wait for each (pipeline mode)."""
    with psycopg.connect() as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        cursor.executemany(peer.insert_a_row(to, columns), peer.rows(to, columns))


def copy(to):
    """COPY of the file as it is, block by block."""
    with psycopg.connect() as connection, connection.cursor() as cursor, open(to.file, "rb") as file:
        with cursor.copy(f"{copy_from_stdin(to)} WITH (FORMAT csv)") as copying:
            while block := file.read(BLOCK):
                copying.write(block)


def copy_rows(to):
    """COPY of values, row by row, in the text format."""
    with psycopg.connect() as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        with cursor.copy(copy_from_stdin(to)) as copying:
            for row in peer.rows(to, columns):
                copying.write_row(row)


def copy_binary(to):
    """COPY of values, row by row, in the binary format."""
    with psycopg.connect() as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        peer.all_known(to, columns)
        with cursor.copy(f"{copy_from_stdin(to)} WITH (FORMAT binary)") as copying:
            # The binary format converts nothing: each value has to be of its column's very type.
            copying.set_types([type_name(column) for column in columns])
            for row in peer.rows(to, columns):
                copying.write_row(row)


def type_name(column):
    # All types of texts look the same in this format, and the library has not all of them.
    name = "text" if column.type in values.TEXTS else column.type
    return f"{name}[]" if column.is_array else name


def columns_of(cursor, to):
    return peer.columns(to, cursor.execute(peer.catalogue(to)).fetchall())


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
