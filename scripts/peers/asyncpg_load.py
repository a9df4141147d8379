"""Loads by asyncpg, each way that its manual has."""

import asyncio
import os

import asyncpg

import peer


async def executemany(connection, to):
    """All rows by one call, in one transaction, many to a network write."""
    values, count = await rows(connection, to), len(peer.columns(to))
    places = ", ".join(f"${place}" for place in range(1, count + 1))
    await connection.executemany(f"INSERT INTO {to.table} ({to.columns}) VALUES ({places})", values)


async def copy(connection, to):
    """COPY of the file as it is."""
    schema, table = peer.table(to)
    await connection.copy_to_table(
        table, schema_name=schema, columns=peer.columns(to), source=to.file, format="csv"
    )


async def copy_records(connection, to):
    """COPY of values in the binary format."""
    schema, table = peer.table(to)
    await connection.copy_records_to_table(
        table, schema_name=schema, columns=peer.columns(to), records=await rows(connection, to)
    )


async def rows(connection, to):
    statement = await connection.prepare(f"SELECT {to.columns} FROM {to.table} LIMIT 0")
    types = [column.type.name for column in statement.get_attributes()]
    integers = [place for place, kind in enumerate(types) if kind in ("int2", "int4", "int8")]
    return peer.rows(to.file, integers)


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
