"""Which messages are listed, and the uids between which they can be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.ids import batch_range, first_id
from domain.messages.statuses import NEGATIVES, State

FAILURES = frozenset(NEGATIVES | {State.UNKNOWN})
"""States of the messages in the table ``failures``."""
LIVE = frozenset({State.SCHEDULED, State.QUEUED, State.PROCESSING})
"""States of messages without an outcome."""

_FIRST = UUID(int=0)
_LAST = UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Filter:
    """What messages have in common; ``None``, and no state: all."""

    account_id: int | None = None
    uid: UUID | None = None
    recipient: str | None = None
    """As it is stored: E.164, or one mailbox."""
    states: Sequence[State] = ()
    gateways: Sequence[UUID] | None = None
    """Any of these was the last that a message was given to."""
    code: str | None = None
    channels: Sequence[str] | None = None
    """On any of these."""
    batch: UUID | None = None
    after: datetime | None = None
    """Accepted then or later, by their uids."""
    before: datetime | None = None
    """Accepted earlier."""
    tests: bool = False
    """Only those of test keys, of one account."""
    automation: str | None = None
    """Key of the automation that sent them."""
    step: str | None = None
    """The step of it."""
    lead_source: str | None = None
    """Key of the source of the leads that they answer."""

    def between(self, below: UUID | None) -> tuple[UUID, UUID]:
        """The first and the last uid that such messages can have which come after ``below`` in a list."""
        first, last = batch_range(self.batch) if self.batch else (_FIRST, _LAST)
        if self.uid is not None:
            first, last = max(first, self.uid), min(last, self.uid)
        if self.after is not None:
            first = max(first, first_at(self.after))
        ends = [end for end in (below, None if self.before is None else first_at(self.before)) if end is not None]
        return first, min([last, *(UUID(int=max(end.int - 1, 0)) for end in ends)])

    @property
    def arguments(self) -> dict[str, Any]:
        """Values of the conditions that are given, by their names."""
        given: dict[str, Any] = {
            "account_id": self.account_id,
            "recipient": self.recipient,
            "states": [str(state) for state in self.states] or None,
            "gateways": None if self.gateways is None else list(self.gateways),
            "code": self.code,
            "channels": None if self.channels is None else list(self.channels),
            "automation": self.automation,
            "step": self.step,
            "lead_source": self.lead_source,
        }
        return {name: value for name, value in given.items() if value is not None}


CONDITIONS = {
    "account_id": "m.account_id = %(account_id)s",
    "recipient": "m.recipient = %(recipient)s",
    "states": "m.state = any(%(states)s::text[])",
    "gateways": "m.gateway_id = any(%(gateways)s::uuid[])",
    "code": "m.code = %(code)s",
    "channels": "m.channel = any(%(channels)s::text[])",
    "automation": """exists (select from automation_sends x join automation_runs y on y.id = x.run_id
        join automations z on z.id = y.automation_id where x.uid = m.uid and z.key = %(automation)s)""",
    "step": "exists (select from automation_sends x where x.uid = m.uid and x.step = %(step)s)",
    "lead_source": """exists (select from leads x join lead_sources y on y.id = x.source_id
        where x.reply_uid = m.uid and y.key = %(lead_source)s)""",
}
"""SQL by the names of ``Filter.arguments``; ``m`` is a message, or its row in ``failures``."""


def first_at(at: datetime) -> UUID:
    """The first uid of a time; of one before 1970 the first of all."""
    return first_id(max(at.timestamp(), 0.0))
