"""``xsender gateway``: managing gateways. Credentials are never shown again."""

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.gateway_check import check
from cli.gateway_lookup import OnChannel, Which, find
from cli.gateway_operation import drain, health, pause, resume, send_test
from cli.options import (
    CONFIG_HELP,
    AsJson,
    ChannelOption,
    OwnerOption,
    UserOption,
    json_object,
    owner_id,
    per_second,
    user_id,
)
from cli.output import emit
from cli.session import Session, run
from domain.channels import Channel

if TYPE_CHECKING:
    from store.gateways.gateways import GatewayInfo

app = typer.Typer(help="Gateways to providers.", no_args_is_help=True)
for command in (health, pause, drain, resume):
    app.command()(command)
app.command("test")(send_test)
app.command()(check)


@app.command()
def add(
    channel: ChannelOption,
    type_name: Annotated[str, typer.Option("--type", help="http, sandbox, …")],
    identifier: Annotated[str, typer.Option("--identifier", help="The name that senders use.")],
    config_json: Annotated[str, typer.Option("--config-json", help=CONFIG_HELP)] = "{}",
    owner: OwnerOption = 0,
    share_with: Annotated[
        list[int] | None, typer.Option("--share-with", parser=user_id, metavar="USER_ID", help="Repeatable.")
    ] = None,
    rate: Annotated[str | None, typer.Option("--rate", help="Its rate limit: 50/s, 3000/min or 10/h.")] = None,
    priority: Annotated[int, typer.Option("--priority", help="Lower values are tried first.")] = 100,
    on_unknown: Annotated[
        Literal["hold", "resend"], typer.Option("--on-unknown", help="What to do when its answer was lost.")
    ] = "hold",
    as_json: AsJson = False,
) -> None:
    """Add a gateway; 'xsender gateway types' lists the fields of its configuration."""
    from services.gateways import add_gateway
    from store.gateways.gateways import NewGateway

    new = NewGateway(
        account_id=owner,
        channel=channel,
        identifier=identifier,
        type=type_name,
        config=json_object(config_json, "--config-json"),
        per_second=None if rate is None else per_second(rate),
        priority=priority,
        on_unknown=on_unknown,
        share_with=share_with or (),
    )
    emit(run(lambda session: add_gateway(session.pool, session.keyring, new)), as_json)


@app.command("list")
def list_gateways(
    owner: Annotated[
        int | None, typer.Option("--owner", parser=owner_id, metavar="USER_ID", help="0 is the admin; all if left out.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List gateways with their mode and breaker, without their configuration."""
    from store.gateways.gateways import list_gateways

    emit(run(lambda session: list_gateways(session.pool, owner)), as_json)


@app.command("types")
def list_types(as_json: AsJson = False) -> None:
    """List types of gateway and the fields of --config-json; with --json as JSON Schema, secrets being writeOnly."""
    from gateways.config.schemas import config_schema
    from gateways.registry import GATEWAY_TYPES

    types: list[dict[str, Any]] = [
        {"type": entry.name, "channels": sorted(entry.channels), "config": config_schema(entry)}
        for entry in GATEWAY_TYPES.values()
    ]
    emit(types if as_json else [{**row, "config": _fields(row["config"])} for row in types], as_json)


def _fields(schema: dict[str, Any]) -> str:
    """A configuration's fields for a person to read."""
    required = schema.get("required", [])
    marks = {
        name: ["required"] * (name in required) + ["secret"] * ("writeOnly" in field)
        for name, field in schema["properties"].items()
    }
    return ", ".join(f"{name} ({', '.join(words)})" if words else name for name, words in marks.items())


@app.command()
def enable(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Enable a gateway."""
    _set_enabled(True, gateway, channel, owner, as_json)


@app.command()
def disable(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Disable a gateway."""
    _set_enabled(False, gateway, channel, owner, as_json)


def _set_enabled(enabled: bool, gateway: str, channel: Channel | None, owner: int, as_json: bool) -> None:
    from store.gateways.gateways import get, set_enabled

    async def work(session: Session) -> "GatewayInfo":
        gateway_id = await find(session.pool, gateway, channel, owner)
        await set_enabled(session.pool, gateway_id, enabled)
        return await get(session.pool, gateway_id)

    emit(run(work), as_json)


@app.command()
def share(
    gateway: Which, user: UserOption, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False
) -> None:
    """Let a user send through a gateway."""
    _set_shared(True, gateway, user, channel, owner, as_json)


@app.command()
def unshare(
    gateway: Which, user: UserOption, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False
) -> None:
    """End a user's share of a gateway."""
    _set_shared(False, gateway, user, channel, owner, as_json)


def _set_shared(shared: bool, gateway: str, user: int, channel: Channel | None, owner: int, as_json: bool) -> None:
    from store.gateways.gateway_shares import share, unshare
    from store.gateways.gateways import get

    async def work(session: Session) -> "GatewayInfo":
        gateway_id: UUID = await find(session.pool, gateway, channel, owner)
        await (share if shared else unshare)(session.pool, gateway_id, user)
        return await get(session.pool, gateway_id)

    emit(run(work), as_json)


@app.command()
def reseal(as_json: AsJson = False) -> None:
    """Re-encrypt all secrets with the first key of XSENDER_KEYS, so that older ones can be removed.

    Those of callback endpoints, too.
    """
    from store.callbacks import callback_endpoints
    from store.gateways import gateways

    async def work(session: Session) -> int:
        callbacks = await callback_endpoints.reseal_all(session.pool, session.keyring)
        return callbacks + await gateways.reseal_all(session.pool, session.keyring)

    emit({"resealed": run(work)}, as_json)
