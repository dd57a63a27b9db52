"""The page about accounts cannot fall behind the code."""

from pathlib import Path

from activities.dispatching.delivery import _SLICE
from domain.messages.routing import ACCOUNT_SUSPENDED, Sender, choose_for
from tests.domain.test_routing import NOW, ask

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()


def test_what_messages_wait_for_and_how_they_end_is_documented():
    assert f"`{ACCOUNT_SUSPENDED}`" in PAGE
    (ending,) = choose_for(Sender("deleted", []), ask(), NOW).none
    assert f"end `{ending.state}` with the code `{ending.code}`" in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"at most {_SLICE} messages, or a quarter of a second" in PAGE
