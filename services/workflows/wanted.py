"""Which workflows are meant, as a query of Temporal's index. Only what is checked here gets into the query."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.channels import Channel
from domain.errors import ConflictError, InvalidError
from domain.workflows.search_attributes import ACCOUNT, CHANNEL, LANE, LANES, OUTCOME, OUTCOMES, SHARED
from runtime.search_attributes import missing

_STUCK = "ExecutionStatus = 'Running' and TemporalReportedProblems is not null"
STATUSES = {
    "running": "ExecutionStatus = 'Running'",
    "stuck": _STUCK,
    "failed": "ExecutionStatus = 'Failed'",
    "timed_out": "ExecutionStatus = 'TimedOut'",
    "terminated": "ExecutionStatus = 'Terminated'",
    "cancelled": "ExecutionStatus = 'Canceled'",
    "completed": "ExecutionStatus = 'Completed'",
}
"""By name. ``stuck`` are those that run and whose workflow tasks fail, again and again until the code is mended."""

_TOLD = ("id", "type", "channel", "lane", "account", "outcome", "statuses")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@/-]{0,199}")
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_ACCOUNT = re.compile(rf"[0-9]{{1,18}}|{SHARED}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which workflows: all that is given applies. Without a status those that run, failed or timed out; listed
    by an outcome also those that completed."""

    type: str | None = None
    channel: str | None = None
    lane: str | None = None
    account: str | None = None
    """An id of an account, 0 for the admin; or ``shared``: pages with messages of several."""
    outcome: str | None = None
    statuses: Sequence[str] = ()
    started_before: datetime | None = None
    id: str | None = None
    """Of a workflow: only this one."""

    @property
    def is_of_all(self) -> bool:
        """Whether nothing but the status narrows it."""
        return not (self.id or self.type or self._searched or self.started_before)

    @property
    def as_told(self) -> dict[str, object]:
        """For the audit log."""
        given = {name: getattr(self, name) for name in _TOLD}
        given["started_before"] = self.started_before and self.started_before.isoformat()
        return {name: list(value) if isinstance(value, tuple) else value for name, value in given.items() if value}

    @property
    def _searched(self) -> dict[str, str]:
        named = {CHANNEL: self.channel, LANE: self.lane, ACCOUNT: self.account, OUTCOME: self.outcome}
        return {name: value for name, value in named.items() if value is not None}

    def query(self, statuses: Sequence[str], types: Sequence[str]) -> str:
        """Temporal's query for those of these statuses; of these types, unless one is named."""
        named = [self.type] if self.type else types
        either = " or ".join(f"({STATUSES[status]})" for status in statuses)
        clauses = [
            "WorkflowType in ({})".format(", ".join(f"'{name}'" for name in named)),
            f"({either})",
            *(f"{name} = '{value}'" for name, value in self._searched.items()),
            f"WorkflowId = '{self.id}'" if self.id else "",
            f"StartTime < '{self.started_before.isoformat()}'" if self.started_before else "",
        ]
        return " and ".join(filter(None, clauses))

    async def check(self, client: Client) -> None:
        """Refuse what nothing can match.

        Raises:
            InvalidError: a value is none of those that there are.
            ConflictError: the namespace does not have the search attributes.
            RPCError: Temporal does not answer.
        """
        if self.type is not None and not _TYPE.fullmatch(self.type):
            raise InvalidError(
                "workflow_filter", f"'{self.type}' is not a type of workflows: write it as in SendWorkflow."
            )
        if self.id is not None and not _ID.fullmatch(self.id):
            raise InvalidError("workflow_filter", f"'{self.id}' is not an id of a workflow.")
        if self.account is not None and not _ACCOUNT.fullmatch(self.account):
            text = f"'{self.account}' is not an account: give its id, 0 for the admin, or {SHARED}."
            raise InvalidError("workflow_filter", text)
        _check("channel", self.channel, [channel.value for channel in Channel])
        _check("lane", self.lane, LANES)
        _check("outcome", self.outcome, OUTCOMES)
        for status in self.statuses:
            _check("status", status, list(STATUSES))
        if self._searched:
            await _check_registered(client)


def _check(name: str, value: str | None, known: Sequence[str]) -> None:
    if value is not None and value not in known:
        raise InvalidError("workflow_filter", f"There is no {name} '{value}': use one of {', '.join(known)}.")


async def _check_registered(client: Client) -> None:
    try:
        left = await missing(client)
    except RPCError as error:
        if error.status not in (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED):
            raise
        return  # the query itself tells
    if left:
        raise ConflictError(
            "search_attributes_missing",
            f"The namespace {client.namespace} does not have the search attributes {', '.join(left)}: workflows cannot "
            "be found by channel, lane, account or outcome. 'xsender doctor' tells how to add them.",
        )
