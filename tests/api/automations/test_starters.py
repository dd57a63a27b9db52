"""Each automation to start from does what its cases say."""

import pytest

from domain.automations.definition.parsing import parse_flow
from services.automations.simulating.reading import read_cases
from services.automations.simulating.report import shown
from services.automations.simulating.simulating import Simulations
from services.automations.starters.listing import Starter, starters
from tests.api.automations.automations import call, data, holder
from tests.stack import Stack

NAMES = [
    "appointment-reminder",
    "birthday",
    "cart-rescue",
    "double-opt-in",
    "lead-reply",
    "otp-fallback",
    "payment-failed",
    "review-request",
    "welcome-series",
    "win-back",
]


def test_all_are_there():
    assert list(starters()) == NAMES


@pytest.mark.parametrize("starter", starters().values(), ids=lambda one: one.name)
async def test_a_starter_does_what_its_cases_say(stack: Stack, starter: Starter):
    user = await stack.user(0)
    simulations = Simulations(stack.pool, stack.settings.for_install)
    flow = parse_flow(starter.definition)
    assert flow.key == starter.name
    assert len(starter.tests) >= 2
    for case in read_cases(list(starter.tests)):
        report = await simulations.simulate(user.id, flow, case)
        answer = shown(report, case.expect)
        assert (answer["met"], answer["warnings"]) == (True, []), (case.name, answer)
        failed = [one.code for one in report.messages.values() if one.code and not one.left_at]
        assert failed == [], (case.name, answer)


async def test_starters_are_listed_and_read(stack: Stack):
    user = await holder(stack)
    listed = (await data(stack, user, "GET", "/automations/starters"))["starters"]
    assert [one["name"] for one in listed] == NAMES
    found = await data(stack, user, "GET", "/automations/starters/birthday")
    assert found["definition"]["key"] == "birthday"
    for case in found["tests"]:
        given = {"definition": found["definition"]} | case
        assert (await data(stack, user, "POST", "/automations/simulate", given))["met"]
    assert (await call(stack, user, "GET", "/automations/starters/nothing")).status_code == 404
