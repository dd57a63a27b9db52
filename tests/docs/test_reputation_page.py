"""The page about reputations has the limits of the code."""

from pathlib import Path

from domain.reputation.rules import LIMITS, OF_BATCHES, REPUTATION_GUARD, WARN_EVERY_DAYS, percent
from domain.reputation.warm_up import COOL_DOWN_DAYS, IDLE_DAYS, LADDERS
from store.reputation.bad_reports import KEPT_DAYS

PAGE = " ".join((Path(__file__).parents[2] / "docs/reputation.md").read_text().split())


def test_the_page_has_the_limits_of_the_code():
    for limit in LIMITS:
        assert limit.warn is not None
        row = f"{limit.hours} h | {limit.least_sent:,} sent, {limit.least_bad} reports"
        assert f"{row} | {percent(limit.warn)} | {percent(limit.pause)} |" in PAGE
    bounces, undelivered = OF_BATCHES
    assert f"from {bounces.least_sent:,} sent messages on: {percent(bounces.pause)} hard bounces" in PAGE
    assert f"or {percent(undelivered.pause)} undelivered" in PAGE
    assert f"one warning is sent in {WARN_EVERY_DAYS} days" in PAGE
    assert f'"{REPUTATION_GUARD}"' in PAGE
    assert f"kept for {KEPT_DAYS} days" in PAGE


def test_the_page_has_the_ladders_of_the_code():
    for name, ladder in LADDERS.items():
        caps = " · ".join(f"{cap:,}" for cap in ladder.caps)
        assert f"| `{name}` | {caps} | {' · '.join(map(str, ladder.min_days))} |" in PAGE
    assert f"at most every {COOL_DOWN_DAYS} days; or after {IDLE_DAYS} days without a message" in PAGE
