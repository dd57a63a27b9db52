"""``xsender sending``: pause all sending at once, a channel's or an account's."""

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.options import AsJson, uuid
from cli.output import emit
from cli.session import Session, run, run_change
from domain.channels import Channel
from domain.errors import InvalidError

app = typer.Typer(help="Pause and resume all sending, a channel's, or a user's.", no_args_is_help=True)

User = Annotated[int | None, typer.Option("--user", min=1, help="Only this user's messages.")]
OnChannel = Annotated[Channel | None, typer.Option("--channel", help="Only this channel.")]


@app.command()
def pause(
    reason: Annotated[str, typer.Option("--reason", help="Why; others will read it.")],
    user: User = None,
    channel: OnChannel = None,
    as_json: AsJson = False,
) -> None:
    """Stop sending: what has not left waits, and new messages wait as well."""
    from services.sending_pauses import pause_sending

    emit(run_change("sending.paused", lambda made: pause_sending(made, user, channel, reason)), as_json)


@app.command()
def resume(
    user: User = None,
    channel: OnChannel = None,
    gateway: Annotated[
        str | None, typer.Option("--gateway", help="The id of a gateway that the reputation guard paused.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """End a pause of exactly this; what waited goes on within seconds."""
    from services.sending_pauses import resume_gateway, resume_sending

    if gateway is not None:
        if user is not None or channel is not None:
            raise InvalidError("pause_scope", "Name either a gateway, or a user and a channel.")
        gateway_id = uuid(gateway, "--gateway")
        emit(run_change("sending.resumed", lambda made: resume_gateway(made, gateway_id)), as_json)
        return
    emit(run_change("sending.resumed", lambda made: resume_sending(made, user, channel)), as_json)


@app.command("list")
def list_pauses(as_json: AsJson = False) -> None:
    """List what is paused."""
    emit(run(_all), as_json)


async def _all(session: Session) -> list[dict[str, Any]]:
    from store.reputation.findings import BY
    from store.reputation.pauses import gateway_pauses
    from store.sending_pauses import all_pauses

    found = [asdict(pause) | {"gateway": None} for pause in await all_pauses(session.pool)]
    for of_gateway in await gateway_pauses(session.pool):
        more = {"account_id": None, "paused_by": BY, "spares_transactional": True}
        found.append(asdict(of_gateway) | more)
    return found
