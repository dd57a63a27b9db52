"""Who enters an automation, and why the others do not."""

from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from domain.automations.definition.flow import Entry
from domain.automations.definition.parsing import parse_flow
from domain.automations.entries import Arrival, Decision, EarlierRun, Reason, decide, key_of
from tests.domain.automations.flows import flow, wait

NOW = datetime(2027, 6, 1, tzinfo=UTC)


def entry(**members: Any) -> Entry:
    return parse_flow(flow(wait("a"), entry=members)).entry


def ago(**length: float) -> datetime:
    return NOW - timedelta(**length)


INSIDE = EarlierRun("k", ago(hours=5))
OTHER_INSIDE = EarlierRun("other", ago(hours=5))
ENDED = EarlierRun("k", ago(days=3), ago(days=2))


def decided(rules: dict[str, Any], *runs: EarlierRun, **known: Any) -> tuple[str, str | None]:
    found = decide(entry(**rules), Arrival(NOW, known.pop("key", "k"), runs, **known))
    return found.action, found.reason


def re_entry(mode: str, **members: Any) -> dict[str, Any]:
    return {"re_entry": {"mode": mode} | members}


@pytest.mark.parametrize(
    ("rules", "runs", "expected"),
    [
        ({}, [], ("start", None)),
        ({}, [INSIDE], ("refuse", "already_inside")),
        ({}, [OTHER_INSIDE], ("refuse", "already_inside")),
        ({}, [ENDED], ("start", None)),
        ({"on_duplicate": "restart"}, [INSIDE], ("restart", None)),
        ({"on_duplicate": "update"}, [INSIDE], ("update", None)),
        ({"on_duplicate": "restart"}, [OTHER_INSIDE], ("refuse", "already_inside")),
        ({"on_duplicate": "restart"} | re_entry("never"), [INSIDE], ("restart", None)),
        (re_entry("never"), [ENDED], ("refuse", "re_entry_never")),
        (re_entry("never"), [], ("start", None)),
        (re_entry("after_exit", pause="2d"), [ENDED], ("start", None)),
        (re_entry("after_exit", pause="49h"), [ENDED], ("refuse", "too_soon")),
        (re_entry("always"), [OTHER_INSIDE], ("start", None)),
        (re_entry("always"), [INSIDE], ("refuse", "already_inside")),
        (re_entry("always", pause="5h"), [OTHER_INSIDE], ("start", None)),
        (re_entry("always", pause="6h"), [OTHER_INSIDE], ("refuse", "too_soon")),
        ({"caps": [{"count": 2, "per": "30d"}]}, [ENDED], ("start", None)),
        ({"caps": [{"count": 1, "per": "30d"}]}, [ENDED], ("refuse", "cap")),
        ({"caps": [{"count": 1, "per": "3d"}]}, [ENDED], ("start", None)),
        ({"caps": [{"count": 9, "per": "1d"}, {"count": 1, "per": "4d"}]}, [ENDED], ("refuse", "cap")),
        ({"caps": [{"count": 1, "per": "30d"}], "on_duplicate": "restart"}, [INSIDE], ("refuse", "cap")),
        ({"caps": [{"count": 1, "per": "30d"}], "on_duplicate": "update"}, [INSIDE], ("update", None)),
    ],
)
def test_a_contact_that_was_here_before(rules, runs, expected):
    assert decided(rules, *runs) == expected


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"is_active": False}, "not_active"),
        ({"hops": 11}, "hops"),
        ({"hops": 10}, None),
        ({"passes_filter": False}, "filter"),
        ({"is_suppressed": True}, "suppressed"),
        ({"entries_in_hour": 50_000}, "hourly_cap"),
        ({"entries_in_hour": 49_999}, None),
    ],
)
def test_others_are_refused_for_what_the_reason_says(known, reason):
    assert decided({}, **known) == ("refuse" if reason else "start", reason)


def test_the_first_reason_is_kept():
    worst = {"is_active": False, "hops": 99, "passes_filter": False, "is_suppressed": True, "entries_in_hour": 10**6}
    rules = re_entry("never") | {"caps": [{"count": 1, "per": "30d"}]}
    reasons = []
    for name, good in [("is_active", True), ("hops", 0), ("passes_filter", True), ("is_suppressed", False)]:
        reasons.append(decided(rules, ENDED, **worst)[1])
        worst[name] = good
    reasons.append(decided(rules, INSIDE, **worst)[1])
    reasons.append(decided(rules, ENDED, **worst)[1])
    reasons.append(decided(re_entry("always", pause="7d"), ENDED, **worst)[1])
    reasons.append(decided({"caps": rules["caps"]}, ENDED, **worst)[1])
    reasons.append(decided({}, **worst)[1])
    assert reasons == list(get_args(Reason))


def test_a_refusal_says_from_when_on_it_would_not_be_one():
    soon = decide(entry(**re_entry("after_exit", pause="7d")), Arrival(NOW, "k", [ENDED]))
    assert soon == Decision("refuse", "too_soon", ago(days=-5))
    runs = [EarlierRun("a", ago(days=n), ago(days=n)) for n in (1, 2, 3)]
    capped = decide(entry(caps=[{"count": 2, "per": "5d"}]), Arrival(NOW, "k", runs))
    assert capped.again_at == ago(days=-3)
    assert capped.again_at is not None
    later = Arrival(capped.again_at, "k", runs)
    assert decide(entry(caps=[{"count": 2, "per": "5d"}]), later).action == "start"


def test_the_key_tells_entries_apart():
    keyed, plain, always = entry(key="{{ event.id }}"), entry(), entry(re_entry={"mode": "always"})
    assert key_of(keyed, " A1 ", "e1") == "A1"
    assert key_of(keyed, None, "e1") == ""
    assert key_of(plain, None, "e1") == key_of(plain, None, "e2") == ""
    assert key_of(always, None, "e1") != key_of(always, None, "e2")
    long = key_of(keyed, "x" * 10_000, "e1")
    assert len(long) == 64
    assert long != key_of(keyed, "x" * 9_999, "e1")
