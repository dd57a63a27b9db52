"""The provider of identities, whose key is who logs in there: ``staff``."""

from collections.abc import Collection
from typing import Any

from domain.errors import InvalidError, pointer
from domain.keyring import Keyring, KeyringError
from domain.merge_patch import KEPT
from services.access.oidc_config import (
    LONGEST_SECRET,
    SECRET,
    STAFF,
    OidcConfig,
    checked_secret,
    read_config,
    remove_config,
    replace_config,
)
from services.changes import Change
from services.settings_file.kind import Form, Found, Path, unopened, validated
from services.settings_file.secrets import REFERENCE_SCHEMA, secret_places
from store.access import oidc
from store.pool import Connections


class Oidc:
    """The kind ``oidc``."""

    section, target, is_single = "oidc", "oidc", False
    makes_secrets = False
    reads, writes, deletes = (frozenset({f"settings:{action}"}) for action in ("read", "write", "write"))
    actions = ("oidc.updated", "oidc.updated", "oidc.removed")

    def schema(self) -> dict[str, Any]:
        schema = OidcConfig.model_json_schema()
        text = {"type": "string", "minLength": 1, "maxLength": LONGEST_SECRET}
        schema["properties"][SECRET] = {"anyOf": [text, REFERENCE_SCHEMA]}
        schema["required"] = [*schema["required"], SECRET]
        return schema

    def checked(self, key: str, form: Any) -> Form:
        if key != STAFF:
            raise InvalidError("file_key", f"call it {STAFF}: there is one provider, at which staff logs in")
        others = {name: value for name, value in form.items() if name != SECRET}
        config = validated(OidcConfig, others, known=[*OidcConfig.model_fields, SECRET])
        if SECRET not in form:
            raise InvalidError("missing", "give the client's secret, or store:", pointer(SECRET))
        secret = form[SECRET] if form[SECRET] is KEPT else checked_secret(form[SECRET])
        return {**config.model_dump(mode="json"), SECRET: secret}

    def secrets(self, form: Any) -> list[Path]:
        return secret_places(form, {(SECRET,)})

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        stored = await read_config(store, lock=lock)
        if stored is None:
            return {}
        config, sealed = stored
        try:
            secret = oidc.unseal(keyring, sealed)
        except KeyringError:
            return {STAFF: unopened(STAFF)}
        return {STAFF: Found(STAFF, {**config.model_dump(mode="json"), SECRET: secret})}

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        await replace_config(change, keyring, form)
        return STAFF

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        await remove_config(change)
