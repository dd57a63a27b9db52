"""Simulates what a definition does with a contact: exactly, in milliseconds, and without changing anything."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure

from domain.automations.definition.flow import Flow
from domain.automations.definition.steps import Call
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.audience.templates.named import NamedTemplates
from services.automations.naming import check_named
from services.automations.runs.round import Round
from services.automations.simulating.given import Case
from services.automations.simulating.messages import Messages
from services.automations.simulating.report import Report
from services.automations.simulating.setting_up import Begun, begin, find_or_add
from services.automations.simulating.simulation import Simulation, record
from services.automations.simulating.steps import ANSWERED, SimulatedSteps, answer_of
from services.automations.steps.turn import Turn
from services.contacts.read import Terms
from services.sending.terms import SendingTermsReader
from store.automations import simulating
from store.automations.runs import Run
from store.pool import Connections, Pool

_AT_ONCE = 2
_TRIES = 3
_BUSY = (LockNotAvailable, SerializationFailure, DeadlockDetected)


class Simulations:
    """One per process: so many go on at the same time that others get on."""

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._terms = SendingTermsReader(pool, environment)
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def simulate(self, account_id: int, flow: Flow, case: Case, until: datetime | None = None) -> Report:
        """What the contact of a case does in this automation, from its entry on. ``until``: no further.

        Raises:
            InvalidError: there is no such contact, an event cannot be, or it takes too long.
            ConflictError: others change the contact just now.
            NotFoundError: there is no such account.
        """
        found = await self._terms.of(account_id)
        if found is None:
            raise NotFoundError("account_not_found", f"There is no user {account_id}.")
        async with self._slots:
            for _ in range(_TRIES):
                try:
                    return await asyncio.to_thread(_run, self._pool, account_id, flow, case, found[1], until)
                except _BUSY:
                    continue
        raise ConflictError("contact_busy", "others change this contact at this moment: try again")


def _run(pool: Pool, account_id: int, flow: Flow, case: Case, terms: Terms, until: datetime | None) -> Report:
    """In a thread, with a loop and a connection of its own: texts that take long to fill in hold up nobody else."""

    async def work() -> Report:
        async with simulating.tried(pool) as store:
            return await _simulate(store, account_id, flow, case, terms, until)

    return asyncio.run(work())


async def _simulate(
    store: Connections, account_id: int, flow: Flow, case: Case, terms: Terms, until: datetime | None
) -> Report:
    at = case.at or datetime.now(UTC)
    _check(flow, case)
    answers = {event.of: answer_of(event.data) for event in case.events if event.event == ANSWERED and event.of}
    contact_id, warnings = await find_or_add(store, account_id, case, at)
    early = [event for event in case.events if event.moment(at) < at]
    for event in early:
        await record(store, account_id, contact_id, event, event.moment(at))
    begun = await begin(store, account_id, flow, case, contact_id, at)
    zone = await _zone(store, account_id, begun, at)
    warnings += await _faults(store, account_id, flow)
    report = Report(begun.entered.outcome, zone, at, at, warnings=warnings)
    if begun.entered.run_id is None:
        return report
    simulation = Simulation(
        store,
        begun,
        SimulatedSteps(begun.chance, answers).take,
        Messages(store, account_id, contact_id, begun.entered.run_id, terms),
        account_id,
        begun.entered.run_id,
        at,
        until,
        [event for event in case.events if event not in early and event.event != ANSWERED],
        at,
    )
    run = await simulation.go()
    report.ended_at, report.moments, report.messages = simulation.now, simulation.moments, simulation.messages.all
    report.state, report.reason, report.step, report.error = run.state, run.reason, run.step, run.error
    report.converted_at, report.vars = run.converted_at, run.vars
    for event in simulation.pending:
        if event.of is not None and simulation.messages.of(event.of) is None:
            message = f"{event.event} of {event.of} did not happen: the step had sent nothing when the run ended"
            report.warnings.append({"code": "event_unused", "message": message})
    return report


def _check(flow: Flow, case: Case) -> None:
    """Refuse what names steps that there are not: else an expectation would be met for ever."""
    ids = {step.id for step in flow.walk()}
    calls = {step.id for step in flow.walk() if isinstance(step, Call)}
    for number, event in enumerate(case.events):
        if event.of is not None and event.of not in ids:
            raise InvalidError("step_unknown", f"there is no step {event.of!r}", f"/events/{number}/of")
        if event.event == ANSWERED and event.of not in calls:
            raise InvalidError("call_answer", f"{ANSWERED} is of a step that calls: name it", f"/events/{number}/of")
    expect = case.expect
    for name in ("path", "sends", "not_sends"):
        for step in (getattr(expect, name) if expect else None) or ():
            if step not in ids:
                raise InvalidError("step_unknown", f"there is no step {step!r}", f"/expect/{name}")


async def _zone(store: Connections, account_id: int, begun: Begun, at: datetime) -> str:
    of = begun.of
    run = Run(begun.contact_id, begun.contact_id, account_id, begun.contact_id, 0, "", "", {}, {}, at)
    round_ = Round(store, at, [(run, of)])
    known = await round_.know(run)
    assert known is not None, "it was found"
    return Turn(round_, run, of.flow, of.tree, known).zone("contact")


async def _faults(store: Connections, account_id: int, flow: Flow) -> list[dict[str, str]]:
    """What the steps name and this account has not. What begins runs is not asked."""
    try:
        await check_named(store, NamedTemplates(store), account_id, flow)
    except InvalidError as error:
        faults = [one for one in error.fields if one.code != "not_available" and not one.pointer.startswith("/trigger")]
        return [{"code": one.code, "message": f"{one.pointer}: {one.message}"} for one in faults]
    return []
