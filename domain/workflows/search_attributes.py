"""By what an operator finds workflows in Temporal. Its index is not encrypted: no personal data, ever."""

from collections.abc import Sequence
from typing import Literal

from domain.lanes import Lane

CHANNEL = "XsenderChannel"
LANE = "XsenderLane"
ACCOUNT = "XsenderAccount"
OUTCOME = "XsenderOutcome"
NAMES = (CHANNEL, LANE, ACCOUNT, OUTCOME)
"""All of them are keywords. The first three are set as a workflow starts, where it has them."""

LANES = (*(lane.value for lane in Lane), "receipts", "callbacks", "operations", "automations", "leads")
"""Of messages, and of other work what its queue is for."""

SHARED = "shared"
"""The account of a page with messages of several."""

Outcome = Literal["", "expired", "failed", "unknown", "parked"]
"""Set only as something goes wrong: messages ``expired`` or ``failed``, or another work of a workflow failed; of a
message it is ``unknown`` whether it was sent; a lead is ``parked`` until its source is mended."""
OUTCOMES: tuple[Outcome, ...] = ("expired", "failed", "unknown", "parked")
_RANKS: dict[Outcome, int] = {"": 0, "expired": 1, "failed": 2, "unknown": 3, "parked": 0}


def worst(one: Outcome, other: Outcome) -> Outcome:
    """Of two outcomes of messages the one that needs a look more."""
    return other if _RANKS[other] > _RANKS[one] else one


def of_state(state: str) -> Outcome:
    """The outcome of a message that ended in this state; what somebody wanted, or rules refuse, is none."""
    if state in ("failed", "undelivered"):
        return "failed"
    return "expired" if state == "expired" else ""


def started_with(channel: str, lane: str, account: int | None, accounts: Sequence[int] = ()) -> dict[str, str]:
    """What a workflow is found by from its start: those that it has. ``accounts``: as a page has them."""
    shared = len(set(accounts)) > 1
    values = {CHANNEL: channel, LANE: lane, ACCOUNT: SHARED if shared else "" if account is None else str(account)}
    return {name: value for name, value in values.items() if value}
