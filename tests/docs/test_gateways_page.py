"""The documentation cannot fall behind the code."""

from pathlib import Path
from typing import get_args

import pytest

from api.gateways.models import BreakerState, OutcomesAnswer
from api.gateways.routes import router
from domain.limits import PAGE_LIMITS
from domain.messages.routing import PAUSED_LOOK, Mode
from gateways.config.template import FIELDS
from gateways.registry import GATEWAY_TYPES
from services.gateway_trial import TRIAL_RATE
from worker.periodic_tasks import HEALTH_DAYS

PAGE = (Path(__file__).parents[2] / "docs" / "gateways.md").read_text()


@pytest.mark.parametrize("name", GATEWAY_TYPES)
def test_every_field_of_every_gateway_type_is_documented(name):
    assert f"## `{name}`" in PAGE
    section = PAGE.split(f"## `{name}`")[1].split("\n## ")[0]
    shared = PAGE.split("## Every type")[1].split("\n## ")[0]
    missing = [field for field in GATEWAY_TYPES[name].config.model_fields if f"`{field}`" not in section + shared]
    assert not missing


@pytest.mark.parametrize("route", router.routes, ids=lambda route: route.name)
def test_every_route_is_documented(route):
    (method,) = route.methods
    assert f"`{method} {route.path}`" in PAGE


@pytest.mark.parametrize("word", [*Mode, *get_args(BreakerState), *OutcomesAnswer.model_fields, "gateway_paused"])
def test_every_word_of_a_gateway_at_work_is_documented(word):
    assert f"`{word}`" in PAGE


def test_the_limits_are_those_of_the_code():
    assert TRIAL_RATE == (5 / 60, 5)
    assert "five in a row, then five a minute" in PAGE
    assert f"the\n{PAGE_LIMITS.wait // 3600:.0f} hours in which" in PAGE
    assert PAUSED_LOOK == 300
    assert "within five minutes" in PAGE
    assert HEALTH_DAYS == 7
    assert "kept for seven days" in PAGE


@pytest.mark.parametrize("field", FIELDS)
def test_every_placeholder_is_documented(field):
    assert f"`{{{{ {field} }}}}`" in PAGE
