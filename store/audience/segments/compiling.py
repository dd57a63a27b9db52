"""Compiles a condition to one expression of SQL about ``contacts c``; evaluating.py in the domain has the same rules.

The property test in tests/store/test_segment_language.py compares the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from domain.audience.conditions.tree import (
    All,
    Any_,
    Condition,
    Field,
    Group,
    Happened,
    Not,
    Suppressed,
    Tag,
)
from domain.audience.conditions.values import duration
from store.audience.segments.comparing import Comparisons
from store.audience.segments.parameters import Parameters

_ADDRESSES = {"email": "c.email", "sms": "c.phone", "whatsapp": "coalesce(c.whatsapp, c.phone)"}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a condition is compiled for."""

    account_id: int
    now: datetime
    time_zone: str
    """The account's: of contacts without one."""
    zones: Sequence[str]
    """Those that the database knows and Python too: a contact in another one is in its account's."""


def compile_condition(condition: Condition, of: Surroundings, parameters: Parameters) -> str:
    """The expression, which is null or false for contacts that do not meet the condition."""
    return _Compiler(of, parameters).expression(condition, None)


class _Compiler:
    def __init__(self, of: Surroundings, parameters: Parameters) -> None:
        self._of = of
        self._parameters = parameters
        self._account = parameters.add(of.account_id, "bigint")
        self._zone_expression: str | None = None
        self._comparisons = Comparisons(parameters, self._zone, of.now)
        self._events = 0

    def expression(self, condition: Condition, event: str | None) -> str:
        match condition:
            case All(items):
                return f"({' and '.join(self.expression(item, event) for item in items)})"
            case Any_(items):
                return f"({' or '.join(self.expression(item, event) for item in items)})"
            case Not(item):
                return f"(not coalesce({self.expression(item, event)}, false))"
            case Field():
                return self._comparisons.field(condition, event)
            case Happened():
                return self._happened(condition)
            case Tag(tag, has):
                return f"{_not(has)}({self._parameters.add(tag)} = any(c.tags))"
            case Group(group, is_in):
                is_member = f"{self._group(group)} = any(c.groups)"
                return f"({is_member})" if is_in else f"(not coalesce({is_member}, false))"
            case Suppressed(channel):
                return self._suppressed(channel)

    def _group(self, key: str) -> str:
        of = f"account_id = {self._account} and key = {self._parameters.add(key)}"
        return f"(select id from contact_groups where {of})"  # noqa: S608 - place-holders

    def _happened(self, leaf: Happened) -> str:
        self._events += 1
        event = f"e{self._events}"
        asked = [f"{event}.account_id = {self._account}", f"{event}.name = {self._parameters.add(leaf.event)}"]
        if leaf.within is not None:
            since = self._of.now - duration(leaf.within)
            asked.append(f"{event}.at >= {self._parameters.add(since, 'timestamptz')}")
        if leaf.match is not None:
            asked.append(self.expression(leaf.match, event))
        where = f"from contact_events {event} where {event}.contact_id = c.id and {' and '.join(asked)}"
        if leaf.value is None or leaf.value == 1:
            return f"{_not(leaf.op != 'not_happened')}exists (select {where})"
        count = self._parameters.add(leaf.value, "bigint")
        return f"(select count(*) from (select {where} limit {count}) as found) >= {count}"  # noqa: S608 - place-holders

    def _suppressed(self, channel: str) -> str:
        wanted, address = self._parameters.add(channel), _ADDRESSES[channel]
        return (
            f"exists (select from suppressions s where s.account_id = {self._account} and s.channel = {wanted}"
            f" and recipient_key(s.channel, s.recipient) = recipient_key({wanted}, {address}))"
        )

    def _zone(self) -> str:
        """The contact's time zone. One that the database does not know would fail the statement."""
        if self._zone_expression is None:
            known = self._parameters.add(list(self._of.zones), "text[]")
            account = self._parameters.add(self._of.time_zone)
            self._zone_expression = f"case when c.time_zone = any({known}) then c.time_zone else {account} end"
        return f"({self._zone_expression})"


def _not(is_asked: bool) -> str:
    return "" if is_asked else "not "
