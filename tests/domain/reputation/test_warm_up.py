"""How a warm-up climbs, and when it is set back."""

from dataclasses import replace
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.reputation.warm_up import (
    COOL_DOWN_DAYS,
    IDLE_DAYS,
    LADDERS,
    Climb,
    LadderName,
    Signs,
    next_tier,
    used_days_needed,
)

START = date(2026, 11, 1)
CLEAN = Signs(is_clean=True, is_dirty=False, is_paused=False)
DIRTY = Signs(is_clean=False, is_dirty=True, is_paused=False)
NAMES: list[LadderName] = ["email", "sim"]

signs = st.builds(Signs, st.booleans(), st.booleans(), st.booleans())


@st.composite
def climbs(draw: st.DrawFn) -> Climb:
    name = draw(st.sampled_from(NAMES))
    tier = draw(st.integers(0, LADDERS[name].top))
    last_used = draw(st.none() | st.integers(-60, 60).map(lambda n: START + timedelta(days=n)))
    return Climb(name, tier, draw(st.booleans()), START, draw(st.integers(0, 60)), last_used)


days = st.integers(0, 90)


@given(climbs(), signs, days)
def test_a_tier_changes_by_one_at_most_unless_the_guard_holds_it(climb: Climb, seen: Signs, later: int):
    tier = next_tier(climb, seen, START + timedelta(days=later))
    assert 0 <= tier <= LADDERS[climb.ladder].top
    if climb.pinned:
        assert tier == climb.tier
    elif seen.is_paused:
        assert tier == 0
    else:
        assert abs(tier - climb.tier) <= 1


@given(climbs(), signs, days)
def test_nobody_climbs_without_clean_reports_time_and_use(climb: Climb, seen: Signs, later: int):
    if next_tier(climb, seen, START + timedelta(days=later)) > climb.tier:
        ladder = LADDERS[climb.ladder]
        assert seen.is_clean
        assert not seen.is_dirty
        assert later >= ladder.min_days[climb.tier]
        assert climb.used_days >= used_days_needed(ladder, climb.tier)


@given(climbs(), st.integers(0, COOL_DOWN_DAYS - 1))
def test_the_reports_of_one_demotion_do_not_lead_to_the_next(climb: Climb, later: int):
    assert next_tier(climb, DIRTY, START + timedelta(days=later)) == climb.tier


def test_dirty_reports_and_long_rests_cost_one_tier():
    climb = Climb("email", 3, False, START, 2, START)
    assert next_tier(climb, DIRTY, START + timedelta(days=COOL_DOWN_DAYS)) == 2
    rested = START + timedelta(days=IDLE_DAYS)
    assert next_tier(climb, CLEAN, rested) == 2
    demoted = replace(climb, tier=2, since=rested)
    assert next_tier(demoted, CLEAN, rested + timedelta(days=1)) == 2, "the rest begins anew with the tier"
    assert next_tier(demoted, CLEAN, rested + timedelta(days=IDLE_DAYS)) == 1
    assert next_tier(replace(climb, pinned=True), DIRTY, rested) == 3


def test_full_use_climbs_to_the_top_in_some_weeks():
    for name, least, most in (("email", 28, 42), ("sim", 10, 21)):
        climb, today = Climb(name, 0, False, START, 0, None), START
        while climb.tier < LADDERS[name].top:
            today += timedelta(days=1)
            climb = replace(climb, used_days=climb.used_days + 1, last_used=today)
            if (tier := next_tier(climb, CLEAN, today)) != climb.tier:
                climb = replace(climb, tier=tier, since=today, used_days=0)
        assert least <= (today - START).days <= most


def test_ladders_rise_and_hours_are_parts_of_days():
    for ladder in LADDERS.values():
        assert list(ladder.caps) == sorted(set(ladder.caps))
        assert len(ladder.min_days) == ladder.top
        for tier in range(ladder.top + 1):
            assert 0 < ladder.hour_cap(tier) < ladder.day_cap(tier)
    assert [LADDERS["email"].hour_cap(tier) for tier in (0, 1)] == [50, 200]
