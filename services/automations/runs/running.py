"""Has runs go on: many in one transaction, each until it has to wait, or has ended."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from uuid import UUID

import structlog

from domain.automations.rest import Rest
from services.automations.flows import Flows, Published
from services.automations.publishing.moving import Landed, Moves
from services.automations.runs.round import Round
from services.automations.runs.stepping import take_one
from store.automations import runs, waking
from store.automations.runs import Looked, Run
from store.pool import LOCKED, Connections, InTransaction, Pool, is_unavailable

log = structlog.get_logger()

AT_A_TIME = 200
"""Runs of a round."""
_MOST_STEPS = 50
"""That a run takes in a round: then others have their turn."""
_LONGEST = 1.0
"""Seconds of a round: what is left, as texts are heavy, has its turn in the next one."""
_ROUNDS = 3
"""At a time, for runs that are asked for."""
_TRIES = 5
"""Of a run that fails by a fault of ours: some seconds, each time longer."""
_LOCKED_SECONDS = 1.0
"""For which a run waits when others have locked what it needs, such as its contact."""
_STARTED_AT_ONCE = frozenset(("webhook", "manual"))
"""Triggers whose runs have a workflow, though nobody may have noted it yet."""


@dataclass(frozen=True, slots=True)
class WentOn:
    """What became of runs that were due."""

    number: int
    ended: list[UUID]
    """Those whose workflows do not know it."""


class Running:
    """One per process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()
        self._moves = Moves(self._flows)
        self._faults: dict[UUID, int] = {}
        self._asked: dict[UUID, asyncio.Future[Rest]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def go_on(self, run_id: UUID) -> Rest:
        """Take the steps of a run that can be taken now. Safe to repeat, also at the same time.

        What is asked for at about the same time shares a round.
        """
        asked = self._asked.get(run_id)
        if asked is None:
            asked = self._asked[run_id] = asyncio.get_running_loop().create_future()
        if len(self._tasks) < _ROUNDS:
            task = asyncio.create_task(self._work())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(asked)

    async def go_on_due(self) -> WentOn:
        """Have some runs go on whose time has come."""
        if not await waking.is_due(self._pool):
            return WentOn(0, [])
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            await runs.wait_briefly(store)
            looked = await runs.look_at_due(store, AT_A_TIME)
            try:
                async with conn.transaction():
                    rests = await take_steps(store, self._flows, self._moves, looked)
            except Exception as error:  # by a fault of ours: others must not wait for it
                if is_unavailable(error):
                    raise
                log.exception("runs of automations go on one by one")
                rests = None
        if rests is None:
            for one in looked:
                await self._go_on_alone(one.run.id)
            return WentOn(len(looked), [])
        return WentOn(
            len(looked), [one.run.id for one in looked if rests[one.run.id].is_over and _has_workflow(one.run)]
        )

    async def give_up(self, run_id: UUID, error: Exception) -> Rest:
        """End a run whose step fails by a fault of ours, however often it is tried. It stays listed."""
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            for looked in await _inside(store, [run_id]):
                told = {"code": "internal_error", "message": f"{type(error).__name__}: see the log"}
                ended = replace(
                    looked.run,
                    state="failed",
                    reason="internal_error",
                    error={"step": looked.run.step} | told,
                    ended_at=looked.now,
                    until=None,
                )
                await runs.write(store, [(ended, ())])
        return Rest(is_over=True, outcome="failed")

    async def _work(self) -> None:
        """Take rounds until none is asked for."""
        while self._asked:
            asked = {run_id: self._asked.pop(run_id) for run_id in list(self._asked)[:AT_A_TIME]}
            try:
                rests = await self._round(list(asked))
            except Exception as error:
                if len(asked) > 1 and not is_unavailable(error):
                    await self._each_alone(asked)
                    continue
                for future in asked.values():
                    future.set_exception(error)
            else:
                for run_id, future in asked.items():
                    future.set_result(rests.get(run_id, Rest(is_over=True)))

    async def _each_alone(self, asked: dict[UUID, asyncio.Future[Rest]]) -> None:
        for run_id, future in asked.items():
            try:
                future.set_result((await self._round([run_id])).get(run_id, Rest(is_over=True)))
            except Exception as error:
                future.set_exception(error)

    async def _go_on_alone(self, run_id: UUID) -> None:
        try:
            await self._round([run_id], is_timed=False)
        except LOCKED:
            await waking.put_off(self._pool, run_id, _LOCKED_SECONDS)
        except Exception as error:
            if is_unavailable(error):
                raise
            log.exception("a run of an automation could not go on", run=str(run_id))
            faults = self._faults.pop(run_id, 0) + 1
            if faults == _TRIES:
                await self.give_up(run_id, error)
                return
            self._faults[run_id] = faults
            await waking.put_off(self._pool, run_id, 2.0 ** (faults - 1))
        else:
            self._faults.pop(run_id, None)

    async def _round(self, run_ids: Sequence[UUID], *, is_timed: bool = True) -> dict[UUID, Rest]:
        async with self._pool.connection() as conn, conn.transaction():
            store = InTransaction(conn)
            await runs.wait_briefly(store)
            return await take_steps(store, self._flows, self._moves, await _inside(store, run_ids), is_timed=is_timed)


async def _inside(store: Connections, run_ids: Sequence[UUID]) -> list[Looked]:
    return [looked for looked in await runs.look(store, run_ids) if looked.run.ended_at is None]


def _has_workflow(run: Run) -> bool:
    return run.timer_at is not None or run.trigger in _STARTED_AT_ONCE


async def take_steps(
    store: Connections, flows: Flows, moves: Moves, looked: Sequence[Looked], *, is_timed: bool = False
) -> dict[UUID, Rest]:
    """Have runs take the steps that they can take now, in one transaction. Returns when each goes on.

    ``is_timed``: their workflows ask, and wait for what they are told.
    """
    if not looked:
        return {}
    landed = [await moves.landed(store, one) for one in looked]
    inside = [(one.looked.run, await _published(store, flows, one.looked)) for one in landed]
    round_ = Round(store, looked[0].now, inside, is_timed=is_timed)
    rests: dict[UUID, Rest] = {}
    ends = monotonic() + _LONGEST
    for one, (run, of) in sorted(zip(landed, inside, strict=True), key=lambda pair: pair[1][0].contact_id):
        if rests and monotonic() > ends:
            rests[run.id] = Rest(until=0.0, step=run.step or "")
            continue
        for step in one.noted:
            round_.note(run, step)
        rests[run.id] = await _take_steps(round_, one, run, of, ends)
        await asyncio.sleep(0)  # others of the process have their turn
    await round_.write()
    return rests


async def _published(store: Connections, flows: Flows, looked: Looked) -> Published:
    return await flows.of(store, looked.run.automation_id, looked.run.version, looked.revision)


async def _take_steps(round_: Round, landed: Landed, run: Run, of: Published, ends: float) -> Rest:
    for _ in range(_MOST_STEPS):
        went = await take_one(round_, landed, run, of)
        if isinstance(went, Rest):
            return went
        run = went
        if monotonic() > ends:
            break
    round_.leave(replace(run, until=round_.now))
    return Rest(until=0.0, step=run.step or "")
