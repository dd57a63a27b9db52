"""The settings of the whole install: those that are set, and no others."""

from collections.abc import Collection
from typing import Any

from domain.channels import Channel
from domain.errors import FieldError, InvalidError, invalid
from domain.keyring import Keyring, KeyringError
from gateways.config.problems import InvalidGatewayConfig
from gateways.config.schemas import config_schema
from gateways.registry import find_type, read_config
from services.changes import Change
from services.settings.changing import MAIL, SMTP, in_mail, replace_settings
from services.settings.models import InstallSettings
from services.settings_file.kind import Form, Found, Path, no_such_field, unopened, validated
from services.settings_file.secrets import allowing_references, places_of_kept, secret_places
from store.pool import Connections
from store.settings import install_settings

INSTALL = "install"
"""The key of the one object of this kind."""


class Settings:
    """The kind ``settings``."""

    section, target, is_single = "settings", "settings", True
    makes_secrets = False
    reads, writes, deletes = (frozenset({f"settings:{action}"}) for action in ("read", "write", "write"))
    actions = ("settings.updated", "settings.updated", "settings.updated")

    def schema(self) -> dict[str, Any]:
        schema, entry = InstallSettings.model_json_schema(), find_type(SMTP)
        schema["properties"][MAIL] = allowing_references(config_schema(entry), entry.config.SECRETS)
        return schema

    def checked(self, key: str, form: Any) -> Form:
        mail = form.get(MAIL) if isinstance(form, dict) else None
        others = {name: value for name, value in form.items() if name != MAIL} if isinstance(form, dict) else form
        settings = validated(InstallSettings, others, known=[*InstallSettings.model_fields, MAIL])
        kept: Form = settings.model_dump(mode="json", exclude_unset=True)
        return kept if mail is None else {**kept, MAIL: _checked_mail(mail)}

    def secrets(self, form: Any) -> list[Path]:
        return secret_places(form, {(MAIL, name) for name in find_type(SMTP).config.SECRETS})

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        stored = await install_settings.read(store, lock=lock)
        form = dict(stored.settings)
        if stored.sealed_mail is not None:
            try:
                form[MAIL] = install_settings.open_mail(keyring, stored.sealed_mail)
            except KeyringError:
                return {INSTALL: unopened(INSTALL)}
        return {INSTALL: Found(INSTALL, form)}

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        await replace_settings(change, keyring, form)
        return INSTALL

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        await replace_settings(change, keyring, {})


def _checked_mail(mail: Any) -> Form:
    if not isinstance(mail, dict):
        raise InvalidError("object_type", "must be a mapping", f"/{MAIL}")
    entry = find_type(SMTP)
    if unknown := sorted(mail.keys() - entry.config.model_fields.keys()):
        known = sorted(entry.config.model_fields)
        raise invalid(
            [FieldError(f"/{MAIL}/{name}", "extra_forbidden", no_such_field(name, known)) for name in unknown]
        )
    if not places_of_kept(mail):
        try:
            read_config(entry, Channel.EMAIL, mail)
        except InvalidGatewayConfig as error:
            raise in_mail(error) from None
    return mail
