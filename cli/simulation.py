"""``xsender automation simulate`` and ``starters``: what an automation would do, and automations to start from."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, moment, user_id
from cli.output import emit, fail
from cli.session import Session, run
from domain.errors import InvalidError, XsenderError

if TYPE_CHECKING:
    from domain.automations.definition.flow import Flow
    from services.automations.simulating.given import Case
    from services.automations.simulating.report import Report

_MOST_BYTES = 1_000_000
_GIVEN = "JSON, or the name of a file with it."


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of automations."""
    app.command()(simulate)
    app.command()(starters)


def simulate(
    flow: Annotated[str, typer.Argument(metavar="FLOW", help="A file with a definition, or a stored one's key.")],
    user: Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose contacts and templates.")],
    contact: Annotated[
        str | None,
        typer.Option(help="A contact's id, email address or number; or a new one for the simulation. " + _GIVEN),
    ] = None,
    event: Annotated[str | None, typer.Option(help="What texts call event. " + _GIVEN)] = None,
    events: Annotated[str | None, typer.Option(help="What happens to the contact, a list. " + _GIVEN)] = None,
    expect: Annotated[str | None, typer.Option(help="What is expected. " + _GIVEN)] = None,
    test: Annotated[str | None, typer.Option(help="All of these together; or a list of such. " + _GIVEN)] = None,
    at: Annotated[
        datetime | None, typer.Option(parser=moment, metavar="TIME", help="When the contact enters; else: now.")
    ] = None,
    version: Annotated[str | None, typer.Option(help="Of a stored one: a version, or 'draft'.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what an automation would do with a contact. Nothing is sent, called or changed.

    Ends with 0, with 1 if something is not as expected, and with 2 if it cannot be simulated.
    """
    from services.automations.simulating.report import shown

    given = {"contact": contact, "event": event, "events": events, "expect": expect}
    try:
        cases = _cases(test, given, at)
        definition = _read(flow) if flow.endswith(".json") or Path(flow).is_file() else None
        found = run(lambda session: _simulated(session, user, flow, definition, version, cases))
        answers = [{"name": case.name, **shown(report, case.expect)} for case, report in found]
    except XsenderError as error:
        fail(_told(error), as_json)
        raise typer.Exit(2) from None
    if as_json:
        emit(answers if len(answers) > 1 else answers[0], as_json=True)
    else:
        from cli.simulation_text import write

        write(answers)
    if any(not answer["met"] for answer in answers):
        raise typer.Exit(1)


def starters(
    copy: Annotated[str | None, typer.Option(metavar="NAME", help="Write this one, and its cases, here.")] = None,
    as_json: AsJson = False,
) -> None:
    """List automations to start from, or copy one into this folder."""
    import json

    from services.automations.starters import listing

    if copy is None:
        emit([one.shown for one in listing.starters().values()], as_json)
        return
    one = listing.starter(copy)
    written = {f"{one.name}.json": one.definition, f"{one.name}.tests.json": one.tests}
    if there := [name for name in written if Path(name).exists()]:
        raise InvalidError("file", f"{there[0]} is there already: move it, or copy into another folder")
    for name, value in written.items():
        Path(name).write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n")
    emit({"copied": list(written)}, as_json)


async def _simulated(
    session: Session, user: int, named: str, definition: bytes | None, version: str | None, cases: "list[Case]"
) -> "list[tuple[Case, Report]]":
    from services.automations.simulating.simulating import Simulations

    simulations = Simulations(session.pool, session.settings.for_install)
    flow = await _flow(session, user, named, definition, version)
    return [(case, await simulations.simulate(user, flow, case)) for case in cases]


async def _flow(session: Session, user: int, named: str, definition: bytes | None, version: str | None) -> "Flow":
    from domain.automations.definition.parsing import parse_text
    from services.automations import rules
    from services.automations.simulating.choosing import definition_of, read_version

    if definition is not None:
        return parse_text(definition)
    found = await rules.find(session.pool, user, named)
    return await definition_of(session.pool, found, read_version(version))


def _cases(test: str | None, given: "Mapping[str, str | None]", at: datetime | None) -> "list[Case]":
    from services.automations.simulating.reading import read_cases

    more = {name: _value(text) for name, text in given.items() if text is not None}
    if at is not None:
        more["at"] = at
    if test is None:
        if "contact" not in more:
            raise InvalidError("contact", "name a contact with --contact, or give a file with --test")
        return read_cases(more)
    found = _value(test)
    if isinstance(found, list):
        return read_cases([one | more if isinstance(one, dict) else one for one in found])
    return read_cases(found | more if isinstance(found, dict) else found)


def _value(text: str) -> Any:
    """JSON as it stands, or of a file; else the text, which names a contact."""
    from services.automations.simulating.reading import read_json

    if text.lstrip()[:1] in ("{", "["):
        return read_json(text.encode())
    return read_json(_read(text)) if Path(text).is_file() else text


def _read(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        raise InvalidError("file", f"{name} cannot be read: {error.strerror}") from None


def _told(error: XsenderError) -> str:
    fields = error.fields if isinstance(error, InvalidError) else ()
    return "\n".join(f"{one.pointer}: {one.message}" if one.pointer else one.message for one in fields) or error.message
