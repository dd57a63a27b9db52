"""``xsender message``: resolving messages whose outcome is unknown, and listing stuck workflows."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import typer

from cli.options import AsJson, uuid
from cli.output import emit
from cli.session import Session, run, temporal

if TYPE_CHECKING:
    from temporalio.client import Client

app = typer.Typer(help="Messages that need a decision, or make no progress.", no_args_is_help=True)


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


class _Client:
    """Connects to Temporal at the first use."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._client: Client | None = None

    async def get(self) -> "Client":
        """The client."""
        self._client = self._client or await temporal(self._session.settings)
        return self._client
