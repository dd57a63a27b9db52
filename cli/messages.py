"""``xsender message``: lists of messages and of failures, resolving unknown outcomes, stuck workflows."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.failed_messages import list_failures
from cli.options import AfterOption, AsJson, BeforeOption, OfUser, uuid
from cli.output import emit
from cli.session import Session, run, temporal
from domain.channels import Channel

if TYPE_CHECKING:
    from temporalio.client import Client

app = typer.Typer(help="Messages, and those that need a decision or make no progress.", no_args_is_help=True)


@app.command()
def resolve(
    uids: Annotated[list[str], typer.Argument(metavar="UID...", help="Messages whose state is unknown.")],
    outcome: Annotated[
        Literal["sent", "failed", "resend"],
        typer.Option("--as", help="sent keeps the credit, failed releases it, resend sends again."),
    ],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit log.")] = "",
    as_json: AsJson = False,
) -> None:
    """Resolve messages. The exit code is 1 if one of them could not be resolved."""
    from temporalio.service import RPCError

    from domain.access.actors import COMMAND_LINE
    from domain.errors import ConflictError, NotFoundError
    from services.callbacks import wake
    from services.resolving import resolve
    from workflows.policy import CALLBACK_QUEUE

    wanted = [uuid(text, "UID") for text in uids]

    async def one(session: Session, client: "_Client", uid: UUID) -> dict[str, Any]:
        try:
            resolved = await resolve(session.pool, client.get, uid, outcome, reason, COMMAND_LINE)
        except (NotFoundError, ConflictError) as error:
            return {"uid": uid, "as": outcome, "state": None, "credit": None, "error": error.message}
        if resolved.endpoints:
            with suppress(RPCError, NotFoundError):  # maintenance wakes them if Temporal is unavailable
                await wake(await client.get(), CALLBACK_QUEUE, resolved.endpoints)
        return {"uid": uid, "as": outcome, "state": resolved.state, "credit": resolved.credit, "error": None}

    async def work(session: Session) -> list[dict[str, Any]]:
        client = _Client(session)
        return [await one(session, client, uid) for uid in wanted]

    done = run(work)
    emit(done, as_json)
    if any(entry["error"] for entry in done):
        raise typer.Exit(1)


@app.command()
def stuck(as_json: AsJson = False) -> None:
    """List pages and batches whose workflow keeps failing: their messages make no progress until that is fixed."""
    from store.workflow_checks import failing

    emit(run(lambda session: failing(session.pool)), as_json)


_Channel = Annotated[Channel | None, typer.Option("--channel")]
_State = Annotated[str | None, typer.Option("--state", help="One or more, e.g. failed,expired.")]
_Gateway = Annotated[str | None, typer.Option("--gateway", help="Id or identifier of the last one.")]
_Code = Annotated[str | None, typer.Option("--code", help="Why they failed.")]


@app.command("list")
def list_messages(
    user: OfUser = None,
    uid: Annotated[str | None, typer.Option("--uid", help="This message.")] = None,
    recipient: Annotated[str | None, typer.Option("--recipient", help="A number, or an address.")] = None,
    state: _State = None,
    gateway: _Gateway = None,
    code: _Code = None,
    channel: _Channel = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="UID", help="Of this batch.")] = None,
    created_after: AfterOption = None,
    created_before: BeforeOption = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=10_000, help="How many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List messages of all users, newest first."""
    from services.messages.search import Search, listed

    search = Search(
        user=user,
        uid=None if uid is None else uuid(uid, "--uid"),
        recipient=recipient,
        states=[] if state is None else [state],
        gateway=gateway,
        code=code,
        channel=channel,
        batch=None if batch is None else uuid(batch, "--batch"),
        after=created_after,
        before=created_before,
    )
    emit(run(lambda session: listed(session.pool, search, limit)), as_json)


app.command("failures")(list_failures)


class _Client:
    """Connects to Temporal at the first use."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client: Client | None = None

    async def get(self) -> "Client":
        """The client."""
        self._client = self._client or await temporal(self._session.settings)
        return self._client
