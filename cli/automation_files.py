"""``xsender automation export`` and ``apply``: definitions as files."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run, run_connected_change

if TYPE_CHECKING:
    from services.changes import Change


def export(
    automation: Annotated[str, typer.Argument(metavar="KEY", help="The automation's key.")],
    user: UserOption,
    version: Annotated[
        str | None, typer.Option(help="Such as 2, 2.1 or draft; without it: what is published, or else the draft.")
    ] = None,
) -> None:
    """Print a definition as it was written, for a file."""
    from services.automations import rules
    from services.automations.publishing.definitions import definition

    async def work(session: Session) -> dict[str, Any]:
        found = await rules.find(session.pool, user, automation)
        return await definition(session.pool, found, version)

    emit(run(work), as_json=True)


def apply(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="Definitions, as JSON.")
    ],
    user: UserOption,
    publish: Annotated[bool, typer.Option("--publish", help="Publish them, as a patch if that is enough.")] = False,
    people: Annotated[
        Literal["pin", "migrate", "drain"], typer.Option(help="Of versions: what those inside do.")
    ] = "pin",
    approve: Annotated[
        bool, typer.Option("--approve", help="Also if it sends for more credits than approve_above_credits.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all of it, and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make automations as files say: all of them or none. What is so already stays as it is."""
    from domain.automations.definition.parsing import parse_text
    from services.accounts.rates import PlanPrices
    from services.audience.templates.named import NamedTemplates
    from services.automations.publishing.definitions import apply_all
    from services.automations.publishing.impact import Reading

    async def work(session: Session, made: "Change") -> list[dict[str, Any]]:
        given = [parse_text(file.read_bytes()).source for file in files]
        reading = Reading(NamedTemplates(session.pool), PlanPrices(session.pool))
        done = await apply_all(made, reading, user, given, publishes=publish, people=people, approves=approve)
        return [asdict(one) for one in done]

    emit(run_connected_change("automation.applied", work, dry_run=dry_run, only_if_changed=True), as_json)


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of automations."""
    for command in (export, apply):
        app.command()(command)
