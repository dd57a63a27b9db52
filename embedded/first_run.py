"""The first start of an install: an admin key, a demo user with a plan and a key, and the sandbox gateways.

Every step reuses what an earlier try created, so that the next start completes it after a crash. Only keys cannot be
reused: those that were created but not written to the file are revoked and replaced.
"""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

from domain.access.actors import Actor
from domain.access.api_keys import KeyKind
from domain.access.user_scopes import SCOPES
from domain.channels import Channel
from domain.errors import ConflictError
from domain.keyring import CREDENTIALS, Keyring
from embedded.install import write_private
from runtime.settings import Settings
from services.access.first_owner import issue_setup_token
from services.changes import change
from services.sending.sandbox import ensure_sandbox
from store.accounts import accounts, api_keys, plans
from store.gateways.gateway_shares import share
from store.pool import Pool, open_pool

FILE = "first-run.json"
_PLAN = "demo"
_EMAIL = "demo@example.com"
_CREDITS = 1000
_KEY_NAME = "first run"


async def ensure_first_run(settings: Settings) -> None:
    """Write ``<data-dir>/first-run.json``, making what it names; later starts only refresh its addresses.

    Needs a data dir, and a database that is up and migrated.
    """
    assert settings.data_dir is not None
    file = settings.data_dir / FILE
    keys = _kept(file) or await _make(settings)
    content = {**keys, **_addresses(settings)}
    write_private(file, json.dumps(content, indent=2) + "\n")


async def setup_link(settings: Settings) -> str | None:
    """Where a browser creates the first owner, for a day; ``None``: there is one. Links printed before end."""
    pool = await open_pool(settings.database_url, 1, "xsender-first-run")
    try:
        async with change(pool, Actor("system", "dev"), "setup_token.issued") as made:
            token = await issue_setup_token(made)
    except ConflictError:
        return None
    finally:
        await pool.close()
    return f"{_addresses(settings)['url']}/panel/setup?token={token}"


def _kept(file: Path) -> dict[str, Any] | None:
    """The file of an earlier start."""
    return json.loads(file.read_text()) if file.exists() else None


def _addresses(settings: Settings) -> dict[str, str | None]:
    return {
        "url": settings.public_url or f"http://{settings.api_host}:{settings.api_port}",
        "temporal_address": settings.temporal_address,
        "temporal_ui": settings.temporal_ui,
        "database_url": settings.database_url,
    }


async def _make(settings: Settings) -> dict[str, Any]:
    keyring = Keyring.parse(settings.keys.get_secret_value(), CREDENTIALS)
    pool = await open_pool(settings.database_url, 1, "xsender-first-run")
    try:
        sandbox = await ensure_sandbox(pool, keyring)
        await _plan(pool, [gateway.identifier for gateway in sandbox])
        user_id = await _user(pool)
        for gateway in sandbox:
            await share(pool, gateway.id, user_id)
        return {
            "admin_key": await _key(pool, KeyKind.ADMIN, 0),
            "user_key": await _key(pool, KeyKind.USER, user_id),
            "user_id": user_id,
        }
    finally:
        await pool.close()


async def _plan(pool: Pool, identifiers: list[str]) -> None:
    channels = dict.fromkeys(Channel, plans.Allowance(credits=_CREDITS))
    try:
        await plans.create(pool, plans.NewPlan(name=_PLAN, period="forever", channels=channels, gateways=identifiers))
    except ConflictError:  # an earlier try created it
        return


async def _user(pool: Pool) -> int:
    found = await accounts.by_email(pool, _EMAIL) or await accounts.create(pool, _EMAIL, "Demo", _PLAN, uuid4())
    return found.id


async def _key(pool: Pool, kind: KeyKind, account_id: int) -> str:
    for key in await api_keys.list_keys(pool, account_id):
        if key.name == _KEY_NAME:
            await api_keys.revoke(pool, key.id)
    # The user's key may do all that the docs show; otherwise keys are made with few scopes.
    scopes = list(SCOPES) if kind is KeyKind.USER else None
    return (await api_keys.create(pool, kind, account_id, _KEY_NAME, scopes)).text
