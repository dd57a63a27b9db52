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
    columns = ("signal", "hours", "bad", "sent", "rate", "warn_from", "pause_from", "level")
    rows = [(channel["channel"], rate) for channel in found.get("channels", [found]) for rate in channel["rates"]]
    emit([{"channel": name} | {column: rate[column] for column in columns} for name, rate in rows], as_json)


@app.command()
def guard(
    mode: Annotated[_Guard, typer.Argument(help="install: as the setting reputation_guard says.")],
    user: OfUser,
    as_json: AsJson = False,
) -> None:
    """Set what the guard may do to a user: nothing, warn, or pause what is not transactional, too."""
    from services.reputation.shown import set_mode

    emit(run_change("user.reputation_guard_set", lambda made: set_mode(made, user, _MODES[mode])), as_json)
