"""``xsender benchmark``: load an install with messages that only pretend to be sent, and judge each stage."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import Session, run
from domain.text.printable import visible

if TYPE_CHECKING:
    from services.benchmark.stages import Stage


def benchmark(
    url: Annotated[
        str | None, typer.Option("--url", help="Where the API is; left out: the install's own address.")
    ] = None,
    messages: Annotated[int, typer.Option("--messages", min=1, max=100_000, help="One at a time per request.")] = 1000,
    connections: Annotated[int, typer.Option("--connections", min=1, max=256, help="On which they are sent.")] = 16,
    batch: Annotated[int, typer.Option("--batch", min=1000, max=100_000, help="Messages of one request.")] = 5000,
    as_json: AsJson = False,
) -> None:
    """Load this install and say PASS, WARN or FAIL per stage.

    Messages take the way of any other, but for credits, and end at the sandbox gateways: nothing leaves the install.
    What else it sends meanwhile is slower. The exit code is 1 if something failed.
    """

    async def work(session: Session) -> "list[Stage]":
        from domain.access.actors import COMMAND_LINE
        from services.benchmark.client import open_client
        from services.benchmark.key import benchmark_key
        from services.benchmark.measuring import Sizes, measure

        own = f"http://{session.settings.api_host}:{session.settings.api_port}"
        sizes = Sizes(loaded=messages, connections=connections, batch=batch)
        stages = []
        async with (
            benchmark_key(session.pool, session.keyring, COMMAND_LINE) as key,
            open_client(url or session.settings.public_url or own, key) as client,
        ):
            async for stage in measure(session.pool, client, sizes, lambda text: typer.echo(f"… {text}", err=True)):
                stages.append(stage)
                if not as_json:
                    _show(stage)
        return stages

    stages = run(work)
    failures = any(stage.verdict == "fail" for stage in stages)
    if as_json:
        emit({"ok": not failures, "stages": [asdict(stage) for stage in stages]}, as_json)
    if failures:
        raise typer.Exit(1)


def _show(stage: "Stage") -> None:
    bound = "at least" if stage.unit == "messages/s" else "at most"
    limit = "" if stage.limit is None or stage.verdict == "fail" else f" ({bound} {stage.limit:g} {stage.unit})"
    text = f"{stage.figure:g} messages/s: {stage.text}" if stage.unit == "messages/s" else stage.text
    typer.echo(visible(f"{stage.verdict.upper():5} {stage.name}: {text}{limit}"))
    if stage.remedy:
        typer.echo(visible(f"{'':5} → {stage.remedy}"))
