"""Callback endpoints, by address: of the admin, or of a user: ``ann@example.com https://example.com/hook``.

Whoever makes one gets the events of all messages of its owner, with their recipients.
"""

import base64
import binascii
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from domain.callbacks import EventType
from domain.errors import InvalidError
from domain.keyring import Keyring
from domain.merge_patch import KEPT
from domain.messages.page import ADMIN_ACCOUNT
from gateways.callback import CallbackUrl
from services.changes import Change
from services.settings.changing import compare_all
from services.settings_file.kind import Form, Found, Path, unopened, validated
from services.settings_file.owners import key_of, need_owner, owners_of, taken_apart
from services.settings_file.secrets import allowing_references, secret_places
from store.callbacks import callback_endpoints, callback_files
from store.callbacks.callback_endpoints import NewEndpoint
from store.pool import Connections

_OVERLAP = timedelta(hours=24)
"""How long the former secret also signs."""
_SECRET = "secret"  # noqa: S105 - the name of a field
_MARK = "whsec_"


def _signing_secret(text: str) -> str:
    try:
        raw = base64.b64decode(text.removeprefix(_MARK), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not text.startswith(_MARK) or not 24 <= len(raw) <= 64:
        raise ValueError(f"must be {_MARK} and the base64 form of 24 to 64 bytes")
    return text


class Callback(BaseModel):
    """An endpoint for events of messages."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    events: Annotated[list[EventType], Field(min_length=1, max_length=len(EventType))] | None = None
    description: Annotated[str, Field(strict=True, max_length=200)] = ""
    enabled: Annotated[bool, Field(strict=True)] = True
    allow_private_network: Annotated[bool, Field(strict=True)] = False
    secret: Annotated[str, Field(strict=True), AfterValidator(_signing_secret)] | None = Field(default=None, repr=False)


class Callbacks:
    """The kind ``callbacks``."""

    section, target, is_single = "callbacks", "callback", False
    makes_secrets = True
    reads = frozenset({"settings:read"})
    writes = deletes = frozenset({"settings:write", "messages:reveal"})
    actions = ("callback.created", "callback.updated", "callback.deleted")

    def schema(self) -> dict[str, Any]:
        return allowing_references(Callback.model_json_schema(), {_SECRET})

    def checked(self, key: str, form: Any) -> Form:
        owner, url = taken_apart(key)
        _check_address(owner, url)
        kept = isinstance(form, dict) and form.get(_SECRET) in (None, KEPT)
        shown = {name: value for name, value in form.items() if name != _SECRET} if kept else form
        endpoint = validated(Callback, shown)
        assert isinstance(endpoint, Callback)
        if owner and endpoint.allow_private_network:
            raise InvalidError("private_network", "only the admin's may be there", "/allow_private_network")
        if owner and EventType.AUDIT_EVENT in (endpoint.events or ()):
            raise InvalidError("event_of_admin", "only the admin's may have events of the audit log", "/events")
        whole = endpoint.model_dump(mode="json")
        events = None if endpoint.events is None else sorted(set(whole["events"]))
        return {**whole, "events": events, _SECRET: endpoint.secret or KEPT}

    def secrets(self, form: Any) -> list[Path]:
        return secret_places(form, {(_SECRET,)})

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        owners = {account_id: owner for owner, account_id in (await owners_of(store, keys)).items()}
        found: dict[str, Found] = {}
        for stored, secret in await callback_files.of_owners(store, keyring, list(owners), lock=lock):
            key = key_of(owners[stored.account_id], stored.url)
            if key in found:  # of several at one address the oldest is the one that a file can name
                continue
            if stored.account_id == ADMIN_ACCOUNT or key in keys:
                found[key] = unopened(stored.id) if secret is None else Found(str(stored.id), _form(stored, secret))
        return found

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        owner, url = taken_apart(key)
        account_id = await need_owner(change.store, owner)
        endpoint_id = uuid4() if now is None else UUID(now.object_id)
        change.about(self.target, endpoint_id, url)
        if EventType.AUDIT_EVENT in (form["events"] or ()):
            change.actor.check("audit:read")
        secret = None if form[_SECRET] is KEPT else form[_SECRET]
        if now is None:
            new = NewEndpoint(
                endpoint_id, account_id, url, form["events"], form["description"], form["allow_private_network"]
            )
            await callback_endpoints.add(change.store, keyring, new, secret)
            if not form["enabled"]:
                await callback_endpoints.change(change.store, endpoint_id, account_id, {"enabled": False})
        else:
            changes = {name: value for name, value in form.items() if name != _SECRET and value != now.form[name]}
            if changes:
                await callback_endpoints.change(change.store, endpoint_id, account_id, changes)
            if secret is not None and secret != now.form[_SECRET]:
                until = datetime.now(UTC) + _OVERLAP
                await callback_endpoints.rotate(change.store, keyring, endpoint_id, account_id, until, secret)
        _compare(change, now.form if now else {}, form)
        return str(endpoint_id)

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        change.about(self.target, now.object_id, taken_apart(key).name)
        await callback_endpoints.remove(change.store, UUID(now.object_id))
        _compare(change, now.form, {})


def _compare(change: Change, before: Form, after: Form) -> None:
    old, new = ({name: value for name, value in form.items() if name != _SECRET} for form in (before, after))
    compare_all(change, old, new)
    given = after.get(_SECRET)
    if given is not KEPT and given != before.get(_SECRET):
        change.compare({_SECRET: None}, {_SECRET: True}, hidden=(_SECRET,))


def _check_address(owner: str, url: str) -> None:
    try:
        TypeAdapter(CallbackUrl).validate_python(url)
    except ValidationError:
        raise InvalidError("file_key", "call a callback by its address; a user's begins with its owner") from None
    if owner and not url.lower().startswith("https:"):
        raise InvalidError("https_required", "the address of a user's callback must begin with https://")


def _form(stored: callback_endpoints.Endpoint, secret: str) -> Form:
    return {
        "events": None if stored.events is None else sorted(stored.events),
        "description": stored.description,
        # One that we disabled because it fails is not changed by anybody: that comes and goes.
        "enabled": stored.enabled or stored.disabled_reason is not None,
        "allow_private_network": stored.allow_private_network,
        _SECRET: secret,
    }
