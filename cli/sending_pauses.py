"""``xsender sending``: pause all sending at once, a channel's or an account's."""

from typing import Annotated

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import run, run_change
from domain.channels import Channel

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
def resume(user: User = None, channel: OnChannel = None, as_json: AsJson = False) -> None:
    """End a pause of exactly this; what waited goes on within seconds."""
    from services.sending_pauses import resume_sending

    emit(run_change("sending.resumed", lambda made: resume_sending(made, user, channel)), as_json)


@app.command("list")
def list_pauses(as_json: AsJson = False) -> None:
    """List what is paused."""
    from store.sending_pauses import all_pauses

    emit(run(lambda session: all_pauses(session.pool)), as_json)
