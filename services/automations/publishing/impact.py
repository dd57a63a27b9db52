"""What publishing does to contacts inside: where they go, what they lack, and what is sent because of it."""

import asyncio
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.automations.definition.steps import Send, Step, Wait, WaitEvent
from domain.automations.versions.forecasting import sends_within
from domain.automations.versions.migrating import Landing
from domain.automations.versions.names import gaps, names_of_steps
from services.accounts.rates import PlanPrices
from services.audience.templates.named import NamedTemplates
from services.automations.audience import count_now
from services.automations.publishing.firing import Firing, firing
from services.automations.publishing.pricing import Pricing
from services.automations.publishing.routes import Publishing, Route, Routes
from store.accounts import sending_terms
from store.automations.automations import Automation
from store.automations.publishing import people
from store.automations.publishing.people import Standing
from store.pool import Connections

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Moved:
    """Contacts at a step that is not there where they go on."""

    version: int
    step: str
    people: int
    to: str | None
    """``None``: they leave."""
    how: str


@dataclass(frozen=True, slots=True)
class Empty:
    """A name that is empty for some of those inside."""

    step: str
    """Whose text or condition has it."""
    name: str
    people: int


@dataclass(frozen=True, slots=True)
class Impact:
    """What publishing does."""

    moved: Sequence[Moved] = ()
    empty: Sequence[Empty] = ()
    waits: Sequence[Firing] = ()
    messages: Mapping[str, int] = field(default_factory=dict)
    """By channel: in the next 24 hours, at the most."""
    credits: int = 0
    """Of these, about."""
    inside: int = 0
    entering: int = 0
    """Who entered in the last 24 hours: as many are taken to enter in the next."""
    matching: int | None = 0
    """Who meets the conditions of its schedules now: they are taken to enter, if they are more. ``None``: counting
    them takes too long."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read to tell it."""

    templates: NamedTemplates
    prices: PlanPrices


async def impact(
    store: Connections,
    reading: Reading,
    before: Automation,
    made: Publishing,
    standing: Sequence[Standing],
    now: datetime,
) -> Impact:
    """What publishing does. ``before``: the automation as it was; ``standing``: those inside."""
    account_id = before.account_id
    terms = await sending_terms.read(store, account_id)
    pricing = await Pricing.of(store, reading.templates, reading.prices, account_id, terms, before.id)
    numbers = sorted({one.version for one in standing})
    routes = {route.version: route for route in await Routes(store, before, made).of(numbers)}
    zone = terms.time_zone if terms else "UTC"
    waits = [one for route in routes.values() for one in await firing(store, before.id, route, zone, now)]
    texts = {step.id: await pricing.texts(step) for step in made.flow.walk() if isinstance(step, Send)}
    moved = _moved(routes, standing)
    empty = await asyncio.to_thread(_empty, routes, standing, texts)
    sends = await asyncio.to_thread(_sends, routes, standing)
    entering = await people.entered_since(store, before.id, now - _DAY) if before.version is not None else 0
    matching: int | None = 0
    if made.version >= (before.version or 0):
        matching = await count_now(store, account_id, made.flow)
        route = Routes.entering(made)
        each = sends_within(route.tree, None, _DAY)
        sends |= {(route, id_): count * max(entering, matching or 0) for id_, count in each.items()}
    messages, cost = await _cost(pricing, sends)
    return Impact(moved, empty, waits, messages, cost, sum(one.people for one in standing), entering, matching)


async def _cost(pricing: Pricing, sends: Mapping[tuple[Route, str], float]) -> tuple[dict[str, int], int]:
    messages: dict[str, float] = {}
    cost = 0.0
    for (route, id_), count in sends.items():
        step = route.tree.step(id_)
        assert isinstance(step, Send), "only these send"
        messages[step.channel] = messages.get(step.channel, 0.0) + count
        cost += count * await pricing.of_step(step)
    return {channel: math.ceil(count) for channel, count in messages.items()}, math.ceil(cost)


def _moved(routes: Mapping[int, Route], standing: Sequence[Standing]) -> list[Moved]:
    at: Counter[tuple[int, str | None]] = Counter()
    for one in standing:
        at[one.version, one.step] += one.people
    return [
        Moved(version, step, at[version, step], landing.step, landing.how)
        for version, route in routes.items()
        for step, landing in route.landings.items()
        if landing.how != "stays"
    ]


def _empty(
    routes: Mapping[int, Route], standing: Sequence[Standing], texts: Mapping[str, Sequence[str]]
) -> list[Empty]:
    found: Counter[tuple[str, str]] = Counter()
    at: Counter[tuple[int, str | None]] = Counter()
    for one in standing:
        at[one.version, one.step] += one.people
    new = next((route for route in routes.values() if route.is_new), None)
    names = names_of_steps(new.flow, texts) if new else {}
    for (version, step), count in at.items():
        route = routes[version]
        landing = _landing(route, step)
        if not route.is_new or (landing is not None and landing.step is None):
            continue
        to = landing.step if landing else None
        for gap in gaps(route.old, step, route.flow, route.tree, to, names):
            found[gap.step, gap.name] += count
    return [Empty(step, name, count) for (step, name), count in found.items()]


def _sends(routes: Mapping[int, Route], standing: Sequence[Standing]) -> dict[tuple[Route, str], float]:
    at: Counter[tuple[Route, str | None, timedelta | None]] = Counter()
    for one in standing:
        route = routes[one.version]
        landing = _landing(route, one.step)
        if landing is None:
            at[route, None, None] += one.people
        elif landing.step is not None:
            stays = landing.how == "stays"
            at[route, landing.step, _waits(route, landing.step, one.hours or 0) if stays else None] += one.people
    found: dict[tuple[Route, str], float] = {}
    for (route, step, waits), count in at.items():
        if waits is None or waits < _DAY:
            for id_, times in sends_within(route.tree, step, _DAY, waits).items():
                found[route, id_] = found.get((route, id_), 0.0) + times * count
    return found


def _landing(route: Route, step: str | None) -> Landing | None:
    return None if step is None else route.landings[step]


def _waits(route: Route, step: str, hours: int) -> timedelta:
    """How long those wait yet who wait for so many hours by the rule that held until now."""
    before, after = _length(route.old.step(step)), _length(route.tree.step(step))
    moved = after - before if before is not None and after is not None else timedelta(0)
    return max(timedelta(hours=hours) + moved, timedelta(0))


def _length(step: Step) -> timedelta | None:
    match step:
        case Wait():
            return step.for_
        case WaitEvent():
            return step.timeout
    return None
