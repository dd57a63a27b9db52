"""Changes that need a second person: the request is kept, sealed, and made again once it is approved."""

from collections.abc import MutableMapping
from dataclasses import dataclass
from typing import Any

import orjson
from fastapi import Request

from api.http.state import state_of
from domain.access.actors import Actor, Approved
from domain.access.approvals import ApprovalNeeded
from domain.access.permissions import narrowed
from services.changes import Change
from store.access import approvals
from store.access.approvals import Approval

_SCOPE = "xsender.approved"
"""Where the ASGI scope of a repeated request has who acts; no client can put anything there."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to a repeated request."""

    status: int
    body: Any


def approved_actor(request: Request) -> Actor | None:
    """Who acts in a request that is made again; ``None``: it is an ordinary one."""
    actor = request.scope.get(_SCOPE)
    return actor if isinstance(actor, Actor) else None


async def keep(request: Request, made: Change, action: str, needed: ApprovalNeeded) -> Approval:
    """Keep a request until it is approved. ``made``: a change of its own, as nothing else was done."""
    approval = await approvals.add(
        made.store, needed.sensitive, action, made.actor.named, needed.targets, details=needed.details
    )
    kept = {
        "method": request.method,
        "path": request.scope["raw_path"].decode(),
        "query": request.scope["query_string"].decode(),
        "if_match": request.headers.get("if-match"),
        "body": getattr(request.state, "body", b"").decode(),
        "permissions": sorted(made.actor.permissions),
        "context": dict(made.actor.context),
    }
    sealed = state_of(request).keyring.encrypt(orjson.dumps(kept), _aad(approval.id))
    await approvals.keep_request(made.store, approval.id, sealed)
    made.about("approval", approval.id, approval.kind)
    for target in needed.targets:
        made.about(target["type"], target["id"], target["name"])
    return approval


async def repeat(request: Request, approval: Approval, by: Actor, allowed: frozenset[str]) -> Answered:
    """Make a kept request again. Its change decides the approval in its own transaction, so it is made once.

    ``allowed``: what who requested it may do by now.

    Raises:
        ConflictError: it was decided meanwhile.
    """
    state = state_of(request)
    sealed = await approvals.request_of(state.pool, approval.id)
    kept: dict[str, Any] = orjson.loads(state.keyring.decrypt(sealed, _aad(approval.id)))
    who = approval.requested_by
    actor = Actor(
        who["type"],
        who["id"],
        who["name"],
        who["role"],
        narrowed(allowed, kept["permissions"]),
        kept["context"],
        Approved(approval.id, by),
    )
    return await _call(request, kept, actor)


async def _call(request: Request, kept: dict[str, Any], actor: Actor) -> Answered:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(kept["body"].encode())).encode())]
    if kept["if_match"] is not None:
        headers.append((b"if-match", kept["if_match"].encode("latin-1")))
    scope = {
        **{name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "server", "client")},
        "method": kept["method"],
        "path": kept["path"],
        "raw_path": kept["path"].encode(),
        "root_path": "",
        "query_string": kept["query"].encode(),
        "headers": headers,
        "state": {},
        _SCOPE: actor,
    }
    body = iter([{"type": "http.request", "body": kept["body"].encode(), "more_body": False}])
    status, parts = 0, bytearray()

    async def receive() -> MutableMapping[str, Any]:
        return next(body, {"type": "http.disconnect"})

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            parts.extend(message.get("body", b""))

    await request.app(scope, receive, send)
    return Answered(status, orjson.loads(parts))


def _aad(approval_id: int) -> bytes:
    return f"approvals|request|{approval_id}".encode()
