"""Counts what came of automations, tells their owners of failures, and pauses those whose runs fail in masses."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import structlog

from domain.access.actors import Actor
from domain.automations.failures import WITHIN, is_mass_failure, to_tell
from domain.callbacks import EventType
from services.automations.flows import Flows
from services.automations.results import notices
from services.automations.results.notices import Told
from store.access.audit import FieldChange, NewEvent, Target, append
from store.automations import automations
from store.automations.automations import Automation
from store.automations.results import counting, failed_runs, watching
from store.automations.results.failed_runs import Sample
from store.automations.results.watching import Failing
from store.pool import Connections, InTransaction, Pool, long_transaction

log = structlog.get_logger()

_AT_A_TIME = 50
_ACTOR = Actor("system", "automations")
_MINUTES = int(WITHIN.total_seconds() // 60)


class Watch:
    """One per process. What it does is done once, however many processes do it."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._flows = Flows()

    async def run(self) -> None:
        """Count what happened since the last time, and look where runs failed."""
        folded = counting.AT_A_TIME
        while folded == counting.AT_A_TIME:
            async with long_transaction(self._pool) as conn:
                folded = await counting.fold(InTransaction(conn))
        await counting.delete_minutes(self._pool)
        while found := await watching.new(self._pool, _AT_A_TIME):
            for automation_id in found:
                async with self._pool.connection() as conn, conn.transaction():
                    if (event := await self._look(InTransaction(conn), automation_id)) is not None:
                        await append(conn, event)  # at the end, as other changes wait from then on

    async def _look(self, store: Connections, automation_id: UUID) -> NewEvent | None:
        """Returns what the audit log is to say, if it is paused."""
        automation = await automations.of_id(store, automation_id, lock=True)
        failing = await watching.look(store, automation_id)
        if automation is None or automation.state != "active":
            return None
        for one in failing:
            if is_mass_failure(one.lately_failed, one.lately_passed):
                return await self._pause(store, automation, one)
        for one in failing:
            if to_tell(one.failed, one.told):
                await watching.told(store, automation_id, one.step, one.failed)
                await self._tell_failures(store, automation, one)
        return None

    async def _pause(self, store: Connections, automation: Automation, failing: Failing) -> NewEvent | None:
        total = failing.lately_failed + failing.lately_passed
        message = (
            f"{failing.lately_failed} of {total} runs failed at the step {failing.step!r} within {_MINUTES} minutes"
        )
        sample = await failed_runs.newest(store, automation.id, failing.step)
        reason = {
            "reason": "mass_failure",
            "message": message,
            "step": failing.step,
            "failed": failing.lately_failed,
            "of": total,
            "at": failing.now.isoformat(),
        }
        if not await watching.pause(store, automation.id, reason):
            return None
        log.warning("an automation was paused", automation=automation.key, account_id=automation.account_id)
        about = (
            f"The automation {automation.key!r} is paused: {message}. Nobody enters, and nobody inside takes a step.",
            _sampled(sample),
            "Mend what fails, then resume the automation. Failed runs can be tried again from their step, all at once.",
        )
        subject = f"Paused: automation {automation.name}"
        await self._tell(store, automation, EventType.AUTOMATION_PAUSED, subject, about, failing, sample)
        return NewEvent(
            "automation.paused",
            _ACTOR,
            [Target("automation", automation.key, automation.name), Target("user", str(automation.account_id))],
            [FieldChange("state", "active", "paused")],
            message,
        )

    async def _tell_failures(self, store: Connections, automation: Automation, failing: Failing) -> None:
        sample = await failed_runs.newest(store, automation.id, failing.step)
        runs = "A run" if failing.failed == 1 else f"{failing.failed} runs"
        about = (
            f"{runs} of the automation {automation.key!r} failed at the step {failing.step!r}.",
            _sampled(sample),
            "You are told of the first failure of a step, and when there are 10, 100 and 1,000.",
        )
        subject = f"{runs} failed: automation {automation.name}"
        await self._tell(store, automation, EventType.AUTOMATION_FAILING, subject, about, failing, sample)

    async def _tell(
        self,
        store: Connections,
        automation: Automation,
        kind: EventType,
        subject: str,
        about: tuple[str, ...],
        failing: Failing,
        sample: Sample | None,
    ) -> None:
        data: dict[str, Any] = {"step": failing.step, "failed": failing.failed}
        if sample is not None:
            data |= {"run": sample.run, "code": sample.code}
        told = Told(
            _id(automation, kind, failing.step, failing.now),
            automation.account_id,
            automation.key,
            kind,
            subject,
            "\n\n".join(part for part in about if part),
            failing.now,
            data,
            [*await notices.owner_email(store, automation.account_id), *await self._also(store, automation)],
        )
        await notices.tell(store, told)

    async def _also(self, store: Connections, automation: Automation) -> tuple[str, ...]:
        """Addresses that the definition's ``settings.alert`` names."""
        assert automation.version is not None, "only what was published has runs"
        of = await self._flows.of(store, automation.id, automation.version, automation.revision)
        return of.flow.settings.alert


def _sampled(sample: Sample | None) -> str:
    return "" if sample is None else f"The last one is the run {sample.run}: {sample.message} ({sample.code})."


def _id(automation: Automation, kind: str, step: str, at: datetime) -> UUID:
    return uuid5(automation.id, f"{kind} {step} {at.isoformat()}")
