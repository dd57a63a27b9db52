"""docs/alerts.md: each check that alerts is in its table, and so is what holds for the doctor's page."""

from pathlib import Path

import pytest

from domain.callbacks import EventType
from services.alerts.rules import RULES
from services.doctor.limits import DATABASES_USED, EXPIRY_DAYS, FAILING_LEAST, FAILING_MINUTES

PAGE, DOCTOR = (Path(f"docs/{name}.md").read_text() for name in ("alerts", "doctor"))


@pytest.mark.parametrize("check", [rule.check for rule in RULES])
def test_every_check_is_documented(check: str):
    assert f"| `{check}` |" in PAGE
    assert f"`{check}`" in DOCTOR


def test_events_and_limits_are_documented():
    assert all(f"`{kind}`" in PAGE for kind in EventType if kind.startswith("alert."))
    attempts = f"of {FAILING_LEAST} or more attempts through a gateway in {FAILING_MINUTES:.0f} minutes"
    used = f"{DATABASES_USED['warning']:.0%}".replace("%", " %")
    assert all(text in PAGE for text in (attempts, used, f"ends within {EXPIRY_DAYS:.0f} days"))
