"""``xsender failures``: what failed, of messages, runs of automations and leads, and beginning it anew."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.operations import shown_end
from cli.options import AfterOption, AsJson, BeforeOption, OfUser, uuid
from cli.output import emit
from cli.session import Session, run, run_connected_change
from domain.channels import Channel

if TYPE_CHECKING:
    from services.changes import Change
    from services.failures.kinds import Kind, Within
    from services.messages.replays.starting import Begun
    from services.messages.search import Search

app = typer.Typer(
    help="Messages, runs of automations and leads that failed: why, and beginning them anew.", no_args_is_help=True
)

_Channel = Annotated[Channel | None, typer.Option("--channel")]
_State = Annotated[
    str | None, typer.Option("--state", help="One or more, e.g. failed,expired; of leads e.g. invalid,parked.")
]
_Gateway = Annotated[str | None, typer.Option("--gateway", help="Id or identifier of the last one.")]
_Code = Annotated[str | None, typer.Option("--code", help="Why they failed.")]
_Automation = Annotated[
    str | None, typer.Option("--automation", metavar="KEY", help="Sent by this automation, or runs of it.")
]
_Step = Annotated[str | None, typer.Option("--step", help="Sent by this step, or failed at it.")]
_Source = Annotated[
    str | None, typer.Option("--lead-source", metavar="KEY", help="Leads of this source, or answers to them.")
]
_Kind = Annotated[str | None, typer.Option("--kind", metavar="KIND", help="message, run (of an automation) or lead.")]
_Hours = Annotated[
    int | None, typer.Option("--hours", min=1, max=24 * 366, help="Failed in the last so many hours; left out: 24.")
]


@app.command("list")
def list_failures(
    user: OfUser = None,
    kind: _Kind = None,
    state: _State = None,
    gateway: _Gateway = None,
    code: _Code = None,
    channel: _Channel = None,
    automation: _Automation = None,
    step: _Step = None,
    lead_source: _Source = None,
    hours: _Hours = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many causes.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show what failed and why: by kind, channel, gateway, code, automation, step and source, the most frequent first.

    Leads that wait for their source (parked) count whenever they came.
    """
    from services.failures.causes import find_causes
    from services.failures.kinds import KINDS, Within, kind_named

    kinds = KINDS if kind is None else (kind_named(kind),)
    search = _search(user, state, gateway, code, channel, automation, step, lead_source)
    within = Within(_ago(hours))
    found = [
        asdict(cause) for cause in run(lambda session: find_causes(session.pool, search, within, limit, kinds)).causes
    ]
    emit(found if as_json else _without_empty(found), as_json)


@app.command()
def show(
    uid: Annotated[str, typer.Argument(metavar="UID", help="Of a message; or the id of a run, or of a lead.")],
    as_json: AsJson = False,
) -> None:
    """Show a message with its attempts, a run with its steps, or a lead with why it is in its state."""
    from services.failures.showing import show as shown

    wanted = uuid(uid, "UID")
    emit(run(lambda session: shown(session.pool, wanted)), as_json)


@app.command()
def replay(
    uid: Annotated[
        str | None, typer.Argument(metavar="UID", help="One message, run or lead; left out: all that match.")
    ] = None,
    user: OfUser = None,
    kind: _Kind = None,
    state: _State = None,
    gateway: _Gateway = None,
    code: _Code = None,
    channel: _Channel = None,
    automation: _Automation = None,
    step: _Step = None,
    lead_source: _Source = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="UID", help="Of this batch.")] = None,
    hours: _Hours = None,
    created_after: AfterOption = None,
    created_before: BeforeOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many, and what they cost.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Of messages: until all wait again to be sent, or are left out.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Begin anew what failed: messages, or with --kind runs of automations, or leads; or what has the UID.

    Messages are sent again under their uids, each once: without states those that are failed, rejected or expired. Runs
    go on at the steps that failed, leads are taken again. What is named is begun anew whenever it failed.
    """
    from services.failures.kinds import Within, kind_named

    search = replace(
        _search(user, state, gateway, code, channel, automation, step, lead_source),
        uid=None if uid is None else uuid(uid, "UID"),
        batch=None if batch is None else uuid(batch, "--batch"),
        after=created_after,
        before=created_before,
    )
    within = Within(None if uid is not None else _ago(hours))
    what = _kind(search) if kind is None else kind_named(kind)
    if what != "message":
        emit(_begin_others(what, search, within, dry_run=dry_run), as_json)
        return
    begun = _begin_messages(search, within, dry_run=dry_run)
    if wait and begun.operation is not None:
        shown_end(begun.operation.id, as_json)
        return
    emit(_shown(begun), as_json)


def _without_empty(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Without the columns that no row has: what some kinds do not have would make the table too wide."""
    return [{name: value for name, value in row.items() if any(other[name] for other in rows)} for row in rows]


def _ago(hours: int | None) -> datetime | None:
    return None if hours is None else datetime.now(UTC) - timedelta(hours=hours)


def _kind(search: "Search") -> "Kind":
    from services.failures.kinds import kind_of

    if (uid := search.uid) is None:
        return "message"
    return run(lambda session: kind_of(session.pool, uid, search.user))


def _begin_messages(search: "Search", within: "Within", *, dry_run: bool) -> "Begun":
    from services.messages.replays.starting import begin

    async def work(_: Session, made: "Change") -> "Begun":
        return await begin(made, search, within.after, None, is_dry=dry_run)

    return run_connected_change("messages.replayed", work, dry_run=dry_run)


def _begin_others(kind: "Kind", search: "Search", within: "Within", *, dry_run: bool) -> Mapping[str, Any]:
    from services.automations.flows import Flows
    from services.failures.replaying import Leads, Runs, replay_leads, replay_runs, told

    async def work(_: Session, made: "Change") -> Runs | Leads:
        if kind == "run":
            return await replay_runs(made, Flows(), search, within, is_dry=dry_run)
        return await replay_leads(made, search, within, is_dry=dry_run)

    done = run_connected_change(f"{kind}s.replayed", work, dry_run=dry_run)
    rest = {"left_out": dict(told(done.left_out)), "complete": done.is_complete}
    if isinstance(done, Leads):
        return {"leads": done.leads, **rest, "operations": [str(one.id) for one in done.operations]}
    retries = [{"user": one.user_id, "automation": one.automation, "id": str(one.retry.id)} for one in done.retries]
    return {"runs": done.runs, "most_credits": done.most_credits, **rest, "retries": retries}


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
