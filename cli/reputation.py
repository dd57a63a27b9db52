"""``xsender reputation``: how messages are received, and what the reputation guard may do."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, user_id, uuid
from cli.output import emit
from cli.session import Session, run, run_change
from domain.errors import InvalidError

if TYPE_CHECKING:
    from domain.reputation.rules import Mode
    from domain.reputation.warm_up import LadderName
    from services.changes import Change
    from store.reputation.warm_ups import Warmed

app = typer.Typer(help="Rates of bad reports, and the reputation guard.", no_args_is_help=True)

OfUser = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="The user.")]


class _Guard(StrEnum):
    OFF = "off"
    WARN = "warn"
    PAUSE = "pause"
    INSTALL = "install"


_MODES: "dict[_Guard, Mode | None]" = {
    _Guard.OFF: "off",
    _Guard.WARN: "warn",
    _Guard.PAUSE: "pause",
    _Guard.INSTALL: None,
}


@app.command()
def show(
    user: Annotated[int | None, typer.Option("--user", parser=user_id, metavar="ID", help="Of this user.")] = None,
    gateway: Annotated[str | None, typer.Option("--gateway", help="Of the gateway with this id.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show rates of bad reports; with --json also what was found, and advice."""
    if (user is None) == (gateway is None):
        raise InvalidError("reputation_of", "Name either --user or --gateway.")
    gateway_id = None if gateway is None else uuid(gateway, "--gateway")

    async def read(session: Session) -> dict[str, Any]:
        from services.reputation.shown import of_gateway, of_user

        if gateway_id is not None:
            return await of_gateway(session.pool, gateway_id)
        assert user is not None
        return await of_user(session.pool, session.settings.for_install, user)

    found = run(read)
    if as_json:
        emit(found, as_json)
        return
    for channel in found.get("channels", [found]):
        if channel["paused"]:
            emit({"paused": f"{channel['channel']}: {channel['paused']}"}, as_json)
    for one in found.get("warm_ups", [found.get("warm_up")]):
        if one is not None:
            named = "gateway_id" if one["gateway_id"] else "domain_id"
            sent = (
                f"{one['sent_today']} of {one['day_cap']} today, {one['sent_this_hour']} of {one['hour_cap']} this hour"
            )
            emit({"warm-up": f"{named} {one[named]}: tier {one['tier']} of {one['top_tier']}, {sent}"}, as_json)
    columns = ("signal", "hours", "bad", "sent", "rate", "warn_from", "pause_from", "level")
    rows = [(channel["channel"], rate) for channel in found.get("channels", [found]) for rate in channel["rates"]]
    emit([{"channel": name} | {column: rate[column] for column in columns} for name, rate in rows], as_json)


OfGateway = Annotated[str | None, typer.Option("--gateway", help="The id of the gateway.")]
OfDomain = Annotated[int | None, typer.Option("--domain", min=1, help="The id of the sender domain.")]


class _Ladder(StrEnum):
    EMAIL = "email"
    SIM = "sim"


@app.command("warm-up")
def warm_up(
    gateway: OfGateway = None,
    domain: OfDomain = None,
    ladder: Annotated[
        _Ladder, typer.Option("--ladder", help="email: 100 to 1,000,000 a day; sim: 20 to 200.")
    ] = _Ladder.EMAIL,
    tier: Annotated[int | None, typer.Option("--tier", min=0, help="Left out: as it is, or 0.")] = None,
    pinned: Annotated[bool, typer.Option("--pinned", help="The tier stays, and its user cannot change it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Begin or change the warm-up of a gateway or sender domain: a cap for what is not transactional."""

    async def work(made: "Change") -> dict[str, Any] | None:
        from services.reputation.warm_ups import Wanted, head, put

        name: LadderName = "sim" if ladder == _Ladder.SIM else "email"
        return head(await put(made, await _warmed(made, gateway, domain), Wanted(name, tier, pinned)))

    emit(run_change("warm_up.set", work), as_json)


@app.command("end-warm-up")
def end_warm_up(gateway: OfGateway = None, domain: OfDomain = None, as_json: AsJson = False) -> None:
    """End a warm-up: there is no cap any more."""

    async def work(made: "Change") -> dict[str, Any]:
        from services.reputation.warm_ups import remove

        await remove(made, await _warmed(made, gateway, domain))
        return {"ended": True}

    emit(run_change("warm_up.ended", work), as_json)


async def _warmed(made: "Change", gateway: str | None, domain: int | None) -> "Warmed":
    from services.domains.rules import find_domain
    from services.gateways import find_gateway
    from store.reputation.warm_ups import Warmed

    if (gateway is None) == (domain is None):
        raise InvalidError("warm_up_of", "Name either --gateway or --domain.")
    if domain is not None:
        return Warmed(domain_id=(await find_domain(made, domain)).id)
    assert gateway is not None
    return Warmed((await find_gateway(made, uuid(gateway, "--gateway"))).id)


@app.command()
def guard(
    mode: Annotated[_Guard, typer.Argument(help="install: as the setting reputation_guard says.")],
    user: OfUser,
    as_json: AsJson = False,
) -> None:
    """Set what the guard may do to a user: nothing, warn, or pause what is not transactional, too."""
    from services.reputation.shown import set_mode

    emit(run_change("user.reputation_guard_set", lambda made: set_mode(made, user, _MODES[mode])), as_json)
