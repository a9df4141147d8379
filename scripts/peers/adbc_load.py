"""Loads by ADBC's driver for PostgreSQL: Arrow's batches of columns, by COPY in the binary format."""

from adbc_driver_postgresql import dbapi
from pyarrow import csv

import peer


def ingest(to):
    """The file, read in batches by Arrow, appended to the table."""
    names = peer.columns(to)
    schema, table = peer.table(to)
    # Without parameters libpq connects by its environment.
    with dbapi.connect("postgresql://") as connection, connection.cursor() as cursor:
        # The driver converts no integer to the width of its column: Arrow has to read it so.
        types = connection.adbc_get_table_schema(table, db_schema_filter=schema)
        batches = csv.open_csv(
            to.file,
            read_options=csv.ReadOptions(column_names=names),
            parse_options=csv.ParseOptions(newlines_in_values=True),
            convert_options=csv.ConvertOptions(column_types={name: types.field(name).type for name in names}),
        )
        cursor.adbc_ingest(table, batches, mode="append", db_schema_name=schema)
        connection.commit()


if __name__ == "__main__":
    peer.load({"ingest": ingest})
