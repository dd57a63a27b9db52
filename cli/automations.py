"""``xsender automation``: definitions checked, saved and published; automations stopped; contacts inside."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import automation_failures, automation_files, automation_runs
from cli.options import AsJson, user_id
from cli.output import emit
from cli.session import Session, run, run_change, run_connected_change
from cli.simulation import add_to

if TYPE_CHECKING:
    from services.automations.rules import State
    from services.changes import Change

app = typer.Typer(help="Automations: what contacts of a user go through, step by step.", no_args_is_help=True)
app.add_typer(automation_runs.app, name="run")
for command in (automation_failures.failures, automation_failures.retry, automation_failures.retries):
    app.command()(command)
automation_files.add_to(app)

Owner = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose automations.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The automation's key.")]
File = Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="A definition, as JSON.")]
_MOST = 10_000
add_to(app)


@app.command()
def check(file: File, as_json: AsJson = False) -> None:
    """Name all faults of a definition, each with its place. No install is needed."""
    from domain.automations.definition.parsing import read_text

    flow, faults = read_text(file.read_bytes())
    if faults or as_json:
        emit([asdict(fault) for fault in faults], as_json)
    else:
        typer.echo("no faults")
    if flow is None:
        raise typer.Exit(1)


@app.command("list")
def list_automations(user: Owner, as_json: AsJson = False) -> None:
    """List automations, newest first."""
    from store.automations import automations

    async def work(session: Session) -> list[dict[str, Any]]:
        return [asdict(found) for found in await automations.page(session.pool, user, None, _MOST)]

    found = run(work)
    names = ("key", "name", "state", "version", "revision", "updated_at")
    emit(found if as_json else [{name: one[name] for name in names} for one in found], as_json)


@app.command()
def save(file: File, user: Owner, as_json: AsJson = False) -> None:
    """Save a definition as the draft of its automation, new or not."""
    from domain.automations.definition.parsing import parse_text
    from services.automations import rules
    from store.automations import automations

    async def work(made: "Change") -> dict[str, Any]:
        flow = parse_text(file.read_bytes())
        is_new = await automations.find(made.store, user, flow.key) is None
        saved = await (
            rules.add(made, user, flow.source) if is_new else rules.save_draft(made, user, flow.key, flow.source)
        )
        return {"key": saved.key, "state": saved.state, "version": saved.version}

    emit(run_change("automation.changed", work), as_json)


@app.command()
def discard(automation: Key, user: Owner, as_json: AsJson = False) -> None:
    """Throw away the draft: what is published is what the next changes begin with."""
    from services.automations import rules

    async def work(made: "Change") -> dict[str, Any]:
        after = await rules.discard_draft(made, user, automation)
        return {"key": after.key, "state": after.state, "version": after.version}

    emit(run_change("automation.changed", work), as_json)


@app.command()
def publish(
    automation: Key,
    user: Owner,
    mode: Annotated[Literal["patch", "version"], typer.Option(help="What it is for those inside.")] = "version",
    people: Annotated[
        Literal["pin", "migrate", "drain"],
        typer.Option(help="Of a version: those inside stay in theirs, move to it, or stay whatever comes later."),
    ] = "pin",
    moves: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="OLD=NEW", help="Of migrate: where those at a removed step go; NEW may be exit."),
    ] = None,
    version: Annotated[int | None, typer.Option(min=1, help="Of a patch: the version that it changes.")] = None,
    note: Annotated[str, typer.Option(help="What changed.")] = "",
    approve: Annotated[
        bool, typer.Option("--approve", help="Also if it sends for more credits than approve_above_credits.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what it would do.")] = False,
    as_json: AsJson = False,
) -> None:
    """Publish the draft: a patch reaches those inside, a version those who enter later."""
    from services.accounts.rates import PlanPrices
    from services.audience.templates.named import NamedTemplates
    from services.automations.publishing.impact import Reading
    from services.automations.publishing.publishing import Act, publish

    act = Act(mode, people, _map(moves or []), version, note, approve, dry_run)

    async def work(session: Session, made: "Change") -> dict[str, Any]:
        reading = Reading(NamedTemplates(session.pool), PlanPrices(session.pool))
        after, report = await publish(made, reading, user, automation, act)
        told = {"key": after.key, "version": report.version, "revision": report.revision, "inside": report.inside}
        return told | {"impact": asdict(report.impact), "needs_approval": report.needs_approval}

    emit(run_connected_change("automation.published", work, dry_run=dry_run), as_json)


def _map(given: list[str]) -> dict[str, str]:
    """Steps as ``old=new``."""
    pairs = [one.partition("=") for one in given]
    if wrong := next((one for one, (old, _, new) in zip(given, pairs, strict=True) if not (old and new)), None):
        raise typer.BadParameter(f"write OLD=NEW, not {wrong!r}", param_hint="--map")
    return {old: new for old, _, new in pairs}


@app.command()
def pause(automation: Key, user: Owner, as_json: AsJson = False) -> None:
    """Let nobody in, and have nobody inside take a step."""
    _set(automation, user, "paused", as_json)


@app.command()
def resume(automation: Key, user: Owner, as_json: AsJson = False) -> None:
    """Go on."""
    _set(automation, user, "active", as_json)


@app.command()
def archive(automation: Key, user: Owner, as_json: AsJson = False) -> None:
    """Let nobody in any more, and end all runs."""
    _set(automation, user, "archived", as_json)


@app.command("runs")
def list_runs(
    automation: Key,
    user: Owner,
    state: Annotated[str | None, typer.Option(help="Only those in this state.")] = None,
    step: Annotated[str | None, typer.Option(help="Only those that are, or ended, at this step.")] = None,
    version: Annotated[int | None, typer.Option(min=1, max=2**31 - 1, help="Only those in this version.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only those that ended for this reason.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=_MOST)] = 100,
    as_json: AsJson = False,
) -> None:
    """List contacts in an automation, the latest first."""
    from services.automations import rules
    from store.automations.results import lists

    async def work(session: Session) -> list[dict[str, Any]]:
        found = await rules.find(session.pool, user, automation)
        wanted = lists.RunFilter(state, step, version, reason=reason)
        return [asdict(one) for one in await lists.runs(session.pool, found.id, wanted, None, limit)]

    found = run(work)
    names = ("id", "contact_id", "version", "state", "step", "until", "reason")
    emit(found if as_json else [{name: one[name] for name in names} for one in found], as_json)


def _set(automation: str, user: int, state: "State", as_json: bool) -> None:
    from services.automations import rules
    from store.automations.results import leaving

    async def work(made: "Change") -> dict[str, Any]:
        after = await rules.set_state(made, user, automation, state)
        on_their_way = await leaving.of_automation(made.store, after.id)
        return {"key": after.key, "state": after.state, "leaving": on_their_way}

    emit(run_change(f"automation.{state}", work), as_json)
