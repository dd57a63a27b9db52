"""What loads left in PostgreSQL."""

from collections.abc import Mapping
from dataclasses import dataclass

from store.pool import Pool


@dataclass(frozen=True)
class Sizes:
    """How large the database is."""

    tables: Mapping[str, tuple[int, int]]
    """Bytes of rows and of indexes, by table; partitions belong to their table."""
    log: int
    """Bytes of the write-ahead log since the server was made."""

    def grown_since(self, before: "Sizes") -> dict[str, tuple[int, int]]:
        """Bytes by which tables have grown, the largest first."""
        grown = {
            name: (rows - before.tables.get(name, (0, 0))[0], indexes - before.tables.get(name, (0, 0))[1])
            for name, (rows, indexes) in self.tables.items()
        }
        return dict(sorted(((name, by) for name, by in grown.items() if any(by)), key=lambda one: -sum(one[1])))


async def sizes(pool: Pool) -> Sizes:
    """The sizes now."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select coalesce(pg_partition_root(c.oid)::regclass::text, c.oid::regclass::text),
                      sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
               from pg_class c where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace group by 1"""
        )
        tables = {name: (rows, indexes) for name, rows, indexes in await cursor.fetchall()}
        cursor = await conn.execute("select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint")
        row = await cursor.fetchone()
    return Sizes(tables, row[0] if row else 0)
