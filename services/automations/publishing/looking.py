"""Has runs be looked at of which something was published, or whose automation was archived.

Of those that move to another version most wait on as they did: they are carried over by the hundred, and nobody has to
look at them. All others are due at once, and move as they take their next step. Safe to repeat, and to be killed.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from services.automations.flows import Flows
from services.automations.publishing.moving import Moves
from store.automations.publishing import looks
from store.pool import Connections, InTransaction, Pool, long_transaction

_AT_A_TIME = 500
"""Runs of one transaction: others wait so long for those that it has."""


async def look_at_published(pool: Pool) -> None:
    """Carry over all runs that are meant, or have them be due."""
    while (look := await looks.first(pool)) is not None:
        moving = await carry_over(pool, look.automation_id)
        async with long_transaction(pool) as conn:
            found = await looks.to_look_at(InTransaction(conn), look, moving)
        for some in _parts(found, _AT_A_TIME):
            await looks.look_soon(pool, some)
        await looks.done(pool, look)


async def carry_over(pool: Pool, automation_id: UUID) -> list[int]:
    """Move runs that wait on as they did. Returns the versions in which others are left that move."""
    moves = Moves(Flows())
    for version in await looks.below(pool, automation_id):
        await _carry_from(pool, moves, automation_id, version)
    left = await looks.below(pool, automation_id)
    return [version for version in left if await moves.next(pool, automation_id, version) is not None]


async def _carry_from(pool: Connections, moves: Moves, automation_id: UUID, version: int) -> None:
    """By all versions that follow."""
    while (move := await moves.next(pool, automation_id, version)) is not None:
        steps = move.undisturbed
        for some in _parts(await looks.waiting_at(pool, automation_id, version, steps), _AT_A_TIME):
            await looks.carry(pool, some, version, steps, move.version, move.vars)
        version = move.version


def _parts(found: Sequence[UUID], size: int) -> Iterator[Sequence[UUID]]:
    for begin in range(0, len(found), size):
        yield found[begin : begin + size]
