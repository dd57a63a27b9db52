"""When a trouble is told."""

from datetime import UTC, datetime, timedelta

from services.alerts.deciding import Decision, Found, decide
from services.alerts.rules import AFTER, QUIET, REMIND, RULES, key_of
from services.doctor.findings import failure, warning
from store.alerts.alerts import Alert

BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
DOWN = failure("gateways", "sms main does not work", "look", about="sms main")
KEY = key_of(DOWN)


class Looks:
    """One look after the other, each with what the one before has left."""

    def __init__(self) -> None:
        self.known: list[Alert] = []

    def at(self, seconds: float, *found: Found, unknown: tuple[str, ...] = ()) -> Decision:
        now = BEGIN + timedelta(seconds=seconds)
        made = decide(self.known, {key_of(one.finding): one for one in found}, unknown, now)
        over = {one.key for one in made.over}
        kept = {one.key: one for one in made.kept}
        self.known = [*kept.values(), *(one for one in self.known if one.key not in {*kept, *over})]
        return made

    def told(self, seconds: float, *found: Found, unknown: tuple[str, ...] = ()) -> list[str]:
        return [f"{news} {alert.key}" for news, alert in self.at(seconds, *found, unknown=unknown).told]


def test_a_trouble_is_told_once_when_it_has_lasted_and_once_when_it_is_over():
    looks, down = Looks(), Found(DOWN, 120)
    assert looks.told(0, down) == []
    assert looks.told(60, down) == []
    assert looks.told(120, down) == [f"raised {KEY}"]
    assert looks.told(180, down) == []
    assert looks.told(200) == [], "it may come back at once"
    assert looks.told(180 + QUIET) == [f"ended {KEY}"]
    assert looks.told(181 + QUIET) == []
    assert looks.known == []


def test_what_comes_back_soon_is_the_same_trouble_and_later_a_new_one():
    looks, down = Looks(), Found(DOWN, 0)
    assert looks.told(0, down) == [f"raised {KEY}"]
    (first,) = looks.known
    looks.at(10)
    assert looks.told(QUIET - 1, down) == []
    looks.at(2 * QUIET)
    assert looks.told(2 * QUIET + 1, down) == [f"raised {KEY}"]
    assert looks.known[0].id != first.id


def test_what_is_over_before_it_was_told_is_never_told():
    looks = Looks()
    looks.at(0, Found(DOWN, 120))
    assert looks.told(QUIET) == []
    assert looks.known == []


def test_a_trouble_that_lasts_is_told_daily_and_at_once_when_it_gets_worse():
    looks, full = Looks(), Found(warning("disk", "80 %", "enlarge it"), 0)
    assert looks.told(0, full) == ["raised disk"]
    assert looks.told(REMIND - 1, full) == []
    assert looks.told(REMIND, full) == ["lasts disk"]
    fuller = Found(failure("disk", "95 %", "enlarge it"), 0)
    assert looks.told(REMIND + 60, fuller) == ["lasts disk"]
    assert looks.told(REMIND + 120, fuller) == []
    assert looks.known[0].message == "95 %"


def test_what_cannot_be_looked_for_is_not_over():
    looks = Looks()
    looks.at(0, Found(DOWN, 0))
    assert looks.told(10 * QUIET, unknown=("gateways",)) == []
    assert looks.told(11 * QUIET) == [f"ended {KEY}"]


def test_what_holds_for_single_troubles_is_of_checks_that_are_made():
    checks = {rule.check for rule in RULES}
    assert len(checks) == len(RULES)
    assert {key.split(" ")[0] for key in AFTER} <= checks
