"""``xsender automation failures`` and ``retry``: runs that failed, and all of them tried again."""

from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, UserOption, moment
from cli.output import emit
from cli.session import Session, run, run_connected_change

if TYPE_CHECKING:
    from services.changes import Change
    from store.automations.results.failed_runs import Wanted

Key = Annotated[str, typer.Argument(metavar="KEY", help="The automation's key.")]
Version = Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Only of this version.")]
Step = Annotated[str | None, typer.Option(help="Only those that failed at this step.")]
Code = Annotated[str | None, typer.Option(help="Only those with this code.")]
From = Annotated[datetime | None, typer.Option("--from", parser=moment, metavar="TIME", help="Failed then or later.")]
Until = Annotated[datetime | None, typer.Option("--until", parser=moment, metavar="TIME", help="Failed before.")]
_MOST = 1_000


def failures(
    automation: Key,
    user: UserOption,
    version: Version = None,
    step: Step = None,
    code: Code = None,
    since: From = None,
    until: Until = None,
    as_json: AsJson = False,
) -> None:
    """List runs that failed, by step and code."""
    from services.automations import rules
    from store.automations.results import failed_runs

    async def work(session: Session) -> list[dict[str, Any]]:
        found = await rules.find(session.pool, user, automation)
        wanted = _wanted(version, step, code, since, until)
        return [asdict(one) for one in await failed_runs.grouped(session.pool, found.id, wanted, None, _MOST)]

    emit(run(work), as_json)


def retry(
    automation: Key,
    user: UserOption,
    version: Version = None,
    step: Step = None,
    code: Code = None,
    since: From = None,
    until: Until = None,
    most: Annotated[int | None, typer.Option(min=1, help="At most so many, the newest.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell how many, and what they cost at most.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have all failed runs go on at their steps. Workers do it, some hundred a second."""
    from services.automations.flows import Flows
    from services.automations.results import retrying

    async def work(_: Session, made: "Change") -> dict[str, Any]:
        wanted = _wanted(version, step, code, since, until)
        begun = await retrying.begin(made, Flows(), user, automation, wanted, most)
        return {
            "id": begun.retry.id,
            "runs": begun.retry.total,
            "inside_again": begun.left_out,
            "most_credits": begun.credits,
        }

    emit(run_connected_change("automation.retried", work, dry_run=dry_run), as_json)


def retries(automation: Key, user: UserOption, as_json: AsJson = False) -> None:
    """List what was tried again, and how far it has come."""
    from services.automations import rules
    from store.automations.results import retries as stored

    async def work(session: Session) -> list[dict[str, Any]]:
        found = await rules.find(session.pool, user, automation)
        return [asdict(one) for one in await stored.page(session.pool, found.id, None, _MOST)]

    found = run(work)
    names = ("id", "state", "total", "retried", "left_out", "created_at", "ended_at")
    emit(found if as_json else [{name: one[name] for name in names} for one in found], as_json)


def _wanted(
    version: int | None, step: str | None, code: str | None, since: datetime | None, until: datetime | None
) -> "Wanted":
    from store.automations.results.failed_runs import Wanted

    return Wanted(version, step, code, since, until)
