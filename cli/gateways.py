"""``xsender gateway``: managing gateways. Credentials are never shown again."""

from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.gateway_check import check
from cli.gateway_lookup import OnChannel, Which, find
from cli.gateway_operation import drain, health, pause, resume, send_test
from cli.gateway_templates import templates
from cli.keyring import rotate
from cli.options import (
    CONFIG_HELP,
    AsJson,
    ChannelOption,
    OfOwner,
    OwnerOption,
    UserOption,
    json_object,
    user_id,
)
from cli.output import emit
from cli.session import run, run_change, run_sealed_change
from domain.channels import Channel
from domain.request_rates import per_second

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.changes import Change
    from store.gateways.gateways import GatewayInfo

From = Annotated[
    Literal["fixed", "verified_domains"],
    typer.Option("--from", help="What emails are from: its own address only, or also those of senders' domains."),
]

app = typer.Typer(help="Gateways to providers.", no_args_is_help=True)
for command in (health, pause, drain, resume, templates):
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
    from_policy: From = "fixed",
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
        from_policy=from_policy,
    )
    emit(run_sealed_change("gateway.created", lambda made, keyring: add_gateway(made, keyring, new)), as_json)


@app.command()
def update(
    gateway: Which,
    config_json: Annotated[
        str | None, typer.Option("--config-json", help=f"Fields to change; null clears. {CONFIG_HELP}")
    ] = None,
    rate: Annotated[
        str | None, typer.Option("--rate", help="Its rate limit: 50/s, 3000/min or 10/h; none ends it.")
    ] = None,
    priority: Annotated[int | None, typer.Option("--priority", help="Lower values are tried first.")] = None,
    from_policy: From | None = None,
    channel: OnChannel = None,
    owner: OwnerOption = 0,
    as_json: AsJson = False,
) -> None:
    """Change a gateway. Fields and secrets that are left out stay as they are."""
    patch: dict[str, Any] = {}
    if config_json is not None:
        patch["config"] = json_object(config_json, "--config-json")
    if rate is not None:
        patch["per_second"] = None if rate == "none" else per_second(rate)
    if priority is not None:
        patch["priority"] = priority
    if from_policy is not None:
        patch["from_policy"] = from_policy
    emit(_change(patch, gateway, channel, owner), as_json)


def _change(patch: dict[str, Any], gateway: str, channel: Channel | None, owner: int) -> "GatewayInfo":
    from services.gateways import change_gateway

    async def work(made: "Change", keyring: "Keyring") -> "GatewayInfo":
        return await change_gateway(made, keyring, await find(made.store, gateway, channel, owner), patch)

    return run_sealed_change("gateway.updated", work)


@app.command("list")
def list_gateways(
    owner: OfOwner = None,
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
    emit(_change({"enabled": True}, gateway, channel, owner), as_json)


@app.command()
def disable(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Disable a gateway."""
    emit(_change({"enabled": False}, gateway, channel, owner), as_json)


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
    from services.gateways import share_gateway, unshare_gateway

    async def work(made: "Change") -> "GatewayInfo":
        gateway_id = await find(made.store, gateway, channel, owner)
        return await (share_gateway if shared else unshare_gateway)(made, gateway_id, user)

    emit(run_change("gateway.shared" if shared else "gateway.unshared", work), as_json)


@app.command()
def delete(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """Delete a gateway. Messages that wait for it take another one, or fail."""
    from services.gateways import delete_gateway

    async def work(made: "Change") -> UUID:
        gateway_id = await find(made.store, gateway, channel, owner)
        await delete_gateway(made, gateway_id)
        return gateway_id

    emit({"deleted": run_change("gateway.deleted", work)}, as_json)


@app.command()
def reseal(as_json: AsJson = False) -> None:
    """The same as ``xsender keyring rotate``, under its former name."""
    rotate(as_json)
