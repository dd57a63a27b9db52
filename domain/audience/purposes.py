"""Purposes: what messages are for, as their recipients allow or refuse it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from domain.channels import Channel
from domain.errors import InvalidError
from domain.lanes import Lane

TRANSACTIONAL = "transactional"
MARKETING = "marketing"
EVERYTHING = "*"
"""In records of consent: all purposes that are not transactional."""

MOST_PURPOSES = 50
"""That an account may have, built-in ones included: recipients are shown them all."""

Default = Literal["opt_in", "opt_out"]

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]{0,49}")


@dataclass(frozen=True, slots=True)
class Purpose:
    """What messages of an account are for."""

    key: str
    name: str
    channels: tuple[str, ...] = tuple(Channel)
    """Those that it is used on."""
    default: Default = "opt_out"
    """``opt_in``: only recipients who granted consent get its messages; ``opt_out``: all who did not refuse."""
    public: bool = True
    """Whether recipients see it, and may choose."""
    transactional: bool = False
    """Whether its messages are owed to their recipients: consent is never asked."""

    @property
    def is_built_in(self) -> bool:
        """Whether every account has it."""
        return self.key in BUILT_IN


BUILT_IN: Mapping[str, Purpose] = {
    TRANSACTIONAL: Purpose(TRANSACTIONAL, "Transactional messages", public=False, transactional=True),
    MARKETING: Purpose(MARKETING, "News and offers"),
}
"""By key; as they are until an account changes them."""


def of_lane(lane: str) -> str:
    """The purpose of messages whose request names none."""
    return TRANSACTIONAL if lane == Lane.TRANSACTIONAL else MARKETING


def stored(purpose: str) -> str | None:
    """A purpose as messages are stored with it: ``None`` stands for ``transactional``."""
    return None if purpose == TRANSACTIONAL else purpose


def is_key(text: str) -> bool:
    """Whether a purpose may have this key."""
    return _KEY.fullmatch(text) is not None


def with_built_in(own: Iterable[Purpose]) -> list[Purpose]:
    """All purposes of an account, the built-in ones first; ``own``: those that it made or changed."""
    return list({**BUILT_IN, **{purpose.key: purpose for purpose in own}}.values())


def check_purpose(own: Sequence[Purpose], key: str, channels: Iterable[str]) -> Purpose:
    """The purpose that messages name. ``own``: as in ``with_built_in``.

    Raises:
        InvalidError: the account has none of this key, or does not use it on one of these channels.
    """
    found = next((purpose for purpose in own if purpose.key == key), BUILT_IN.get(key))
    if found is None:
        known = ", ".join(purpose.key for purpose in with_built_in(own))
        raise InvalidError("purpose_unknown", f"there is no purpose {key!r}: this account has {known}", "/purpose")
    if wrong := [str(channel) for channel in channels if channel not in found.channels]:
        message = f"the purpose {key!r} is not used on {wrong[0]}: name another one, or add the channel to it"
        raise InvalidError("purpose_channel", message, "/purpose")
    return found
