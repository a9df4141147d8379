"""Loads by ADBC's driver for PostgreSQL: Arrow's batches of columns, by COPY in the binary format."""

import uuid

import pyarrow
from adbc_driver_postgresql import dbapi
from pyarrow import csv

import peer
import values

# The types that Arrow's own reader makes, of the width that the table's column has: the driver converts none.
READ = {
    "int2": pyarrow.int16(),
    "int4": pyarrow.int32(),
    "int8": pyarrow.int64(),
    "float4": pyarrow.float32(),
    "float8": pyarrow.float64(),
    **dict.fromkeys(values.TEXTS, pyarrow.string()),
}
# The types that are made from Python's values.
MADE = {
    # Digits enough before and behind the point: the driver leaves zeros at the end out.
    "numeric": pyarrow.decimal256(76, 38),
    "bool": pyarrow.bool_(),
    "bytea": pyarrow.binary(),
    "uuid": pyarrow.binary(16),
    "json": pyarrow.string(),
    # What tells the driver to put the version of the binary format in front.
    "jsonb": pyarrow.json_(),
    "date": pyarrow.date32(),
    "time": pyarrow.time64("us"),
    "timestamp": pyarrow.timestamp("us"),
    "timestamptz": pyarrow.timestamp("us", "UTC"),
}
MAKERS = {**values.ALL, "uuid": lambda field: uuid.UUID(field).bytes}


def ingest(to):
    """The file, read in batches by Arrow, appended to the table."""
    schema, table = peer.table(to)
    # Without parameters libpq connects by its environment.
    with dbapi.connect("postgresql://") as connection, connection.cursor() as cursor:
        cursor.execute(peer.catalogue(to))
        columns = peer.columns(to, cursor.fetchall())
        peer.all_known(to, columns)
        types = [arrow_type(column) for column in columns]
        arrow = pyarrow.schema(zip([column.name for column in columns], types))
        read = pyarrow.RecordBatchReader.from_batches(arrow, batches(to, columns, arrow))
        cursor.adbc_ingest(table, read, mode="append", db_schema_name=schema)
        connection.commit()


def arrow_type(column):
    element = READ.get(column.type) or MADE[column.type]
    return pyarrow.list_(element) if column.is_array else element


def is_read(column):
    return column.type in READ and not column.is_array


def batches(to, columns, arrow):
    """The file in batches of this schema."""
    read = {c.name: READ[c.type] if is_read(c) else pyarrow.string() for c in columns}
    row = 1
    try:
        reader = csv.open_csv(
            to.file,
            read_options=csv.ReadOptions(column_names=arrow.names),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            # As COPY has it: an empty field is NULL, one in quotes is not, and no word is.
            convert_options=csv.ConvertOptions(
                column_types=read,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
        for batch in reader:
            arrays = [
                array if is_read(column) else made(to, row, column, kind, array)
                for column, kind, array in zip(columns, arrow.types, batch.columns)
            ]
            yield pyarrow.record_batch(arrays, schema=arrow)
            row += batch.num_rows
    except pyarrow.ArrowException as error:
        raise peer.not_fed(to, f"Arrow's reader of csv: {error}") from None


def made(to, row, column, kind, fields):
    """An array of this type from one of texts."""
    make = peer.maker(column, MAKERS)

    def value(at, field):
        try:
            made = None if field is None else make(field)
            # The type may hold less than Python's, as digits of a number.
            pyarrow.array([made], kind)
            return made
        except (ValueError, pyarrow.ArrowException) as error:
            raise peer.unmade(to, f"row {row + at}", column, field, error) from None

    return pyarrow.array([value(at, field) for at, field in enumerate(fields.to_pylist())], kind)


if __name__ == "__main__":
    peer.load({"ingest": ingest})
