"""``xsender automation run``: single contacts in automations, read and steered."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run, run_change

if TYPE_CHECKING:
    from services.changes import Change
    from store.automations.runs import Run

app = typer.Typer(help="Single runs: contacts on their way through an automation.", no_args_is_help=True)

RunId = Annotated[UUID, typer.Argument(metavar="RUN", help="The run's id: see 'xsender automation runs'.")]
_SHOWN = ("id", "state", "step", "version", "since", "until", "reason")


@app.command()
def show(run_id: RunId, user: UserOption, as_json: AsJson = False) -> None:
    """Show a run with all that it did, step by step."""
    from domain.errors import NotFoundError
    from store.automations import runs

    async def work(session: Session) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        found = await runs.get(session.pool, run_id)
        if found is None or found.account_id != user:
            raise NotFoundError("run_not_found", f"there is no run {run_id}")
        return asdict(found), [asdict(step) for step in await runs.steps(session.pool, run_id)]

    found, steps = run(work)
    if as_json:
        emit(found | {"steps": steps}, as_json)
        return
    emit({name: found[name] for name in _SHOWN}, as_json)
    emit(steps, as_json)


@app.command()
def skip(
    run_id: RunId,
    user: UserOption,
    step: Annotated[str | None, typer.Option(help="Only if it waits in this one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Pass over the step in which a run waits."""
    from services.automations.by_hand import steering
    from services.automations.flows import Flows

    async def work(made: "Change") -> "Run":
        return await steering.skip(made, Flows(), user, run_id, step)

    _told(run_change("run.skipped", work), as_json)


@app.command()
def move(
    run_id: RunId,
    step: Annotated[str, typer.Argument(metavar="STEP", help="A step of the run's version.")],
    user: UserOption,
    from_: Annotated[str | None, typer.Option("--from", help="Only if it is at this step by now.")] = None,
    as_json: AsJson = False,
) -> None:
    """Have a run go on at another step."""
    from services.automations.by_hand import steering
    from services.automations.flows import Flows

    async def work(made: "Change") -> "Run":
        return await steering.move(made, Flows(), user, run_id, step, from_)

    _told(run_change("run.moved", work), as_json)


@app.command("exit")
def exit_(run_id: RunId, user: UserOption, as_json: AsJson = False) -> None:
    """Have a run end."""
    from services.automations.by_hand import steering

    async def work(made: "Change") -> "Run":
        return await steering.end(made, user, run_id)

    _told(run_change("run.ended", work), as_json)


@app.command()
def retry(run_id: RunId, user: UserOption, as_json: AsJson = False) -> None:
    """Have a run that failed go on at its step."""
    from services.automations.by_hand import steering

    async def work(made: "Change") -> "Run":
        return await steering.retry(made, user, run_id)

    _told(run_change("run.retried", work), as_json)


def _told(found: "Run", as_json: bool) -> None:
    """The workers look at it within seconds."""
    emit({"id": str(found.id), "state": found.state, "step": found.step}, as_json)
