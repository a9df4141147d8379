"""Loads by psycopg2, each way that its manual and Haki Benita's benchmark of bulk loads have."""

import csv
import io

import psycopg2
from psycopg2.extras import execute_values, register_uuid

import peer
import values

register_uuid()


def row(to):
    """An INSERT and a commit a row."""
    # Not in a with statement, which would make all of it one transaction in spite of autocommit.
    connection = psycopg2.connect("")
    connection.autocommit = True
    insert_each(connection.cursor(), to)
    connection.close()


def row_transaction(to):
    """An INSERT a row, and one commit."""
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        insert_each(cursor, to)


def insert_each(cursor, to):
    columns = columns_of(cursor, to)
    statement = peer.insert_a_row(to, columns)
    for row in peer.rows(to, columns):
        cursor.execute(statement, row)


def executemany(to):
    """All rows by one call, which still sends an INSERT a row and waits for each."""
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        cursor.executemany(peer.insert_a_row(to, columns), peer.rows(to, columns))


def execute_values_pages(to):
    """A page of rows an INSERT."""
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        statement, template = f"{peer.insert(to)} VALUES %s", peer.places(columns)
        execute_values(cursor, statement, peer.rows(to, columns), template, page_size=to.page)


def copy(to):
    """COPY of the file as it is."""
    with psycopg2.connect("") as connection, connection.cursor() as cursor, open(to.file, "rb") as file:
        cursor.copy_expert(copy_from_stdin(to), file)


def copy_buffer(to):
    """COPY of rows that are first written, all of them, into a file in memory."""
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        buffer = io.StringIO()
        csv_writer(buffer).writerows(peer.rows(to, columns, of_a_line, NULL))
        buffer.seek(0)
        cursor.copy_expert(copy_from_stdin(to), buffer)


def copy_iterator(to):
    """COPY of rows that become lines as the driver asks for them."""
    with psycopg2.connect("") as connection, connection.cursor() as cursor:
        columns = columns_of(cursor, to)
        lines = map(csv_writer(Echo()).writerow, peer.rows(to, columns, of_a_line, NULL))
        cursor.copy_expert(copy_from_stdin(to), LinesAsFile(lines))


class Echo:
    """A file that hands back what is written to it, so that a csv writer's calls return their lines."""

    def write(self, line):
        return line


class LinesAsFile(io.TextIOBase):
    """A file whose content is an iterator's lines."""

    def __init__(self, lines):
        self.lines = lines
        self.rest = ""

    def readable(self):
        return True

    def read(self, size=-1):
        parts, length = [self.rest], len(self.rest)
        while size < 0 or length < size:
            line = next(self.lines, None)
            if line is None:
                break
            parts.append(line)
            length += len(line)
        text = "".join(parts)
        end = length if size < 0 else size
        self.rest = text[end:]
        return text[:end]


def of_a_line(column):
    """What makes a value for a csv writer: all but an integer is written as it was read."""
    return int if column.type in values.INTEGERS and not column.is_array else str


class Null:
    """NULL for a csv writer that puts all but numbers in quotes: it passes for a number and is written as nothing."""

    def __float__(self):
        return 0.0

    def __str__(self):
        return ""


NULL = Null()


def csv_writer(file):
    # With every text in quotes an empty one stays empty: without them COPY takes it for NULL.
    return csv.writer(file, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")


def columns_of(cursor, to):
    cursor.execute(peer.catalogue(to))
    return peer.columns(to, cursor.fetchall())


def copy_from_stdin(to):
    return f"COPY {to.table} ({to.columns}) FROM STDIN WITH (FORMAT csv)"


if __name__ == "__main__":
    peer.load(
        {
            "row": row,
            "row-transaction": row_transaction,
            "executemany": executemany,
            "execute-values": execute_values_pages,
            "copy": copy,
            "copy-buffer": copy_buffer,
            "copy-iterator": copy_iterator,
        }
    )
