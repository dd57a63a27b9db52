"""The guard: judges what new bad reports are about, warns, and pauses where the settings say so."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid5

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.access.actors import SYSTEM
from domain.batches.batch import BatchChange
from domain.ids import batch_range, batch_workflow_id
from domain.reputation.rules import LIMITS, OF_BATCHES, WARN_EVERY_DAYS, Level, Limit, Mode, limits_of, sentence
from services.settings.current import read_current
from store.access.audit import NewEvent, Target, append
from store.pool import Connections, InTransaction, Pool
from store.reputation import bad_reports, findings, pauses
from store.reputation.bad_reports import Subject
from store.reputation.modes import guard_of

_AT_A_TIME = 1000
"""Reports of one transaction."""
_BATCHES = 50
_OF_FINDINGS = UUID("0d8b7f0e-6f6e-5d3f-9f57-7a1a4b6c2e10")
"""Under which the pauses of batches have their ids: a repeat pauses once."""


async def judge_new(pool: Pool, environment: Mapping[str, Any]) -> None:
    """Judge accounts, gateways and batches with new bad reports. Of several processes one does it at a time.

    ``environment``: settings that the process was started with.
    """
    while await _judge_some(pool, environment):
        pass


async def _judge_some(pool: Pool, environment: Mapping[str, Any]) -> bool:
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        if not await bad_reports.take_turn(store):
            return False
        subjects = await bad_reports.claim(store, _AT_A_TIME)
        install = (await read_current(store, environment)).reputation_guard if subjects else "off"
        events = []
        for subject in subjects:
            mode: Mode = await guard_of(store, subject.account_id) or install
            if mode != "off" and (paused := await _judge(store, subject, mode)):
                about = Target("user" if subject.kind == "account" else subject.kind, subject.id)
                events.append(NewEvent("reputation.paused", SYSTEM, [about], reason=paused))
        for event in events:  # at the end, as other changes wait from then on until the transaction ends
            await append(conn, event)
        return bool(subjects)


async def _judge(store: Connections, subject: Subject, mode: Mode) -> str | None:
    """Warn or pause. Returns why it is paused; ``None``: it is not, or was before."""
    earlier = await findings.earlier(store, subject, WARN_EVERY_DAYS)
    if earlier.is_paused:
        return None
    warning: tuple[Limit, int, int] | None = None
    for limit in limits_of(subject.channel, OF_BATCHES if subject.kind == "batch" else LIMITS):
        bad = await bad_reports.count_bad(store, subject, limit.signal, limit.hours, earlier.resumed_at)
        if bad < limit.least_bad:
            continue
        last = batch_range(subject.batch_id)[1] if subject.batch_id else None
        most = limit.count_up_to(bad)
        sent = await bad_reports.count_sent(store, subject, limit.hours, earlier.resumed_at, most, last)
        level = limit.judge(bad, sent)
        if level == "pause" and mode == "pause":
            return await _pause(store, subject, limit, bad, sent)
        if level is not None and warning is None:
            warning = limit, bad, sent
    if warning is not None and not earlier.was_warned:
        await _note(store, subject, "warning", *warning)
    return None


async def _pause(store: Connections, subject: Subject, limit: Limit, bad: int, sent: int) -> str | None:
    why = sentence(limit, bad, sent)
    if subject.kind == "account":
        is_new = await pauses.pause_account(store, subject.account_id, subject.channel, why)
    elif subject.gateway_id is not None:
        is_new = await pauses.pause_gateway(store, subject.gateway_id, why)
    else:
        is_new = True
    if is_new:
        await _note(store, subject, "pause", limit, bad, sent)
    return why if is_new else None


async def _note(store: Connections, subject: Subject, level: Level, limit: Limit, bad: int, sent: int) -> None:
    await findings.add(store, subject, level, limit, bad, sent, sentence(limit, bad, sent))


async def pause_batches(pool: Pool, client: Client) -> None:
    """Tell the workflows of batches that the guard has paused them. It may be repeated: each applies it once."""
    for finding in await findings.paused_batches(pool, _BATCHES):
        assert finding.batch_id is not None
        change = BatchChange(str(uuid5(_OF_FINDINGS, str(finding.id))), "pause")
        try:
            await client.get_workflow_handle(batch_workflow_id(finding.batch_id)).signal("change", change)
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:  # it has ended meanwhile
                raise
        await findings.acted(pool, finding)
