"""The page about unknown outcomes cannot fall behind the code."""

from pathlib import Path
from typing import get_args

from domain.messages import recovery
from store import workflow_checks
from store.messages.resolving import As
from worker import periodic_tasks
from worker.sweeps import sweep

PAGE = (Path(__file__).parents[2] / "docs" / "unknown.md").read_text()


def test_words_and_limits_are_those_of_the_code():
    for word in get_args(As):
        assert f"--as {word}" in PAGE
    for code in (recovery.TERMINATED, recovery.LOST):
        assert f"code `{code}`" in PAGE
    policy = periodic_tasks.Policy()
    assert f"`XSENDER_UNKNOWN_DAYS` ({policy.unknown_days:g})" in PAGE
    assert f"`{policy.unknown_ends_as}` (the default)" in PAGE
    assert f"up to {recovery.MOST_RESTARTS} times" in PAGE
    assert f"up to {sweep.MOST_READ:,} a minute" in PAGE
    assert (workflow_checks.COLLECTED_AT, workflow_checks.LATE) == (300.0, 120.0)
    assert (periodic_tasks.SWEEP_EVERY, sweep.QUIET, recovery.LATEST) == (60.0, 300.0, 86_400.0)
