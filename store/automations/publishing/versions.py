"""What versions do with contacts inside older ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Onward:
    """A version that says something about contacts inside older ones."""

    version: int
    people: str
    """``migrate``, ``drain``."""
    moves: Mapping[str, str]
    """By step that was removed: where those at it go."""


async def onward(store: Connections, automation_id: UUID, after: int) -> Sequence[Onward]:
    """The versions later than one that do not leave contacts where they are, the oldest first."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select version, people, map from automation_versions
               where automation_id = %s and version > %s and people <> 'pin' and revision = 1 order by version""",
            (automation_id, after),
        )
        return [Onward(*row) for row in await cursor.fetchall()]


async def newest_revision(store: Connections, automation_id: UUID, version: int, but: int = 0) -> int:
    """Of a version; 0: there is none. ``but``: not this one."""
    async with store.connection() as conn:
        row = await (
            await conn.execute(
                """select coalesce(max(revision), 0) from automation_versions
                   where automation_id = %s and version = %s and revision <> %s""",
                (automation_id, version, but),
            )
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found
