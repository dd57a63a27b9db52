"""Sources as they are answered."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request

from api.http.state import state_of
from domain.keyring import Keyring, KeyringError
from services.leads.credentials import GIVEN
from services.leads.models import Settings
from services.settings.current import CurrentSettings
from store.leads import waiting
from store.leads.sealing import open_credentials
from store.leads.sources import Source
from store.pool import Connections

_COPIED = ("key", "kind", "name", "state", "token_until", "refused", "unknown", "last_lead_at")
_TIMES = ("fetched_at", "backfilled_at", "created_at", "updated_at")
_DOORS = {"google": "/api/webhook/google-ads-lead", "linkedin": "/api/webhook/linkedin-leads", "form": "/api/leads"}
_META = "/api/webhook/meta-lead-ads"


async def shown(request: Request, store: Connections, source: Source) -> dict[str, Any]:
    """A source, without what is secret of it."""
    return (await shown_all(request, store, [source]))[0]


async def shown_all(request: Request, store: Connections, sources: Sequence[Source]) -> list[dict[str, Any]]:
    """Several."""
    state = state_of(request)
    base = (await state.part(CurrentSettings).recent()).public_url or str(request.base_url)
    counts = await waiting.count_parked(store, [source.id for source in sources])
    return [_shown(source, base.rstrip("/"), state.keyring, counts.get(source.id, 0)) for source in sources]


def _shown(source: Source, base: str, keyring: Keyring, waiting_count: int) -> dict[str, Any]:
    held = _held(source, keyring)
    row: dict[str, Any] = {"id": str(source.id)} | {name: getattr(source, name) for name in _COPIED}
    is_parked = source.state == "parked"
    row["parked"] = (
        {"code": source.parked_code, "reason": source.parked_reason, "at": source.parked_at} if is_parked else None
    )
    row |= {name: source.settings.get(name) for name in Settings.model_fields}
    row["webhook_url"] = base + _door(source, held or [])
    row["credentials"] = held
    row["waiting"] = waiting_count
    row["last_refused"] = (
        None if source.last_refused is None else {"at": source.last_refused_at, "why": source.last_refused}
    )
    return row | {name: getattr(source, name) for name in _TIMES}


def _door(source: Source, held: Sequence[str]) -> str:
    """Pages whose app is the install's share one address: it has no secret of theirs."""
    if source.kind == "meta":
        return f"{_META}/{source.id}" if "app_secret" in held else _META
    return f"{_DOORS[source.kind]}/{source.id}"


def _held(source: Source, keyring: Keyring) -> list[str] | None:
    try:
        held = open_credentials(keyring, source.id, source.sealed)
    except KeyringError:
        return None
    return [name for name in GIVEN[source.kind] if name in held]
