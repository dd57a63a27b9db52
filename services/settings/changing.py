"""Rules for the settings of the whole install, shared by the API and the CLI."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from domain.access.networks import may_come
from domain.channels import Channel
from domain.errors import ConflictError, FieldError, InvalidError, invalid, pointer
from domain.keyring import Keyring, KeyringError
from domain.merge_patch import merge
from domain.validation.sentences import in_words
from gateways.base import GatewayConfig
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.redact import patched, replaced, shown
from gateways.registry import find_type, read_config
from services.changes import Change
from services.settings.current import effective, in_place
from services.settings.models import InstallSettings, leaves
from store.pool import Connections
from store.settings import install_settings
from store.settings.applied_objects import managed
from store.settings.install_settings import StoredSettings

MAIL = "system_mail"
SMTP = "smtp"
"""The type of gateway whose configuration the system's mail server has."""


@dataclass(frozen=True, slots=True)
class Described:
    """The settings as staff sees them."""

    settings: InstallSettings
    system_mail: dict[str, Any] | None
    """Of its secrets only that they are set. ``None``: there is none, or it does not open."""
    sources: dict[str, str]
    """By field, where its value is from: ``stored``, ``environment`` or ``default``."""
    is_in_file: bool
    """Whether a settings file keeps them."""


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
    is_in_file = bool(await managed(store, "settings", ["install"]))
    mail = None if stored.sealed_mail is None else _opened(keyring, stored.sealed_mail)
    return Described(settings, mail and shown(find_type(SMTP).config, mail), sources, is_in_file)


async def change_settings(change: Change, keyring: Keyring, patch: Mapping[str, Any]) -> None:
    """Change settings as a JSON Merge Patch (RFC 7396) says: what ``null`` removes is as the environment says, or has
    its default.

    ``system_mail`` is merged into the stored one: secrets that it does not name stay.

    Raises:
        InvalidError: a value cannot be one; each place that does not fit is named. The mail server is not right, or
            its password would be sent elsewhere.
        ConflictError: the stored configuration of the mail server does not open.
    """
    before = await _about(change)
    await _write(change, before, merge(before.settings, {n: value for n, value in patch.items() if n != MAIL}))
    if MAIL in patch:
        await _write_mail(change, keyring, before, patch[MAIL], patched)


async def replace_settings(change: Change, keyring: Keyring, whole: Mapping[str, Any]) -> None:
    """Set these settings and no others. Secrets stay where there is ``KEPT``.

    Raises:
        InvalidError, ConflictError: as in ``change_settings``.
    """
    before = await _about(change)
    await _write(change, before, {name: value for name, value in whole.items() if name != MAIL})
    await _write_mail(change, keyring, before, whole.get(MAIL), replaced)


async def _about(change: Change) -> StoredSettings:
    change.about("settings", "install")
    return await install_settings.read(change.store, lock=True)


async def _write(change: Change, before: StoredSettings, wanted: Mapping[str, Any]) -> None:
    after = checked_settings(wanted)
    if after != before.settings:
        _check_not_locked_out(change, after)
        await install_settings.write(change.store, after)
        compare_all(change, leaves(before.settings), leaves(after))


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
        found = error.errors(include_url=False, include_input=False)
        raise invalid([FieldError(pointer(*e["loc"]), e["type"], in_words(e)) for e in found]) from None
    return settings.model_dump(mode="json", exclude_unset=True)


def compare_all(
    change: Change, before: Mapping[str, Any], after: Mapping[str, Any], *, are_hidden: bool = False
) -> None:
    """Note all fields that differ, those too that are only before."""
    names = sorted({*before, *after})
    old, new = ({name: fields.get(name) for name in names} for fields in (before, after))
    change.compare(old, new, hidden=names if are_hidden else ())


_Combine = Callable[[type[GatewayConfig], Mapping[str, Any], Mapping[str, Any]], dict[str, Any]]


async def _write_mail(change: Change, keyring: Keyring, before: StoredSettings, given: Any, combine: _Combine) -> None:
    sealed = before.sealed_mail
    if given is None and sealed is None:
        return
    stored = {} if sealed is None else _opened_or_refused(keyring, sealed, is_needed=given is not None)
    config = None if given is None else _checked_mail(stored, given, combine)
    if config is None or config != stored:
        await install_settings.write_mail(change.store, keyring, config)
        compare_all(change, _named(stored), _named(config or {}), are_hidden=True)


def _checked_mail(stored: Mapping[str, Any], given: Any, combine: _Combine) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        raise InvalidError("object_type", "system_mail must be a JSON object, or null", pointer(MAIL))
    entry = find_type(SMTP)
    try:
        config = combine(entry.config, stored, given)
        read_config(entry, Channel.EMAIL, config)
    except InvalidGatewayConfig as error:
        raise in_mail(error) from None
    return config


def in_mail(error: InvalidGatewayConfig) -> InvalidError:
    """The problems of the mail server's configuration, at their places in the settings."""
    return invalid(
        [FieldError(one.pointer.replace("/config", f"/{MAIL}", 1), one.code, one.message) for one in error.fields]
    )


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
