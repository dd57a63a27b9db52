"""Rules of four eyes: what a second person must approve, and who may be that."""

from datetime import UTC, datetime

from domain.access.actors import Actor
from domain.access.approvals import ApprovalKind
from domain.access.permissions import OWNER, PRESETS
from domain.errors import ConflictError, ForbiddenError, InvalidError, NotFoundError
from services.access.staff import permissions_of
from services.changes import Change
from store.access import approvals, staff
from store.access.approvals import Approval, Policy
from store.accounts import api_keys
from store.pool import Pool

_WITH_AMOUNT = frozenset({"top_up", "batch"})


async def put_policy(change: Change, kind: ApprovalKind, above: int) -> Policy:
    """Have a kind of change need approval; of more than ``above`` credits, if it has an amount.

    Raises:
        InvalidError: it has no amount.
    """
    if above and kind not in _WITH_AMOUNT:
        raise InvalidError("policy_amount", f"{kind} has no amount: leave `above` out", "/above")
    change.about("policy", kind)
    before = {policy.kind: policy.above for policy in await approvals.policies(change.store)}
    policy = await approvals.put_policy(change.store, kind, above)
    change.compare({"above": before.get(kind)}, {"above": above})
    return policy


async def delete_policy(change: Change, kind: ApprovalKind) -> None:
    """Have a kind of change need no approval.

    Raises:
        NotFoundError: it needs none.
    """
    change.about("policy", kind)
    await approvals.delete_policy(change.store, kind)


def check_decider(approval: Approval, actor: Actor) -> None:
    """Refuse to decide on what was decided, and on one's own request.

    Raises:
        ConflictError: it was decided, or has expired.
        ForbiddenError: the actor requested it.
    """
    if approval.state != "pending" or approval.expires_at <= datetime.now(UTC):
        raise ConflictError("approval_decided", "this was decided before, or has expired")
    if is_requester(approval, actor):
        raise ForbiddenError("own_request", "a second person must approve this: nobody approves their own request")


def is_requester(approval: Approval, actor: Actor) -> bool:
    """Whether somebody requested this themselves."""
    return (actor.type, actor.id) == (approval.requested_by["type"], approval.requested_by["id"])


async def rights_of_requester(pool: Pool, approval: Approval) -> frozenset[str]:
    """What who requested a change may do by now: less, if a role, a key or a member was changed or removed."""
    who = approval.requested_by
    now = datetime.now(UTC)
    try:
        if who["type"] == "staff":
            member = await staff.get(pool, int(who["id"]))
            has_ended = member.status != "active" or (member.expires_at is not None and member.expires_at <= now)
            return frozenset() if has_ended else await permissions_of(pool, member.role)
        key = await api_keys.get(pool, who["id"])
    except NotFoundError:
        return frozenset()
    has_ended = key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now)
    return frozenset() if has_ended else PRESETS[OWNER]


async def deny(change: Change, approval_id: int, reason: str) -> Approval:
    """Refuse a change, or take one's own request back.

    Raises:
        NotFoundError: there is none of this id.
        ConflictError: it was decided, or has expired.
    """
    approval = await _find(change, approval_id)
    change.reason = reason
    return await approvals.decide(change.store, approval.id, "denied", change.actor.named, reason)


async def approve_batch(change: Change, approval_id: int) -> Approval:
    """Let a batch or a campaign begin; ``services.batch_approvals`` carries it out.

    Raises:
        NotFoundError, ConflictError, ForbiddenError: as in ``approve``.
        ConflictError: it is neither.
    """
    if not (await approvals.get(change.store, approval_id)).is_of_messages:
        raise ConflictError("approval_request", "approve this over HTTP, or make the change yourself on the machine")
    return await approve(change, approval_id)


async def approve(change: Change, approval_id: int) -> Approval:
    """Decide that a change may be made.

    Raises:
        NotFoundError: there is none of this id.
        ConflictError: it was decided, or has expired.
        ForbiddenError: the actor requested it.
    """
    approval = await _find(change, approval_id)
    check_decider(approval, change.actor)
    return await approvals.decide(change.store, approval.id, "approved", change.actor.named)


async def _find(change: Change, approval_id: int) -> Approval:
    approval = await approvals.get(change.store, approval_id)
    change.about("approval", approval.id, approval.kind)
    return approval
