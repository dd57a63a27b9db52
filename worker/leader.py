"""One process of all does what is to be done once for the install; when it dies, another one takes over."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import structlog

from store.leader_lock import LEADER, leader_lock
from store.pool import DB_UNAVAILABLE, Pool

log = structlog.get_logger()

TAKE_OVER_EVERY = 2.0
"""Seconds between two tries to become the leader."""
_PROVE_EVERY = 1.0
"""Seconds between two proofs that the leader's connection, and with it the role, is still there."""

_RETRY = 30.0
"""Seconds after which a chore that failed is tried again, where it is not done more often anyway."""


@dataclass(frozen=True, slots=True)
class Chore:
    """Something that is done again and again. Doing it twice, or side by side, must be harmless."""

    name: str
    every: float
    """Seconds from its end to its next beginning."""
    work: Callable[[], Awaitable[object]]


async def repeat(chore: Chore) -> None:
    """Do a chore until cancelled, whatever goes wrong. An error is logged once, until there is another one or none."""
    failing = ""
    while True:
        pause = chore.every
        try:
            await chore.work()
        except Exception as error:
            kind = type(error).__name__
            if kind != failing:
                unexpected = None if isinstance(error, DB_UNAVAILABLE) else error
                log.warning("upkeep fails", chore=chore.name, error=f"{kind}: {error}", exc_info=unexpected)
            failing, pause = kind, min(chore.every, _RETRY)
        else:
            if failing:
                log.info("upkeep works again", chore=chore.name)
            failing = ""
        await asyncio.sleep(pause)


async def lead(pool: Pool, chores: Sequence[Chore], role: int = LEADER) -> None:
    """Do the chores of a role while no other process does; until cancelled."""

    async def work() -> None:
        async with leader_lock(pool, role) as ours:
            if ours is not None:
                log.info("this worker has a role", chores=[chore.name for chore in chores])
                await _while_ours(ours, chores)

    await repeat(Chore("take the role", TAKE_OVER_EVERY, work))


async def _while_ours(ours: Callable[[], Awaitable[bool]], chores: Sequence[Chore]) -> None:
    running = [asyncio.create_task(repeat(chore), name=chore.name) for chore in chores]
    try:
        while True:
            await ours()
            await asyncio.sleep(_PROVE_EVERY)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
