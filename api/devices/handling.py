"""What routes of owners and of staff do with devices and tokens.

``account_id``: whose they are; ``None``: anybody's.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from fastapi import Request, Response

from api.devices import models
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.resources.changing import Answer, answer_one, check_match, perform, perform_once
from api.resources.listing import beyond_id, listed
from domain.access.actors import Actor
from domain.devices.qr import svg
from domain.errors import InvalidError, NotFoundError
from services.changes import Change
from services.devices import managing, tokens
from services.devices.shown import (
    Described,
    describe,
    issued_token,
    listed_device,
    listed_token,
    shown_device,
    shown_used_sim,
)
from services.devices.tokens import Issued, Wanted
from services.settings.current import CurrentSettings
from store.devices import lists
from store.devices import tokens as stored_tokens
from store.devices.lists import Filter

_MOST_DRAWN = 100
"""Pictures of an answer: each has some kilobytes."""


async def list_tokens(
    request: Request, account_id: int | None, limit: int, cursor: str | None, form: str | None
) -> Response:
    """A page of pairing tokens, the newest first."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Any]:
        return await stored_tokens.page(pool, account_id, before, most)

    return await listed(request, limit, cursor, form, beyond_id(page), listed_token)


async def issue(
    request: Request, actor: Actor, raw: bytes, account_id: int, body: models.NewTokens, *, draws: bool, dry_run: bool
) -> Response:
    """Make pairing tokens; their texts are answered once."""
    if draws and body.count > _MOST_DRAWN:
        raise InvalidError("token_count", f"at most {_MOST_DRAWN} tokens can be drawn at once", "/count")
    keyring, url = state_of(request).keyring, await _public_url(request)
    device = None if body.device is None else _uuid(body.device)
    wanted = Wanted(body.count, body.gateway, device, body.kind, body.label, body.expires_in)

    async def work(made: Change, _: KeyClaim) -> Answer:
        issued = await tokens.issue(made, keyring, account_id, wanted)
        return "made: they are not shown again", [_issued(one, url, draws) for one in issued]

    return await perform_once(request, actor, "device_tokens.created", raw, work, dry_run=dry_run, is_secret=True)


async def pair_again(
    request: Request,
    actor: Actor,
    raw: bytes,
    account_id: int | None,
    device_id: UUID,
    body: models.NewToken,
    *,
    draws: bool,
    dry_run: bool,
) -> Response:
    """Make a token that pairs a device again."""
    keyring, url = state_of(request).keyring, await _public_url(request)

    async def work(made: Change, _: KeyClaim) -> Answer:
        (issued,) = await tokens.issue_for_device(made, keyring, account_id, device_id, body.kind, body.expires_in)
        return "made: it is not shown again", _issued(issued, url, draws)

    return await perform_once(request, actor, "device_tokens.created", raw, work, dry_run=dry_run, is_secret=True)


async def revoke_token(
    request: Request, actor: Actor, account_id: int | None, token_id: UUID, *, dry_run: bool
) -> Response:
    """Revoke a pairing token."""

    async def work(made: Change) -> Answer:
        await tokens.revoke(made, account_id, token_id)
        return "revoked", None

    return await perform(request, actor, "device_token.revoked", work, dry_run=dry_run)


async def list_devices(request: Request, wanted: Filter, limit: int, cursor: str | None, form: str | None) -> Response:
    """A page of devices, the newest first."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Any]:
        return await lists.page(pool, wanted, before, most)

    return await listed(request, limit, cursor, form, beyond_id(page), listed_device)


async def read(request: Request, account_id: int | None, device_id: UUID) -> Response:
    """A device with all that is known of it."""
    return answer_one(shown_device(await describe(state_of(request).pool, account_id, device_id)))


async def rename(
    request: Request, actor: Actor, account_id: int | None, device_id: UUID, name: str, *, dry_run: bool
) -> Response:
    """Give a device another name."""

    async def work(made: Change) -> Answer:
        check_match(request, shown_device(await describe(made.store, account_id, device_id)))
        await managing.rename(made, account_id, device_id, name)
        return "changed", shown_device(await describe(made.store, account_id, device_id))

    return await perform(request, actor, "device.updated", work, dry_run=dry_run)


async def revoke(request: Request, actor: Actor, account_id: int | None, device_id: UUID, *, dry_run: bool) -> Response:
    """End a device's session for good."""

    async def work(made: Change) -> Answer:
        await managing.revoke(made, account_id, device_id)
        return "revoked", shown_device(await describe(made.store, account_id, device_id))

    return await perform(request, actor, "device.revoked", work, dry_run=dry_run)


async def read_sim(request: Request, account_id: int | None, device_id: UUID, uid: str) -> Response:
    """A SIM of a device."""
    return answer_one(_sim(await describe(state_of(request).pool, account_id, device_id), uid))


async def change_sim(
    request: Request,
    actor: Actor,
    account_id: int | None,
    device_id: UUID,
    uid: str,
    values: Mapping[str, Any],
    *,
    dry_run: bool,
) -> Response:
    """Change a SIM of a device."""

    async def work(made: Change) -> Answer:
        check_match(request, _sim(await describe(made.store, account_id, device_id), uid))
        await managing.alter_sim(made, account_id, device_id, uid, values)
        return "changed", _sim(await describe(made.store, account_id, device_id), uid)

    return await perform(request, actor, "device.sim_updated", work, dry_run=dry_run)


def _sim(found: Described, uid: str) -> dict[str, Any]:
    for sim, used in found.sims:
        if sim.uid == uid:
            return shown_used_sim(sim, used, found.now)
    raise NotFoundError("sim_not_found", f"this device has no SIM {uid!r}")


def _issued(issued: Issued, url: str, draws: bool) -> dict[str, Any]:
    return issued_token(issued, url) | {"qr": svg(issued.text) if draws else None}


async def _public_url(request: Request) -> str:
    """The address of this install as phones reach it."""
    settings = await state_of(request).part(CurrentSettings).recent()
    return settings.public_url or str(request.base_url)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFoundError("device_not_found", f"there is no device with the id {text}") from None
