"""The page about accounts cannot fall behind the code."""

from pathlib import Path

from activities.dispatching.delivery import _SLICE
from domain.messages.routing import ACCOUNT_SUSPENDED, Sender, choose_for
from services.accounts.users import CANCEL_WAITING
from services.operations.cancel_waiting import _MOST, SETTLED_AFTER
from tests.domain.test_routing import NOW, ask

PAGE = (Path(__file__).parents[2] / "docs" / "accounts.md").read_text()


def test_what_messages_wait_for_and_how_they_end_is_documented():
    assert f"`{ACCOUNT_SUSPENDED}`" in PAGE
    (ending,) = choose_for(Sender("deleted", []), ask(), NOW).none
    assert f"end `{ending.state}` with the code `{ending.code}`" in PAGE


def test_how_a_suspended_accounts_messages_end_is_documented():
    (ending,) = choose_for(Sender("suspended", [], cancels_waiting=True), ask(), NOW).none
    assert f"are {ending.state}, with the code `{ending.code}`" in PAGE
    assert f"`{CANCEL_WAITING}`. It begins {SETTLED_AFTER:g} s after" in PAGE
    assert f"up to {_MOST} of them" in PAGE


def test_the_limits_are_those_of_the_code():
    assert f"at most {_SLICE} messages, or a quarter of a second" in PAGE
