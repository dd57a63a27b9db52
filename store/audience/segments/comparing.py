"""Compares fields in SQL, by the rules of domain/audience/conditions/comparing.py.

An expression may be null, which means false: what negates it makes it false before.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from domain.audience.conditions.tree import AGES, LISTS, MOMENTS, ORDER, PRESENCE, TEXTS, Field, Op, Value
from domain.audience.conditions.values import Moment, duration, moment, type_of
from store.audience.segments.operands import Column, Json, Operand, Time, operand
from store.audience.segments.parameters import Parameters

_SIGNS = {Op.GT: ">", Op.GTE: ">=", Op.LT: "<", Op.LTE: "<=", Op.AFTER: ">", Op.BEFORE: "<"}
_JSON_TYPES = {"text": "string", "number": "number", "boolean": "boolean"}


class Comparisons:
    """Makes the expressions for leaves about fields."""

    def __init__(self, parameters: Parameters, zone: Callable[[], str], now: datetime) -> None:
        """``zone``: the expression of a contact's time zone."""
        self._parameters = parameters
        self._zone = zone
        self._now = now

    def field(self, leaf: Field, event: str | None) -> str:
        """The expression of a leaf. ``event``: as for ``operand``."""
        found = operand(leaf.field, self._parameters, event)
        if leaf.op in PRESENCE:
            return f"{'not ' if leaf.op is Op.MISSING else ''}({found.is_there})"
        if leaf.ref is not None:
            return self._with_field(found, leaf.op, operand(leaf.ref, self._parameters, event))
        assert leaf.value is not None
        return self._with_value(found, leaf.op, leaf.value)

    def _with_value(self, found: Operand, op: Op, value: Value) -> str:
        if op in AGES:
            begins = self._now - _length(value)
            since = self._moments(found, "<" if op is Op.OLDER_THAN else ">=", begins)
            return since if op is Op.OLDER_THAN else f"({since} and {self._moments(found, '<=', self._now)})"
        if op is Op.BETWEEN:
            assert isinstance(value, tuple)
            low, high = value
            if isinstance(found, Json) and not isinstance(low, str):  # what is between two numbers is a number
                bounds = self._parameters.json(low), self._parameters.json(high)
                return f"({found.json} >= {bounds[0]} and {found.json} <= {bounds[1]})"
            return f"({self._order(found, '>=', low)} and {self._order(found, '<=', high)})"
        if op in ORDER | MOMENTS:
            return self._order(found, _SIGNS[op], value)
        if op in TEXTS or op in (Op.CONTAINS, Op.NOT_CONTAINS):
            return self._content(found, op, value)
        return self._equality(found, op, value if op in LISTS and isinstance(value, tuple) else (value,))

    def _equality(self, found: Operand, op: Op, values: tuple[Any, ...]) -> str:
        types = {type_of(value) for value in values}
        if isinstance(found, Column):
            texts = [value for value in values if isinstance(value, str)]
            if not texts:
                return "false"
            equal = f"{found.text} = any({self._parameters.add(texts, 'text[]')})"
            return equal if op in (Op.EQ, Op.IN) else f"({found.is_text} and not {equal})"
        if len(values) == 1:
            equal = f"{found.json} = {self._parameters.json(values[0])}"
        else:
            listed = f"array(select jsonb_array_elements({self._parameters.json(list(values))}))"
            equal = f"{found.json} = any({listed})"
        if op in (Op.EQ, Op.IN):
            return f"({equal})"
        allowed = self._parameters.add([_JSON_TYPES[kind] for kind in types], "text[]")
        return f"(jsonb_typeof({found.json}) = any({allowed}) and not ({equal}))"

    def _content(self, found: Operand, op: Op, value: Any) -> str:
        kinds = []
        if isinstance(value, str):
            kinds.append(_in_text(found, op, self._parameters.add(value)))
        if isinstance(found, Json) and op not in TEXTS:
            kinds.append(_in_list(found, op, f"jsonb_build_array({self._parameters.json(value)})"))
        return f"({' or '.join(kinds)})" if kinds else "false"

    def _order(self, found: Operand, sign: str, value: Any) -> str:
        if not isinstance(value, str):
            if not isinstance(found, Json):
                return "false"
            return f"({found.is_a('number')} and {found.json} {sign} {self._parameters.json(value)})"
        at = moment(value)
        assert at is not None
        return self._moments(found, sign, at)

    def _moments(self, found: Operand, sign: str, at: Moment) -> str:
        if not isinstance(at, datetime):
            return f"{self._day(found)} {sign} {self._parameters.add(at, 'date')}"
        time = self._parameters.add(at, "timestamptz")
        if isinstance(found, Time):
            return f"{found.time} {sign} {time}"
        day = f"({time} at time zone {self._zone()})::date"
        return f"case when {found.day} is not null then {found.day} {sign} {day} else {found.time} {sign} {time} end"

    def _with_field(self, found: Operand, op: Op, other: Operand) -> str:
        if op in TEXTS or op in (Op.CONTAINS, Op.NOT_CONTAINS):
            expression = f"({other.is_text} and {_in_text(found, op, other.text)})"
            if isinstance(found, Json) and op not in TEXTS:
                is_scalar = f"jsonb_typeof({other.json}) in ('string', 'number', 'boolean')"
                listed = _in_list(found, op, f"jsonb_build_array({other.json})")
                expression = f"({expression} or ({is_scalar} and {listed}))"
            return expression
        if op in (Op.EQ, Op.NE):
            sign = "=" if op is Op.EQ else "<>"
            are_there = f"{found.is_there} and {other.is_there}"
            same_type = f"jsonb_typeof({found.json}) = jsonb_typeof({other.json})"
            return f"({are_there} and {same_type} and {found.json} {sign} {other.json})"
        sign = _SIGNS[op]
        moments = (
            f"case when {found.time} is not null and {other.time} is not null"
            f" then {found.time} {sign} {other.time} else {self._day(found)} {sign} {self._day(other)} end"
        )
        if op in MOMENTS or not (isinstance(found, Json) and isinstance(other, Json)):
            return f"({moments})"
        numbers = f"{found.is_a('number')} and {other.is_a('number')} and {found.json} {sign} {other.json}"
        return f"(({numbers}) or ({moments}))"

    def _day(self, found: Operand) -> str:
        return f"coalesce({found.day}, ({found.time} at time zone {self._zone()})::date)"


def _in_text(found: Operand, op: Op, wanted: str) -> str:
    match op:
        case Op.STARTS_WITH:
            test = f"starts_with({found.text}, {wanted})"
        case Op.ENDS_WITH:
            test = f"right({found.text}, length({wanted})) = {wanted}"
        case _:
            test = f"strpos({found.text}, {wanted}) {'=' if op is Op.NOT_CONTAINS else '>'} 0"
    return f"({found.is_text} and {test})"


def _in_list(found: Json, op: Op, wanted: str) -> str:
    return f"({found.is_a('array')} and {'not ' if op is Op.NOT_CONTAINS else ''}{found.json} @> {wanted})"


def _length(value: Value) -> timedelta:
    assert isinstance(value, str)
    return duration(value)
