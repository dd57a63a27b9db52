"""What a phone needs of a protocol, and what a protocol needs of a phone."""

from collections.abc import Sequence
from typing import Protocol

from phones.messages import Entry, Inbound, Message


class Tray(Protocol):
    """Where a door puts what the server says."""

    def offer(self, message: Message) -> None:
        """A message is to be sent; of one that the phone knows the state is reported instead."""

    def take_back(self, message: Message) -> None:
        """A message is not to be sent, unless it has begun."""

    def cancel(self, uid: str) -> None:
        """The same of a message that the server names without showing it."""


class Door(Protocol):
    """A protocol."""

    @property
    def batch(self) -> int:
        """Most messages of one report."""

    async def open(self) -> None:
        """Pair, or go on with the session that the phone has.

        Raises:
            SessionEnded: the server refuses it.
            NoNetwork, Refused: not now.
        """

    async def receive(self) -> None:
        """Take messages for ever.

        Raises:
            SessionEnded: the server knows the phone no more.
        """

    async def report(self, entries: Sequence[Entry]) -> None:
        """Say what state these messages are in; with none of them: that the phone is alive.

        Raises:
            NoNetwork, Refused: the server may not know it.
        """

    async def forward(self, inbound: Inbound) -> None:
        """Hand on a message that the phone received.

        Raises:
            NoNetwork, Refused: the server may not have it.
        """
