"""``xsender settings export``, ``diff`` and ``apply``: settings as code."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson
from cli.output import emit
from cli.session import Session, run, run_sealed_change
from domain.errors import InvalidError
from domain.text.printable import visible

if TYPE_CHECKING:
    from domain.keyring import Keyring
    from services.changes import Change
    from services.settings_file.comparing import Comparison, Difference
    from services.settings_file.document import Document

DIFFERENT = 2
"""The exit code if there is something to change."""

FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="A settings file; - for standard input.")]
PruneOption = Annotated[
    bool, typer.Option("--prune", help="Delete what was applied before and is not in the file, of the kinds it has.")
]


def export(
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only this section; may be repeated.")] = None,
) -> None:
    """Print what there is as a settings file. Secrets are references to what is stored."""
    from domain.access.actors import COMMAND_LINE
    from services.settings_file.applying import export, readable

    async def work(session: Session) -> str:
        known = readable(COMMAND_LINE)
        if unknown := sorted(set(kind or ()) - set(known)):
            raise InvalidError("kind", f"There is no section {', '.join(unknown)}: use {', '.join(known)}.")
        return await export(session.pool, session.keyring, COMMAND_LINE, kind or known)

    print(run(work), end="")


def diff(file: FileArgument, prune: PruneOption = False, as_json: AsJson = False) -> None:
    """Show what a settings file would change. The exit code is 0 without a difference, 2 with one, 1 for an error."""
    from domain.access.actors import COMMAND_LINE
    from services.settings_file.applying import compare

    document = _read(file)

    async def work(session: Session) -> "list[Comparison]":
        return await compare(session.pool, session.keyring, COMMAND_LINE, document, prune=prune)

    found = run(work)
    _print(found, as_json)
    if any(one.is_a_change for one in found):
        raise typer.Exit(DIFFERENT)


def apply(
    file: FileArgument,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all of it, and write nothing.")] = False,
    prune: PruneOption = False,
    overwrite_drift: Annotated[
        bool, typer.Option("--overwrite-drift", help="Undo what somebody else has changed since.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make the install as a settings file says: all of it or nothing."""
    from services.settings_file.applying import Options, apply

    document = _read(file)

    async def work(made: "Change", keyring: "Keyring") -> "list[Comparison]":
        return await apply(made, keyring, document, Options(prune, overwrite_drift))

    _print(run_sealed_change("settings.applied", work, dry_run=dry_run), as_json)


def _read(file: str) -> "Document":
    from services.settings_file.document import parse
    from services.settings_file.secrets import read_reference
    from services.settings_file.yaml_text import MAX_BYTES

    try:
        if file == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidError("file", f"{file} cannot be read: {error.strerror}.") from None
    return parse(raw, read_reference)


def _print(found: "Sequence[Comparison]", as_json: bool) -> None:
    if as_json:
        emit([_record(one) for one in found if one.action != "none"], as_json)
        return
    for one in found:
        if one.action != "none":
            why = " (a secret of it does not open with the keys of this install)" if one.action == "skip" else ""
            print(visible(f"{one.action} {one.kind.section}: {one.key}{why}"))
            for each in one.changes:
                print(visible(f"    {_line(each)}"))
            for each in one.drift:
                print(visible(f"    changed by somebody else: {_line(each)}"))
    if all(one.action == "none" for one in found):
        print("nothing to change")


def _line(each: "Difference") -> str:
    if each.is_secret:
        return f"{each.field}: (secret)"
    return f"{each.field}: {each.before!r} -> {each.after!r}" if each.field else f"{each.before} -> {each.after}"


def _record(one: "Comparison") -> dict[str, Any]:
    return {
        "kind": one.kind.section,
        "key": one.key,
        "action": one.action,
        "changes": one.changes,
        "drift": one.drift,
    }


def add_to(app: typer.Typer) -> None:
    """Add the commands to those of settings."""
    for command in (export, diff, apply):
        app.command()(command)
