"""``xsender failures``: why messages failed, and sending them again."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.operations import shown_end
from cli.options import AfterOption, AsJson, BeforeOption, OfUser, uuid
from cli.output import emit
from cli.session import Session, run, run_connected_change
from domain.channels import Channel
from domain.errors import NotFoundError

if TYPE_CHECKING:
    from services.changes import Change
    from services.messages.replays.starting import Begun
    from services.messages.search import Search

app = typer.Typer(help="Messages that failed: why, and sending them again.", no_args_is_help=True)

_Channel = Annotated[Channel | None, typer.Option("--channel")]
_State = Annotated[str | None, typer.Option("--state", help="One or more, e.g. failed,expired.")]
_Gateway = Annotated[str | None, typer.Option("--gateway", help="Id or identifier of the last one.")]
_Code = Annotated[str | None, typer.Option("--code", help="Why they failed.")]
_Automation = Annotated[str | None, typer.Option("--automation", metavar="KEY", help="Sent by this automation.")]
_Step = Annotated[str | None, typer.Option("--step", help="Sent by this step of an automation.")]
_Source = Annotated[str | None, typer.Option("--lead-source", metavar="KEY", help="Answers to leads of this source.")]
_Hours = Annotated[int, typer.Option("--hours", min=1, max=24 * 366, help="Failed in the last so many hours.")]


@app.command("list")
def list_failures(
    user: OfUser = None,
    state: _State = None,
    gateway: _Gateway = None,
    code: _Code = None,
    channel: _Channel = None,
    automation: _Automation = None,
    step: _Step = None,
    lead_source: _Source = None,
    hours: _Hours = 24,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many causes.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show why messages failed: by channel, gateway, code and what they come from, the most frequent first."""
    from services.messages.search import find_causes

    search = _search(user, state, gateway, code, channel, automation, step, lead_source)
    after = datetime.now(UTC) - timedelta(hours=hours)
    emit(run(lambda session: find_causes(session.pool, search, after, None, limit)).causes, as_json)


@app.command()
def show(uid: Annotated[str, typer.Argument(metavar="UID")], as_json: AsJson = False) -> None:
    """Show a message: its attempts, its credits, what its gateways said."""
    from store.messages.messages import find_any

    wanted = uuid(uid, "UID")

    async def work(session: Session) -> Any:
        found = await find_any(session.pool, wanted)
        if found is None:
            raise NotFoundError("message_not_found", f"There is no message {wanted}.")
        return found

    emit(run(work), as_json)


@app.command()
def replay(
    uid: Annotated[str | None, typer.Argument(metavar="UID", help="One message; left out: all that match.")] = None,
    user: OfUser = None,
    state: _State = None,
    gateway: _Gateway = None,
    code: _Code = None,
    channel: _Channel = None,
    automation: _Automation = None,
    step: _Step = None,
    lead_source: _Source = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="UID", help="Of this batch.")] = None,
    hours: _Hours = 24,
    created_after: AfterOption = None,
    created_before: BeforeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many, and what they cost.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Wait until all wait again to be sent, or are left out.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Send failed messages again under their uids, each once.

    Without states those that are failed, rejected or expired. A message that is named is sent whenever it failed.
    """
    from dataclasses import replace

    from services.messages.replays.starting import begin

    search = replace(
        _search(user, state, gateway, code, channel, automation, step, lead_source),
        uid=None if uid is None else uuid(uid, "UID"),
        batch=None if batch is None else uuid(batch, "--batch"),
        after=created_after,
        before=created_before,
    )
    after = None if uid is not None else datetime.now(UTC) - timedelta(hours=hours)

    async def work(_: Session, made: "Change") -> "Begun":
        return await begin(made, search, after, None, is_dry=dry_run)

    begun = run_connected_change("messages.replayed", work, dry_run=dry_run)
    if wait and begun.operation is not None:
        shown_end(begun.operation.id, as_json)
        return
    emit(_shown(begun), as_json)


def _search(
    user: int | None,
    state: str | None,
    gateway: str | None,
    code: str | None,
    channel: Channel | None,
    automation: str | None,
    step: str | None,
    lead_source: str | None,
) -> "Search":
    from services.messages.search import Search

    return Search(
        user=user,
        states=[] if state is None else [state],
        gateway=gateway,
        code=code,
        channel=channel,
        automation=automation,
        step=step,
        lead_source=lead_source,
    )


def _shown(begun: "Begun") -> Mapping[str, Any]:
    credits_: dict[str, int] = {}
    for one in begun.counts:
        if one.left_out is None:
            credits_[one.channel] = credits_.get(one.channel, 0) + one.credits
    return {
        "messages": begun.messages,
        "credits": credits_,
        "left_out": dict(begun.left_out),
        "complete": begun.is_complete,
        "operation": begun.operation and str(begun.operation.id),
    }
