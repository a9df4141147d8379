"""Loads by asyncpg, each way that its manual has."""

import asyncio
import os

import asyncpg

import peer


async def executemany(connection, to):
    """All rows by one call, in one transaction, many to a network write."""
    columns = await columns_of(connection, to)
    places = ", ".join(f"${place}" for place in range(1, len(columns) + 1))
    statement = f"INSERT INTO {to.table} ({to.columns}) VALUES ({places})"
    await connection.executemany(statement, peer.rows(to, columns))


async def copy(connection, to):
    """COPY of the file as it is."""
    schema, table = peer.table(to)
    await connection.copy_to_table(
        table, schema_name=schema, columns=peer.names(to.columns, ","), source=to.file, format="csv"
    )


async def copy_records(connection, to):
    """COPY of values in the binary format."""
    schema, table = peer.table(to)
    columns = await columns_of(connection, to)
    names = [column.name for column in columns]
    await connection.copy_records_to_table(
        table, schema_name=schema, columns=names, records=peer.rows(to, columns)
    )


async def columns_of(connection, to):
    columns = peer.columns(to, await connection.fetch(peer.catalogue(to)))
    # It encodes every value by itself, to the binary format.
    peer.all_known(to, columns)
    return columns


async def connect():
    """Connects as libpq would: asyncpg reads most of its variables, but neither of these two."""
    settings = {"options": os.environ["PGOPTIONS"]} if os.environ.get("PGOPTIONS") else None
    return await asyncpg.connect(host=os.environ.get("PGHOSTADDR") or None, server_settings=settings)


def connected(mode):
    """`mode` as a function of the arguments alone."""

    async def run(to):
        connection = await connect()
        try:
            await mode(connection, to)
        finally:
            await connection.close()

    return lambda to: asyncio.run(run(to))


if __name__ == "__main__":
    peer.load(
        {
            "executemany": connected(executemany),
            "copy": connected(copy),
            "copy-records": connected(copy_records),
        }
    )
