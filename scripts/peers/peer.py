"""What the loaders in Python share: their arguments, the table's columns, and the rows they load."""

import argparse
import csv
import re
import sys
import traceback
from typing import NamedTuple

import values

# EX_DATAERR of sysexits.h: no value could be made of a field here, so that no library had a say in it.
NOT_FED = 65


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
    parser.set_defaults(not_fed=None)
    arguments = parser.parse_args()
    try:
        modes[arguments.mode](arguments)
    except Exception as error:
        # Kept there, as a library that asks for the rows may end by an error of its own.
        if arguments.not_fed is None:
            fail(error)
        print(f"not fed: {arguments.not_fed}", file=sys.stderr)
        sys.exit(NOT_FED)


def fail(error):
    """Ends by the error being handled, telling also what a library keeps beside its text: SQLSTATE, and the place."""
    traceback.print_exc()
    state = getattr(error, "sqlstate", None) or getattr(error, "pgcode", None)
    if state:
        print(f"SQLSTATE: {state}", file=sys.stderr)
    # asyncpg has the context in an attribute; the others have it in their text.
    context = getattr(error, "context", None)
    if context:
        print(f"CONTEXT:  {context}", file=sys.stderr)
    sys.exit(1)


def not_fed(to, why):
    """The error to raise where what is in the file cannot be given to the library."""
    to.not_fed = why
    return ValueError(why)


class Column(NamedTuple):
    """A column of the table."""

    name: str
    # As pg_type names it: of a domain the type it is made of, of an array that of its elements; of an enum text,
    # as which all formats have its labels.
    type: str
    is_array: bool
    # The whole type as SQL has it.
    sql_type: str


def catalogue(to):
    """A query for the table's columns; `columns` takes its rows."""
    table = to.table.replace("'", "''")
    return f"""
        WITH RECURSIVE declared (name, type) AS (
            SELECT attname, atttypid FROM pg_catalog.pg_attribute
            WHERE attrelid = '{table}'::pg_catalog.regclass AND attnum > 0 AND NOT attisdropped
            UNION ALL
            SELECT name, typbasetype FROM declared JOIN pg_catalog.pg_type ON oid = type WHERE typtype = 'd'
        )
        SELECT name::text,
            CASE 'e' WHEN coalesce(element.typtype, whole.typtype) THEN 'text'
                ELSE coalesce(element.typname, whole.typname)::text END,
            element.oid IS NOT NULL,
            pg_catalog.format_type(whole.oid, NULL)
        FROM declared
        JOIN pg_catalog.pg_type whole ON whole.oid = type
        LEFT JOIN pg_catalog.pg_type element ON element.oid = whole.typelem AND whole.typcategory = 'A'
        WHERE whole.typtype <> 'd'
    """


def columns(to, found):
    """The file's columns in their order, from the rows that the catalogue has."""
    by_name = {row[0]: Column(*row) for row in found}
    return [by_name[name] for name in names(to.columns, ",")]


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


def places(columns):
    """The placeholders of a row, likewise."""

    def place(column):
        # What an array is of cannot always be told by its elements: JSON is a text here.
        return "%s::" + column.sql_type.replace("%", "%%") if column.is_array else "%s"

    return f"({', '.join(map(place, columns))})"


def insert_a_row(to, columns):
    """An INSERT of one row, likewise."""
    return f"{insert(to)} VALUES {places(columns)}"


def all_known(to, columns):
    """Passes where a value can be made for each column, for formats that take no text in its place."""
    for column in columns:
        if column.type not in values.ALL:
            raise not_fed(to, f"column {column.name}: nothing here makes values of the type {column.sql_type}")


def maker(column, known=values.ALL):
    """What makes a value of a field; of a type that is not `known` the field itself, for the server to read."""
    element = known.get(column.type)
    if column.is_array and element:
        return lambda field: values.array(field, element)
    return element or str


def unmade(to, place, column, field, error):
    """The error to raise where no value is made of a field."""
    return not_fed(to, f"{place}, column {column.name}: no {column.sql_type} is made of {field!r}: {error}")


def is_text(column):
    return column.type in values.TEXTS and not column.is_array


# A field of a row as it stands in the file: quotes are special to the module csv where a field begins with one.
FIELD = re.compile(r'(?:^|,)("(?:[^"]|"")*"[^,]*|[^,]*)', re.DOTALL)


def with_nulls(row, raw, null):
    """The row with `null` for its empty fields, but for those in quotes, which the module csv does not tell apart."""
    written = FIELD.findall(raw.rstrip("\r\n"))
    return [null if field == "" and stands == "" else field for field, stands in zip(row, written)]


def rows(to, columns, maker=maker, null=None):
    """The rows of the csv file as lists, one after the other, of the values that `maker` has for the columns.

    An empty field is `null`, and one in quotes an empty text, as COPY has it.
    """
    makers = [(place, maker(column)) for place, column in enumerate(columns) if not is_text(column)]
    # The module's own limit of 128 kB is far below that of a text in PostgreSQL.
    csv.field_size_limit(sys.maxsize)
    lines = []

    def kept(file):
        for line in file:
            lines.append(line)
            yield line

    with open(to.file, newline="", encoding="utf-8") as opened:
        reader = csv.reader(kept(opened))
        try:
            for row in reader:
                if "" in row:
                    row = with_nulls(row, "".join(lines), null)
                lines.clear()
                for place, make in makers:
                    try:
                        field = row[place]
                        row[place] = null if field is null else make(field)
                    except IndexError:
                        # A row that is too short is for the library to find out.
                        break
                    except ValueError as error:
                        raise unmade(to, f"line {reader.line_num}", columns[place], field, error) from None
                yield row
        except csv.Error as error:
            raise not_fed(to, f"line {reader.line_num}: {error}") from None
        except UnicodeDecodeError as error:
            # It is met as a block is read, whose lines are not known yet.
            raise not_fed(to, f"the file is not UTF-8: {error}") from None
