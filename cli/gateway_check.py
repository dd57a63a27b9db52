"""``xsender gateway check``: runs the conformance checks on a type of gateway."""

import asyncio
from typing import Annotated

import typer

from cli.options import CONFIG_HELP, AsJson, ChannelOption, json_object
from cli.output import emit


def check(
    type_name: Annotated[str, typer.Argument(metavar="TYPE", help="Such as twilio, or one of another package.")],
    channel: ChannelOption,
    config_json: Annotated[str, typer.Option("--config-json", help=CONFIG_HELP)] = "{}",
    as_json: AsJson = False,
) -> None:
    """Check a type of gateway against a fake provider that hangs, refuses, and sends invalid answers.

    For packages with a gateway of their own. Nothing is sent, no install is needed, and credentials may be made
    up. Prints the checks that fail, with --json all of them; the exit code is 1 if any does.
    """
    from gateways.conformance.suite import check_type

    results = asyncio.run(check_type(type_name, channel, json_object(config_json, "--config-json")))
    failed = [result for result in results if not result.passed]
    emit(results if as_json else failed or {"type": type_name, "checks": len(results), "failed": 0}, as_json)
    if failed:
        raise typer.Exit(1)
