"""Which gateway a message leaves by."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.messages.page import PageHeader, RouteRequest
from domain.messages.routing import DEFAULT_GATEWAY, PAUSED_LOOK, Candidate, choose, retry_pause

NOW = 1_800_000_000.0


def candidate(name: str, **more: object) -> Candidate:
    plain = Candidate(UUID(int=ord(name)), name, 1, True, None, "hold", 0, None, False)
    return replace(plain, **more)


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(NOW + seconds, UTC)


def key(name: str) -> str:
    return str(UUID(int=ord(name)))


def ask(size: int = 3, requested: dict[str, list[int]] | None = None, **more: object) -> RouteRequest:
    header = PageHeader("page", 7, "sms", size, requested=requested or {})
    return RouteRequest(header, list(range(size)), **{"attempt": 1, **more})


A, B = candidate("a"), candidate("b")
OPEN = {"failures": 5, "out_of_use": True}


@pytest.mark.parametrize(
    ("candidates", "excluded", "gateway"),
    [
        ([A, B], [], "a"),
        ([B, A], [], "b"),
        ([A, B], [key("a")], "b"),
        ([candidate("a", open_until=at(5), **OPEN), B], [], "b"),
        ([candidate("a", open_until=at(-5), failures=5), B], [], "a"),
        ([candidate("a", failures=4), B], [], "a"),
    ],
    ids=["first", "in order", "not the excluded", "not one out of use", "one to be probed", "one under suspicion"],
)
def test_the_first_that_is_in_use_and_fresh_wins(candidates, excluded, gateway):
    routing = choose(ask(excluded=excluded), candidates, NOW)
    assert [(route.gateway, route.indexes, route.start_at) for route in routing.routes] == [(gateway, [0, 1, 2], 0.0)]
    assert routing.parked == []
    assert routing.none == []


def test_when_all_have_failed_the_message_before_the_first_is_tried_again_after_a_pause():
    routing = choose(ask(attempt=4, excluded=[key("a"), key("b")]), [A, B], NOW)
    assert [(r.gateway, r.start_at, r.waits_for) for r in routing.routes] == [("a", NOW + 4.0, "retry_pause")]


def test_when_all_are_out_of_use_the_message_waits_for_the_first_to_come_back():
    candidates = [candidate("a", open_until=at(60), **OPEN), candidate("b", open_until=at(20), **OPEN)]
    routing = choose(ask(), candidates, NOW)
    assert [(p.gateway, p.until, p.indexes) for p in routing.parked] == [("b", NOW + 20, [0, 1, 2])]


def test_a_stopped_gateway_is_passed_over():
    routing = choose(ask(requested={"b": [2]}), [candidate("a", stopped=True), B], NOW)
    assert sorted((r.gateway, r.indexes) for r in routing.routes) == [("b", [0, 1]), ("b", [2])]


def test_when_all_gateways_are_stopped_the_message_waits_for_any_of_them():
    candidates = [candidate("a", stopped=True), candidate("b", stopped=True, open_until=at(20), **OPEN)]
    (parked,) = choose(ask(), candidates, NOW).parked
    assert (parked.waits_for, parked.gateway, parked.until) == ("gateway_paused", "a", NOW + PAUSED_LOOK)
    assert parked.stopped == [key("a"), key("b")]


def test_who_can_wait_for_a_breaker_does_not_wait_for_an_operator():
    candidates = [candidate("a", stopped=True), candidate("b", open_until=at(20), **OPEN)]
    (parked,) = choose(ask(), candidates, NOW).parked
    assert (parked.waits_for, parked.gateway, parked.until, parked.stopped) == ("gateway_breaker", "b", NOW + 20, [])


def test_a_message_that_named_a_stopped_gateway_waits_for_it():
    routing = choose(ask(2, requested={"a": [0]}), [candidate("a", stopped=True), B], NOW)
    assert [(p.gateway, p.indexes) for p in routing.parked] == [("a", [0])]
    assert [(r.gateway, r.indexes) for r in routing.routes] == [("b", [1])]


def test_a_message_that_named_a_gateway_gets_that_one_or_none():
    routing = choose(ask(4, requested={"b": [1], "z": [2], DEFAULT_GATEWAY: [3]}), [A, B], NOW)
    assert sorted((r.gateway, r.indexes) for r in routing.routes) == [("a", [0, 3]), ("b", [1])]
    assert [(n.indexes, n.code) for n in routing.none] == [([2], "gateway_not_found")]


def test_a_named_gateway_that_is_out_of_use_is_waited_for():
    routing = choose(ask(1, requested={"a": [0]}), [candidate("a", open_until=at(9), **OPEN), B], NOW)
    assert [(p.gateway, p.until) for p in routing.parked] == [("a", NOW + 9)]


def test_an_own_gateway_hides_a_shared_one_of_the_same_name():
    shared = replace(candidate("s"), identifier="a", own=False)
    routing = choose(ask(1, requested={"a": [0]}), [A, shared], NOW)
    assert [r.gateway_id for r in routing.routes] == [key("a")]


def test_a_resend_leaves_where_the_first_try_went_or_not_at_all():
    assert [r.gateway for r in choose(ask(pinned=key("b")), [A, B], NOW).routes] == ["b"]
    again = choose(ask(pinned=key("b"), excluded=[key("b")], attempt=2), [A, B], NOW)
    assert [(r.gateway, r.start_at) for r in again.routes] == [("b", NOW + 1.0)]
    gone = choose(ask(pinned=key("z")), [A, B], NOW)
    assert (gone.routes, [n.indexes for n in gone.none]) == ([], [[0, 1, 2]])


def test_without_any_gateway_the_reason_says_what_to_do():
    routing = choose(ask(), [], NOW)
    assert [(n.code, n.indexes) for n in routing.none] == [("no_gateway", [0, 1, 2])]
    assert "add or share one" in routing.none[0].reason


def test_a_route_carries_what_the_dispatch_needs():
    chosen = candidate("a", per_second=2.5, on_unknown="resend", version=7, failures=5, open_until=at(-1))
    route = choose(ask(), [chosen], NOW).routes[0]
    assert (route.per_second, route.on_unknown, route.version, route.suspect, route.probe) == (
        2.5,
        "resend",
        7,
        True,
        True,
    )


@pytest.mark.parametrize(("attempt", "seconds"), [(1, 1), (2, 1), (3, 2), (4, 4), (7, 32), (8, 60), (5000, 60)])
def test_pauses_between_tries_double_up_to_a_minute(attempt, seconds):
    assert retry_pause(attempt) == seconds


NAMES = "abcd"


@st.composite
def situations(draw):
    candidates = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        pause = draw(st.none() | st.integers(-100, 100))
        out_of_use = pause is not None and pause > 0
        open_until = None if pause is None else at(pause)
        stopped = draw(st.booleans())
        candidates.append(candidate(name, failures=5, open_until=open_until, out_of_use=out_of_use, stopped=stopped))
    size = draw(st.integers(1, 12))
    wishes = draw(st.dictionaries(st.integers(0, size - 1), st.sampled_from([*NAMES, "z", DEFAULT_GATEWAY])))
    requested: dict[str, list[int]] = {}
    for index, wish in wishes.items():
        requested.setdefault(wish, []).append(index)
    request = RouteRequest(
        PageHeader("page", 7, "sms", size, requested=requested),
        draw(st.lists(st.integers(0, size - 1), unique=True, min_size=1)),
        draw(st.integers(1, 20)),
        draw(st.lists(st.sampled_from([key(name) for name in NAMES]))),
        draw(st.sampled_from(["", key("a"), key("z")])),
    )
    return request, candidates


@given(situations())
def test_every_message_has_exactly_one_way_on(situation):
    request, candidates = situation
    routing = choose(request, candidates, NOW)
    ways = [*routing.routes, *routing.parked, *routing.none]
    assert sorted(index for way in ways for index in way.indexes) == sorted(request.indexes)
    by_id = {str(c.gateway_id): c for c in candidates}
    for route in routing.routes:
        assert not by_id[route.gateway_id].out_of_use
        assert not by_id[route.gateway_id].stopped
        assert request.pinned in ("", route.gateway_id)
        assert (route.gateway_id in request.excluded) == (route.start_at > NOW)
    for parked in routing.parked:
        assert parked.until > NOW
