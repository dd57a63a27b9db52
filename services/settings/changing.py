"""Rules for the settings of the whole install, shared by the API and the CLI."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from domain.access.networks import may_come
from domain.channels import Channel
from domain.errors import ConflictError, FieldError, InvalidError, invalid, pointer
from domain.keyring import Keyring, KeyringError
from domain.merge_patch import merge
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.redact import patched, shown
from gateways.registry import find_type, read_config
from services.changes import Change
from services.settings.current import effective, in_place
from services.settings.models import InstallSettings, leaves
from store.pool import Connections
from store.settings import install_settings

MAIL = "system_mail"
_SMTP = "smtp"
"""The type of gateway whose configuration the system's mail server has."""


@dataclass(frozen=True, slots=True)
class Described:
    """The settings as staff sees them."""

    settings: InstallSettings
    system_mail: dict[str, Any] | None
    """Of its secrets only that they are set. ``None``: there is none, or it does not open."""
    sources: dict[str, str]
    """By field, where its value is from: ``stored``, ``environment`` or ``default``."""


async def describe(store: Connections, keyring: Keyring, environment: Mapping[str, Any]) -> Described:
    """The settings that hold now, and where each is from."""
    stored = await install_settings.read(store)
    settings = effective(environment, stored.settings)
    set_here, given = leaves(stored.settings), leaves(in_place(environment))
    sources = {
        name: "stored" if name in set_here else "environment" if name in given else "default"
        for name in leaves(settings.model_dump())
    }
    sources[MAIL] = "default" if stored.sealed_mail is None else "stored"
    mail = None if stored.sealed_mail is None else _opened(keyring, stored.sealed_mail)
    return Described(settings, mail and shown(find_type(_SMTP).config, mail), sources)


async def change_settings(change: Change, keyring: Keyring, patch: Mapping[str, Any]) -> None:
    """Change settings as a JSON Merge Patch (RFC 7396) says: what ``null`` removes is as the environment says, or has
    its default.

    ``system_mail`` is merged into the stored one: secrets that it does not name stay.

    Raises:
        InvalidError: a value cannot be one; each place that does not fit is named.
        InvalidGatewayConfig: that of the mail server is not right, or would send its password elsewhere.
        ConflictError: the stored configuration of the mail server does not open.
    """
    change.about("settings", "install")
    before = await install_settings.read(change.store, lock=True)
    others = {name: value for name, value in patch.items() if name != MAIL}
    after = checked_settings(merge(before.settings, others))
    if after != before.settings:
        _check_not_locked_out(change, after)
        await install_settings.write(change.store, after)
        compare_all(change, leaves(before.settings), leaves(after))
    if MAIL in patch:
        await _change_mail(change, keyring, before.sealed_mail, patch[MAIL])


def _check_not_locked_out(change: Change, settings: Mapping[str, Any]) -> None:
    """Whoever sends the change must not be refused by it. Commands on the machine have no address."""
    network, ip = settings.get("admin_network", {}), change.actor.context.get("ip")
    if ip and not may_come(ip, network.get("allow", ()), network.get("deny", ())):
        message = f"your own address, {ip}, would be refused: allow it as well, or change this on the machine"
        raise InvalidError("address_excluded", message, "/admin_network")


def checked_settings(form: Mapping[str, Any]) -> dict[str, Any]:
    """What is set of all settings, as it is stored.

    Raises:
        InvalidError: a value cannot be one.
    """
    try:
        settings = InstallSettings.model_validate_json(orjson.dumps(form))
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False, include_context=False)
        raise invalid([FieldError(pointer(*e["loc"]), e["type"], e["msg"]) for e in found]) from None
    return settings.model_dump(mode="json", exclude_unset=True)


def compare_all(
    change: Change, before: Mapping[str, Any], after: Mapping[str, Any], *, are_hidden: bool = False
) -> None:
    """Note all fields that differ, those too that are only before."""
    names = sorted({*before, *after})
    old, new = ({name: fields.get(name) for name in names} for fields in (before, after))
    change.compare(old, new, hidden=names if are_hidden else ())


async def _change_mail(change: Change, keyring: Keyring, sealed: bytes | None, patch: Any) -> None:
    stored = {} if sealed is None else _opened_or_refused(keyring, sealed, is_needed=patch is not None)
    config = None
    if patch is not None:
        config = checked_mail(stored, patch)
    if config != (None if sealed is None else stored):
        await install_settings.write_mail(change.store, keyring, config)
        compare_all(change, _named(stored), _named(config or {}), are_hidden=True)


def checked_mail(stored: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """A changed configuration of the system's mail server.

    Raises:
        InvalidError, InvalidGatewayConfig: it is not right, or would send its password elsewhere.
    """
    if not isinstance(patch, Mapping):
        raise InvalidError("object_type", "system_mail must be a JSON object, or null", pointer(MAIL))
    entry = find_type(_SMTP)
    try:
        config = patched(entry.config, stored, patch)
        read_config(entry, Channel.EMAIL, config)
    except InvalidGatewayConfig as error:
        raise invalid(
            [FieldError(one.pointer.replace("/config", f"/{MAIL}", 1), one.code, one.message) for one in error.fields]
        ) from None
    return config


def _named(config: Mapping[str, Any]) -> dict[str, Any]:
    return {f"{MAIL}.{name}": value for name, value in config.items()}


def _opened(keyring: Keyring, sealed: bytes) -> dict[str, Any] | None:
    try:
        return install_settings.open_mail(keyring, sealed)
    except KeyringError:
        return None


def _opened_or_refused(keyring: Keyring, sealed: bytes, *, is_needed: bool) -> dict[str, Any]:
    opened = _opened(keyring, sealed)
    if opened is None and is_needed:
        message = "the stored mail server does not open with the keys of this install: set system_mail to null first"
        raise ConflictError("system_mail_unusable", message)
    return opened or {}
