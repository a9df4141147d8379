"""What the loaders in Python share: their arguments, and the rows they load."""

import argparse
import csv
import sys


def load(modes):
    """Runs the mode that the arguments name: its function in `modes`, with the arguments as where to."""
    parser = argparse.ArgumentParser(
        description="Loads a csv file without a header into a table of the server that PGHOST and so on name."
    )
    parser.add_argument("mode", choices=modes)
    parser.add_argument("file", help="the csv file, UTF-8")
    parser.add_argument("table", help="the table, with its schema or without, quoted as in SQL where needed")
    parser.add_argument("columns", help="the file's columns in their order, quoted and separated by commas")
    parser.add_argument("--page", type=int, help="rows in a statement, where the mode packs many into one")
    arguments = parser.parse_args()
    modes[arguments.mode](arguments)


def columns(to):
    """The columns' bare names, for libraries that quote by themselves."""
    return names(to.columns, ",")


def table(to):
    """The bare names of the schema, None where none is given, and of the table."""
    *schema, table = names(to.table, ".")
    return (schema[0] if schema else None), table


def names(identifiers, separator):
    # SQL quotes a name as csv quotes a field.
    return next(csv.reader([identifiers], delimiter=separator, skipinitialspace=True))


def insert(to):
    """INSERT INTO as far as the columns, for libraries whose placeholders begin with a percent sign."""
    # One in a name would be a placeholder.
    return f"INSERT INTO {to.table} ({to.columns})".replace("%", "%%")


def insert_a_row(to):
    """An INSERT of one row, likewise."""
    places = ", ".join(["%s"] * len(columns(to)))
    return f"{insert(to)} VALUES ({places})"


def rows(file, integers):
    """The rows of a csv file as lists, one after the other; the fields at the places `integers` as int."""
    # The module's own limit of 128 kB is far below that of a text in PostgreSQL.
    csv.field_size_limit(sys.maxsize)
    with open(file, newline="", encoding="utf-8") as opened:
        for row in csv.reader(opened):
            for place in integers:
                row[place] = int(row[place])
            yield row
