"""``xsender deploy`` and ``xsender replay-check``: which build of the workers has the work, and which may have it."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import Result, load, temporal
from domain.errors import InvalidError

if TYPE_CHECKING:
    from temporalio.client import Client

    from services.deploys.builds import Deployment

app = typer.Typer(help="Builds of the workers: see docs/upgrading.md.", no_args_is_help=True)

_SECONDS = {"m": 60, "h": 3600, "d": 86_400}

BuildArgument = Annotated[str, typer.Argument(metavar="BUILD", help="As its workers have it in XSENDER_BUILD_ID.")]


@app.command()
def status(as_json: AsJson = False) -> None:
    """List the builds: which gets new workflows, what each has open, which may be removed."""
    from services.deploys.builds import read

    _show(_run(read), as_json)


@app.command()
def promote(build: BuildArgument, as_json: AsJson = False) -> None:
    """Have all new workflows begin on a build. Its workers must poll all queues."""
    from services.deploys.routing import promote

    _show(_run(lambda client, name: promote(client, name, build)), as_json)


@app.command()
def ramp(
    build: BuildArgument,
    percent: Annotated[float, typer.Argument(metavar="PERCENT", min=0, max=100, help="0 ends it.")],
    as_json: AsJson = False,
) -> None:
    """Have a part of the new workflows begin on a build."""
    from services.deploys.routing import ramp

    _show(_run(lambda client, name: ramp(client, name, build, percent)), as_json)


@app.command()
def drain(
    build: BuildArgument,
    move: Annotated[
        bool, typer.Option("--move", help="Have the workflows that stay with it go on with the current build.")
    ] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, metavar="SECONDS", help="How long at most.")] = 600,
    as_json: AsJson = False,
) -> None:
    """Wait until an old build has nothing left to do. Ends with code 1 if it still has."""
    from services.deploys.routing import drain

    drained = _run(lambda client, name: drain(client, name, build, move=move, seconds=wait))
    emit({**asdict(drained.build), "moved": drained.moved}, as_json)
    if not drained.build.safe_to_remove:
        raise typer.Exit(1)


def replay_check(
    since: Annotated[str, typer.Option("--since", metavar="TIME", help="Such as 7d, 12h or 30m.")] = "7d",
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="How many workflows.")] = 500,
    as_json: AsJson = False,
) -> None:
    """Replay workflows that run or have ended on this build. Ends with code 1 if it cannot go on with one."""
    from worker.replay.checking import check

    begin = datetime.now(UTC) - length(since)
    found = _run(lambda client, _: check(client, begin, limit))
    if as_json:
        emit({"ok": not found.failures, **asdict(found)}, as_json)
    else:
        for one in found.failures:
            typer.echo(f"{one.workflow_type} {one.workflow_id} (run {one.run_id}): {one.error}")
        by_type = ", ".join(f"{name} {number}" for name, number in sorted(found.replayed.items()))
        typer.echo(f"{len(found.failures)} of {sum(found.replayed.values())} workflows fail ({by_type or 'none'})")
    if found.failures:
        raise typer.Exit(1)


def _show(deployment: "Deployment", as_json: bool) -> None:
    emit([asdict(one) for one in deployment.builds], as_json)


def _run(work: "Callable[[Client, str], Awaitable[Result]]") -> Result:
    """Run what needs Temporal alone."""
    settings = load()

    async def connected() -> Result:
        return await work(await temporal(settings), settings.deployment)

    return asyncio.run(connected())


def length(text: str, option: str = "since") -> timedelta:
    """Read a length of time.

    Raises:
        InvalidError: it is none.
    """
    found = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
    if found is None or not int(found[1]):
        raise InvalidError(option, f"'{text}' is not a time: write it as in 7d, 12h or 30m.")
    return timedelta(seconds=int(found[1]) * _SECONDS[found[2]])
