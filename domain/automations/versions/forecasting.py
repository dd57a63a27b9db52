"""How many messages a run sends within some time, at the most.

Nobody leaves early, what is waited for happens at once, and of a step's arms the one counts that sends most; of a
split, each by its weight. Waits for a length take it; those for a time of the day, a window or a date are over at once.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple

from domain.automations.definition.steps import Branch, Exit, Send, Split, Step, Wait, WaitEvent
from domain.automations.position import Tree

Sends = Mapping[str, float]
"""By step: how often it sends."""


class _Gone(NamedTuple):
    sends: dict[str, float]
    left: timedelta | None
    """``None``: the time is over, or the run has ended."""


def sends_within(tree: Tree, step: str | None, left: timedelta, waits: timedelta | None = None) -> Sends:
    """What a run sends that is at a step (``None``: it has not begun). ``waits``: how long it waits there yet."""
    here = step or tree.first()
    place = tree.places[here]
    first = _first(place.step, left, waits)
    sends, rest = dict(first.sends), first.left
    if rest is not None:
        rest = _add(sends, _list(place.siblings[place.index + 1 :], rest))
    for parent in reversed(tree.ancestors(here)):
        if rest is None:
            break
        of = tree.places[parent]
        rest = _add(sends, _list(of.siblings[of.index + 1 :], rest))
    return sends


def _add(sends: dict[str, float], gone: _Gone, share: float = 1.0) -> timedelta | None:
    for step, count in gone.sends.items():
        sends[step] = sends.get(step, 0.0) + share * count
    return gone.left


def _first(step: Step, left: timedelta, waits: timedelta | None) -> _Gone:
    if waits is None or step.disabled:
        return _step(step, left)
    match step:
        case Wait():
            return _Gone({}, _minus(left, waits))
        case WaitEvent():
            return _either(step, left, waits)
    return _step(step, left)


def _list(steps: Sequence[Step], left: timedelta) -> _Gone:
    sends: dict[str, float] = {}
    rest: timedelta | None = left
    for step in steps:
        if rest is None:
            break
        rest = _add(sends, _step(step, rest))
    return _Gone(sends, rest)


def _step(step: Step, left: timedelta) -> _Gone:
    if step.disabled:
        return _Gone({}, left)
    match step:
        case Send():
            return _Gone({step.id: 1.0}, left)
        case Wait():
            return _Gone({}, left if step.for_ is None else _minus(left, step.for_))
        case WaitEvent():
            return _either(step, left, step.timeout)
        case Branch():
            return _most([_list(arm.steps, left) for arm in step.arms_of_kind])
        case Split():
            return _shared(step, left)
        case Exit():
            return _Gone({}, left if step.if_ is not None else None)
    return _Gone({}, left)


def _either(step: WaitEvent, left: timedelta, timeout: timedelta) -> _Gone:
    late = _minus(left, timeout)
    then = _list(step.then, left)
    return _most([then, _Gone({}, None) if late is None else _list(step.else_, late)])


def _shared(step: Split, left: timedelta) -> _Gone:
    whole = sum(arm.weight for arm in step.arms)
    sends: dict[str, float] = {}
    rests = [_add(sends, _list(arm.steps, left), arm.weight / whole) for arm in step.arms if arm.weight]
    return _Gone(sends, _longest(rests))


def _most(arms: Sequence[_Gone]) -> _Gone:
    chosen = max(arms, key=lambda gone: sum(gone.sends.values()))
    return _Gone(chosen.sends, _longest([gone.left for gone in arms]))


def _longest(rests: Sequence[timedelta | None]) -> timedelta | None:
    return max((rest for rest in rests if rest is not None), default=None)


def _minus(left: timedelta, wait: timedelta) -> timedelta | None:
    return left - max(wait, timedelta(0)) if wait < left else None
