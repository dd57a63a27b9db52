"""Gateways, by channel and identifier: ``sms/main``, or ``ann@example.com sms/own`` for a user's. Whom they are shared
with, and whether they are paused, is not in a file: that changes from day to day."""

from collections.abc import Collection
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from domain.channels import Channel
from domain.errors import ConflictError, FieldError, InvalidError, invalid
from domain.keyring import Keyring
from domain.messages.page import ADMIN_ACCOUNT
from gateways.config.schemas import config_schema
from gateways.registry import GATEWAY_TYPES, find_type, read_config
from services.changes import Change
from services.gateways import LARGEST_PRIORITY, add_gateway, change_gateway, delete_gateway
from services.settings_file.kind import Form, Found, Path, no_such_field, unopened, validated
from services.settings_file.owners import key_of, need_owner, owners_of, taken_apart
from services.settings_file.secrets import allowing_references, fill_in, places_of_kept, secret_places
from store.gateways import gateway_queries, gateways
from store.gateways.gateways import IDENTIFIER, GatewayInfo, NewGateway
from store.pool import Connections


class Gateway(BaseModel):
    """A gateway, without whom it is shared with and whether it is paused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    type: str
    config: dict[str, Any] = Field(default_factory=dict, repr=False)
    enabled: bool = True
    priority: Annotated[int, Field(ge=0, le=LARGEST_PRIORITY)] = 100
    per_second: Annotated[float, Field(gt=0, le=1e6)] | None = None
    on_unknown: Literal["hold", "resend"] = "hold"
    from_policy: Literal["fixed", "verified_domains"] = Field(default="fixed", alias="from")


class Gateways:
    """The kind ``gateways``."""

    section, target, is_single = "gateways", "gateway", False
    makes_secrets = False
    reads, writes, deletes = (frozenset({f"gateways:{action}"}) for action in ("read", "write", "delete"))
    actions = ("gateway.created", "gateway.updated", "gateway.deleted")

    def schema(self) -> dict[str, Any]:
        schema = Gateway.model_json_schema()
        schema["properties"]["type"] = {"enum": sorted(GATEWAY_TYPES)}
        schema["allOf"] = [
            {
                "if": {"properties": {"type": {"const": entry.name}}},
                "then": {"properties": {"config": allowing_references(config_schema(entry), entry.config.SECRETS)}},
            }
            for entry in GATEWAY_TYPES.values()
        ]
        return schema

    def checked(self, key: str, form: Any) -> Form:
        channel = _channel_of(key)
        config = form.get("config", {}) if isinstance(form, dict) else {}
        without = {**form, "config": {}} if isinstance(config, dict) and isinstance(form, dict) else form
        gateway = validated(Gateway, without)
        assert isinstance(gateway, Gateway)
        entry = find_type(gateway.type)
        if unknown := sorted(config.keys() - entry.config.model_fields.keys()):
            known = sorted(entry.config.model_fields)
            raise invalid(
                [FieldError(f"/config/{name}", "extra_forbidden", no_such_field(name, known)) for name in unknown]
            )
        if not places_of_kept(config):
            read_config(entry, channel, config)
        return {**gateway.model_dump(mode="json", by_alias=True), "config": config}

    def secrets(self, form: Any) -> list[Path]:
        entry = GATEWAY_TYPES.get(str(form.get("type"))) if isinstance(form, dict) else None
        return [] if entry is None else secret_places(form, {("config", name) for name in entry.config.SECRETS})

    async def current(
        self, store: Connections, keyring: Keyring, keys: Collection[str], *, lock: bool
    ) -> dict[str, Found]:
        owners = {account_id: owner for owner, account_id in (await owners_of(store, keys)).items()}
        infos = await gateway_queries.of_owners(store, list(owners), lock=lock)
        configs = await gateways.open_configs(store, keyring, [info.id for info in infos])
        found: dict[str, Found] = {}
        for info in infos:
            key = key_of(owners[info.account_id], f"{info.channel}/{info.identifier}")
            if info.account_id != ADMIN_ACCOUNT and key not in keys:
                continue
            config = configs.get(info.id)
            found[key] = unopened(info.id) if config is None else Found(str(info.id), _form(info, config))
        return found

    async def put(self, change: Change, keyring: Keyring, key: str, now: Found | None, form: Form) -> str:
        fields = {name: form[name] for name in ("priority", "per_second", "on_unknown")} | {"from_policy": form["from"]}
        if now is None:
            owner, name = taken_apart(key)
            channel, _, identifier = name.partition("/")
            account_id = await need_owner(change.store, owner)
            new = NewGateway(account_id, channel, identifier, form["type"], form["config"], **fields)
            gateway = await add_gateway(change, keyring, new)
            if not form["enabled"]:
                await change_gateway(change, keyring, gateway.id, {"enabled": False})
            return str(gateway.id)
        if now.form["type"] != form["type"]:
            message = "a gateway's type stays: give this one another identifier, or delete the other one first"
            raise ConflictError("gateway_type", f"{key}: {message}")
        patch = {**fields, "enabled": form["enabled"]}
        if fill_in(form["config"], now.form["config"]) != now.form["config"]:
            patch["config"] = form["config"]
        await change_gateway(change, keyring, UUID(now.object_id), patch, is_whole_config=True)
        return now.object_id

    async def remove(self, change: Change, keyring: Keyring, key: str, now: Found) -> None:
        await delete_gateway(change, UUID(now.object_id))


def _channel_of(key: str) -> Channel:
    channel, _, identifier = taken_apart(key).name.partition("/")
    if channel not in list(Channel) or not IDENTIFIER.fullmatch(identifier):
        message = "call a gateway by its channel and identifier, such as sms/main; a user's begins with its owner"
        raise InvalidError("file_key", message)
    return Channel(channel)


def _form(info: GatewayInfo, config: dict[str, Any]) -> Form:
    return {
        "type": info.type,
        "config": config,
        "enabled": info.enabled,
        "priority": info.priority,
        "per_second": info.per_second,
        "on_unknown": info.on_unknown,
        "from": info.from_policy,
    }
