"""``xsender device``: phones that send SMS, and tokens that pair them."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.device_tokens import WhichDevice, list_tokens, make_tokens, pair, revoke_token
from cli.gateway_lookup import find
from cli.options import AsJson, OfOwner
from cli.output import emit
from cli.session import Session, run, run_change
from domain.channels import Channel

if TYPE_CHECKING:
    from services.changes import Change

app = typer.Typer(help="Android phones that send SMS with their own SIM cards.", no_args_is_help=True)
app.command("tokens")(make_tokens)
app.command("list-tokens")(list_tokens)
app.command("revoke-token")(revoke_token)
app.command()(pair)

_CAPS = ("minute", "hour", "day", "unique_per_month")


@app.command("list")
def list_devices(
    owner: OfOwner = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="Of this gateway: its id, or with --owner its identifier.")
    ] = None,
    state: Annotated[Literal["active", "logged_out", "revoked"] | None, typer.Option("--state")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List phones, the newest first: whether they are online, and why they send nothing."""
    from services.devices.shown import describe_all, shown_device
    from store.devices import lists

    async def work(session: Session) -> list[dict[str, Any]]:
        of_gateway = None if gateway is None else await find(session.pool, gateway, Channel.SMS, owner or 0)
        found = await lists.page(session.pool, lists.Filter(owner, state, of_gateway), None, limit)
        return [shown_device(one) for one in await describe_all(session.pool, found)]

    rows = run(work)
    emit(rows if as_json else [_brief(row) for row in rows], as_json)


@app.command()
def show(device: WhichDevice, as_json: AsJson = False) -> None:
    """Show a phone: how it is, what it has and what waits for it, and what its SIMs may still send."""
    from services.devices.shown import describe, shown_device

    _print(shown_device(run(lambda session: describe(session.pool, None, device))), as_json)


@app.command()
def revoke(device: WhichDevice, as_json: AsJson = False) -> None:
    """End a phone's session at once, until it is paired again. Messages that it has end as unknown."""
    from services.devices.managing import revoke as end

    async def work(made: "Change") -> dict[str, Any]:
        await end(made, None, device)
        return {"id": device, "revoked": True, "unknown": made.metadata["unknown"]}

    emit(run_change("device.revoked", work), as_json)


def _print(device: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit(device, as_json)
        return
    first = {name: device[name] for name in ("id", "name", "user_id")}
    now = {"gateway": device["gateway"]["identifier"], "state": _state(device), "idle": _idle(device)}
    if device["clock_skew"] is not None:
        now["clock_skew"] = f"{device['clock_skew']:+} s"
    rest = {name: value for name, value in device.items() if name not in ("sims", "health", "online")}
    emit(first | now | device["health"] | rest | now, as_json)
    emit([_sim(sim) for sim in device["sims"]], as_json)


def _brief(device: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": device["id"],
        "name": device["name"],
        "user_id": device["user_id"],
        "gateway": device["gateway"]["identifier"],
        "state": _state(device),
        "idle": device["idle"] and device["idle"]["code"],
        "battery": _battery(device["health"]),
        "sims": [_named(sim) for sim in device["sims"]],
        "seen_at": device["seen_at"],
    }


def _sim(sim: dict[str, Any]) -> dict[str, Any]:
    """What it has sent, of what it may."""
    caps = dict(zip(_CAPS, ("per_minute", "per_hour", "per_day", "unique_per_month"), strict=True))
    used = {name: _of(sim["used"][name], sim[cap]) for name, cap in caps.items()}
    return {"sim": _named(sim), "carrier": sim["carrier"], "preset": sim["preset"], **used, "idle": _idle(sim)}


def _of(used: int, cap: int | None) -> str:
    return str(used) if cap is None else f"{used} of {cap}"


def _named(sim: dict[str, Any]) -> str:
    return " ".join(filter(None, (sim["uid"], sim["label"], sim["number"])))


def _state(device: dict[str, Any]) -> str:
    if device["state"] != "active":
        return str(device["state"])
    return "online" if device["online"] else "offline"


def _idle(row: dict[str, Any]) -> str:
    return "" if row["idle"] is None else str(row["idle"]["message"])


def _battery(health: dict[str, Any]) -> str:
    if health.get("battery") is None:
        return ""
    return f"{health['battery']} %" + (" charging" if health.get("charging") else "")
