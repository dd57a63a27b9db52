"""The page about simulations cannot fall behind the code, and its commands work as they stand."""

import json
import re
from pathlib import Path

from services.automations.simulating import simulation
from services.automations.simulating.given import MOST_EVENTS, Expect
from services.automations.simulating.reading import read_cases
from services.automations.starters.listing import starters

PAGE = (Path(__file__).parents[2] / "docs" / "automations" / "simulate.md").read_text()


def test_every_starter_is_listed():
    table = PAGE.split("## Automations to start from")[1]
    assert re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE) == [
        *("welcome-series", "cart-rescue", "lead-reply", "appointment-reminder", "win-back"),
        *("birthday", "double-opt-in", "payment-failed", "review-request", "otp-fallback"),
    ]
    assert {f"`{name}`" for name in starters()} <= set(re.findall(r"`[\w-]+`", table))


def test_every_expectation_is_documented():
    table = PAGE.split("| `expect` | |")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.strip().splitlines()[1:]))) == set(
        Expect.model_fields
    )


def test_bounds_are_documented():
    words = f"at most {simulation.MOST_ROUNDS} steps and events, {MOST_EVENTS} events of yours, and "
    assert f"{words}{simulation.MOST_SECONDS:g} seconds" in PAGE


def test_the_case_is_one():
    (block,) = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)
    assert read_cases(json.loads(block))[0].name == "clicks, and buys nothing"
