"""``xsender lead import``: leads from files that Meta and Google let people download."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run
from domain.errors import InvalidError

if TYPE_CHECKING:
    from services.leads.doors.importing import Imported


def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV, as downloaded.")],
    user: UserOption,
    source: Annotated[str, typer.Option("--source", help="Key or id of the source that the leads are of.")],
    begin: Annotated[
        bool, typer.Option("--begin", help="Also answer them and begin automations, as if they had just been posted.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what it would do; write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import leads from a file of Meta or Google. Those that are known stay as they are.

    They become contacts within the next minutes. Rows that are faulty are listed with why.
    """
    from domain.leads.reading.file import MOST_BYTES

    if file.stat().st_size > MOST_BYTES:
        raise InvalidError("too_large", f"A file of leads may have {MOST_BYTES // 2**20} MiB: split it.")
    content = file.read_bytes()

    async def work(session: Session) -> "Imported":
        return await _imported(session, user, source, content, begin=begin, dry_run=dry_run)

    found = asdict(run(work))
    faults = found["faults"]
    if as_json:
        emit(found, as_json)
        return
    emit({name: count for name, count in found.items() if name != "faults"}, as_json)
    if faults:
        emit(faults, as_json)


async def _imported(
    session: Session, user: int, source: str, content: bytes, *, begin: bool, dry_run: bool
) -> "Imported":
    from domain.access.actors import COMMAND_LINE
    from services.changes import change
    from services.leads.doors.importing import import_leads, note
    from services.leads.rules import find

    found = await find(session.pool, user, source)
    imported = await import_leads(session.pool, session.keyring, found, content, begin=begin, dry_run=dry_run)
    async with change(session.pool, COMMAND_LINE, "lead_source.imported", dry_run=dry_run) as made:
        note(made, found, imported)
    return imported
