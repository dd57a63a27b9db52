"""Kinds of operations. Each is a small module that can count its work, and do a slice of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from temporalio.client import Client

from domain.keyring import Keyring
from domain.operations.slices import Sliced
from services.sending.page_start import StartPage
from store.operations.operations import Operation
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class Slice:
    """What a slice works with."""

    operation: Operation
    store: Connections
    """Has the store's functions work in the slice's transaction, which is stored with the progress."""
    client: Client
    """Of Temporal. What is asked of it must be safe to repeat: the transaction may be rolled back afterwards."""
    keyring: Keyring
    start: StartPage
    afterwards: list[Callable[[Pool], Awaitable[None]]] = field(default_factory=list)
    """What is done once the slice is stored: at once, but not at all if the process dies. So the operation's place must
    say that it is still to be done, and doing it twice must be safe.
    """

    @property
    def input(self) -> Mapping[str, Any]:
        """What is to be done."""
        return self.operation.input

    @property
    def account_id(self) -> int:
        """Whose data it works on."""
        assert self.operation.account_id is not None
        return self.operation.account_id


class Kind(Protocol):
    """One kind of operation."""

    name: str
    """Such as ``users.bulk``; it stays, as stored operations have it."""
    may_be_cancelled: bool
    scope: str
    """Of a user's key that may cancel one: the scope with which it is begun. "": staff alone begins it."""

    async def count(self, work: Slice) -> int | None:
        """How many items there are. ``None``: that is found out by and by."""

    async def slice(self, work: Slice) -> Sliced:
        """Do some more, from ``work.operation.place`` on (``None``: from the start), in a second or two.

        Raises:
            XsenderError: the operation cannot go on: it ends as ``failed``.
        """
