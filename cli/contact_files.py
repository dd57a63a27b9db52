"""``xsender contact import`` and ``export``: contacts of a user from a file, and as one."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from cli.operations import shown_end
from cli.options import AsJson, UserOption
from cli.output import emit
from cli.session import Session, run
from domain.errors import InvalidError

if TYPE_CHECKING:
    from services.audience.imports.starting import Options
    from store.operations.operations import Operation

app = typer.Typer(help="Contacts of users.", no_args_is_help=True)

Several = list[str] | None


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="CSV or XLSX.")],
    user: UserOption,
    mapped: Annotated[Several, typer.Option("--map", metavar="COLUMN=FIELD", help="Such as E-Mail=email.")] = None,
    default_country: Annotated[str | None, typer.Option("--default-country", help="Such as DE.")] = None,
    group: Annotated[Several, typer.Option("--group", metavar="KEY", help="That all are added to.")] = None,
    tag: Annotated[Several, typer.Option("--tag", help="That all get.")] = None,
    known: Annotated[
        str, typer.Option("--known", help="Contacts that are there: update, only_fill_empty or skip.")
    ] = "update",
    origin: Annotated[str, typer.Option("--origin", help="Noted as the origin of values.")] = "import",
    sheet: Annotated[str | None, typer.Option("--sheet", help="Of an XLSX file; else the first one.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count what it would do; write nothing.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Wait until it has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Import contacts from a file, as an operation. With --watch the exit code is 1 unless it is done."""
    from services.audience.imports.starting import MOST_BYTES, Options

    if known not in ("update", "only_fill_empty", "skip"):
        raise InvalidError("known", f"There is no choice {known}: use update, only_fill_empty or skip.")
    if file.stat().st_size > MOST_BYTES:
        raise InvalidError("too_large", f"A file may have {MOST_BYTES // 2**20} MiB: split it.")
    options = Options(_mapping(mapped), default_country, group or [], tag or [], known, origin, sheet)  # type: ignore[arg-type]

    async def work(session: Session) -> "Operation":
        return await _begun(session, file, user, options, dry_run)

    operation = run(work)
    if watch:
        shown_end(operation.id, as_json)
    else:
        emit({"operation": operation.id, "state": operation.state}, as_json)


@app.command("export")
def export_file(
    user: UserOption,
    out: Annotated[Path | None, typer.Option("--out", dir_okay=False, help="Left out: standard output.")] = None,
) -> None:
    """Write all contacts of a user as CSV. An import reads such a file."""
    from services.audience.imports.exporting import Export

    async def work(session: Session) -> None:
        export = await Export.begin(session.pool, user)
        with out.open("w", newline="", encoding="utf-8") if out else sys.stdout as file:
            async for text in export.csv():
                file.write(text)

    run(work)


async def _begun(session: Session, file: Path, user: int, options: "Options", only_count: bool) -> "Operation":
    from domain.access.actors import COMMAND_LINE
    from services.audience.imports.starting import begin_import
    from services.changes import change
    from store.accounts import accounts
    from store.audience.imports import files

    await accounts.get(session.pool, user)
    file_id = uuid4()
    if not await files.add(session.pool, file_id, user):
        raise InvalidError("imports_too_many", f"{files.MOST_FILES} files of this user are being imported.")
    try:
        number = 0
        async for piece in _pieces(file):
            await files.add_piece(session.pool, file_id, number, piece)
            number += 1
        async with change(session.pool, COMMAND_LINE, "contacts.imported") as made:
            return await begin_import(made, user, file_id, options, None, only_count=only_count)
    except BaseException:
        await files.delete(session.pool, file_id)
        raise


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    from services.audience.imports.starting import PIECE

    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece


def _mapping(given: Several) -> dict[str, str] | None:
    pairs = [pair.rpartition("=") for pair in given or []]
    if any(not column or not field for column, _, field in pairs):
        raise InvalidError("mapping", "Write what a column holds as COLUMN=FIELD, such as E-Mail=email.")
    return {column: field for column, _, field in pairs} or None
