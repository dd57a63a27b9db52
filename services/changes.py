"""A change by staff: one transaction with the change and its entry in the audit log, which a dry run rolls back."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from domain.access.actors import Actor
from domain.access.approvals import ApprovalKind, ApprovalNeeded, Sensitive
from domain.errors import ForbiddenError
from store.access import approvals
from store.access.audit import FieldChange, NewEvent, Target, append
from store.connection import Connection
from store.pool import Connections, InTransaction, Pool


@dataclass(slots=True)
class Change:
    """A change in progress."""

    actor: Actor
    store: Connections
    """Has the store's functions work in this transaction."""
    targets: list[Target] = field(default_factory=list)
    changes: list[FieldChange] = field(default_factory=list)
    reason: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)
    sensitive: list[Sensitive] = field(default_factory=list)
    parts: "list[tuple[Change, str]]" = field(default_factory=list)
    is_settled: bool = False
    """Whether it is known that nobody else must approve it."""

    def part(self, action: str) -> "Change":
        """A change within this one that has an event of its own; it is written with the one of this."""
        part = Change(self.actor, self.store, sensitive=self.sensitive)
        self.parts.append((part, action))
        return part

    def about(self, kind: str, id_: object, name: str = "") -> None:
        """Note an object that is changed; the first one is what the log is searched by."""
        target = Target(kind, str(id_), name)
        if target not in self.targets:
            self.targets.append(target)

    def may_need_approval(self, kind: ApprovalKind, amount: int | None = None) -> None:
        """Note that this is a change that a second person must approve if there is a policy for it."""
        self.sensitive.append(Sensitive(kind, amount))

    def compare(self, before: Mapping[str, Any], after: Mapping[str, Any], hidden: Sequence[str] = ()) -> None:
        """Note which fields differ; of those ``hidden``, secrets and personal data, only that they do."""
        for name in after:
            if before.get(name) != after[name]:
                values = () if name in hidden else (before.get(name), after[name])
                self.changes.append(FieldChange(name, *values))


@asynccontextmanager
async def change(
    pool: Pool, actor: Actor, action: str, *, dry_run: bool = False, only_if_changed: bool = False
) -> AsyncIterator[Change]:
    """A transaction for a change. It is rolled back if the change fails, and if it is a dry run.

    A refusal for a lack of rights is logged as denied. ``only_if_changed``: nothing is logged if no field differs.

    Raises:
        ApprovalNeeded: a second person must approve it first.
    """
    async with pool.connection() as conn:
        made = Change(actor, InTransaction(conn))
        try:
            async with conn.transaction(force_rollback=dry_run):
                yield made
                await settle_approval(made)
                for part, its_action in made.parts:
                    await append(conn, _event(part, its_action))
                if made.changes or not only_if_changed:
                    await append(conn, _event(made, action))
        except ForbiddenError as error:
            if not dry_run:
                made.metadata["denied"] = error.code
                async with conn.transaction():
                    await append(conn, _event(made, action, is_denied=True))
            raise


class Changes:
    """Several changes in one transaction, each done or refused by itself, each with its own entry."""

    def __init__(self, conn: Connection, actor: Actor) -> None:
        self.store: Connections = InTransaction(conn)
        self._conn = conn
        self._actor = actor
        self._events: list[NewEvent] = []

    @asynccontextmanager
    async def one(self, action: str) -> AsyncIterator[Change]:
        """One of the changes. If it fails, it alone is rolled back.

        Raises:
            ApprovalNeeded: a second person must approve it: it is to be sent by itself.
        """
        made = Change(self._actor, self.store)
        try:
            async with self._conn.transaction():
                yield made
                await settle_approval(made)
        except ForbiddenError as error:
            made.metadata["denied"] = error.code
            self._events.append(_event(made, action, is_denied=True))
            raise
        self._events.append(_event(made, action))

    async def log(self) -> None:
        """Write the entries: at the end, as other changes wait from then on until the transaction ends."""
        for event in self._events:
            await append(self._conn, event)


@asynccontextmanager
async def changes(pool: Pool, actor: Actor, *, dry_run: bool = False) -> AsyncIterator[Changes]:
    """A transaction for several changes. It is rolled back if it is a dry run."""
    async with pool.connection() as conn, conn.transaction(force_rollback=dry_run):
        made = Changes(conn, actor)
        yield made
        await made.log()


async def log_denied(
    pool: Pool, actor: Actor, action: str, targets: Sequence[Target] = (), metadata: Mapping[str, Any] | None = None
) -> None:
    """Log an attempt that was refused before it began."""
    async with pool.connection() as conn, conn.transaction():
        await append(conn, NewEvent(action, actor, targets, outcome="denied", metadata=metadata or {}))


async def settle_approval(made: Change) -> None:
    """Refuse what a second person must approve first. It is done at the end of each change; a rule does it itself
    before something that no rollback undoes.

    Whoever can run commands on the machine needs no approval, nor do users for what is their own.

    Raises:
        ApprovalNeeded: a second person must approve it first.
        ConflictError: it was decided meanwhile.
    """
    if made.is_settled:
        return
    actor = made.actor
    if actor.approved is not None:
        by = actor.approved.by
        await approvals.decide(made.store, actor.approved.id, "approved", by.named)
        made.metadata |= {"approval": actor.approved.id, "approved_by": by.named}
        approval = Target("approval", str(actor.approved.id))
        async with made.store.connection() as conn:
            await append(conn, NewEvent("approval.approved", by, [approval, *made.targets]))
    elif actor.type not in ("cli", "user") and (needs := await approvals.exceeded(made.store, made.sensitive)):
        changes = [one.named for one in made.changes]
        details = {"reason": made.reason, "changes": changes, "metadata": made.metadata}
        raise ApprovalNeeded(needs, [asdict(target) for target in made.targets], details)
    made.is_settled = True


def _event(made: Change, action: str, *, is_denied: bool = False) -> NewEvent:
    return NewEvent(
        action,
        made.actor,
        made.targets,
        () if is_denied else made.changes,
        made.reason,
        "denied" if is_denied else "ok",
        made.metadata,
    )
