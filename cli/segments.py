"""``xsender segment``: saved conditions of a user, and the contacts that meet them."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.options import AsJson, user_id
from cli.output import emit
from cli.session import Session, run, run_change

if TYPE_CHECKING:
    from services.changes import Change

app = typer.Typer(help="Segments: saved conditions about a user's contacts.", no_args_is_help=True)

Owner = Annotated[int, typer.Option("--user", parser=user_id, metavar="ID", help="Whose segments.")]
Key = Annotated[str, typer.Argument(metavar="KEY", help="The segment's key.")]
_MOST = 10_000


@app.command("list")
def list_segments(user: Owner, as_json: AsJson = False) -> None:
    """List segments, newest first."""
    from store.audience.segments import saved

    async def work(session: Session) -> list[dict[str, Any]]:
        return [asdict(found) for found in await saved.page(session.pool, user, 2**63 - 1, _MOST)]

    found = run(work)
    emit(found if as_json else [{name: one[name] for name in ("id", "key", "name")} for one in found], as_json)


@app.command()
def show(key: Key, user: Owner, as_json: AsJson = False) -> None:
    """Show a segment with its condition."""
    from services.audience.segments import rules

    emit(asdict(run(lambda session: rules.find(session.pool, user, key=key))), as_json)


@app.command("set")
def set_segment(
    key: Key,
    user: Owner,
    condition: Annotated[Path, typer.Option("--condition", metavar="FILE", help="A JSON file with the condition.")],
    name: Annotated[str | None, typer.Option("--name", help="Left out: as it was, or the key.")] = None,
    as_json: AsJson = False,
) -> None:
    """Save a segment, or replace its condition."""
    from services.audience.segments import rules

    raw = _read(condition)

    async def work(made: "Change") -> dict[str, Any]:
        return asdict(await rules.put(made, user, key, name, raw))

    emit(run_change("segment.changed", work), as_json)


@app.command()
def delete(key: Key, user: Owner, as_json: AsJson = False) -> None:
    """Delete a segment. Its contacts stay."""
    from services.audience.segments import rules

    async def work(made: "Change") -> int:
        return (await rules.remove(made, user, (await rules.find(made.store, user, key=key)).id)).id

    emit({"deleted": run_change("segment.deleted", work)}, as_json)


@app.command()
def count(key: Key, user: Owner, as_json: AsJson = False) -> None:
    """Count the contacts that are in a segment now."""
    from datetime import UTC, datetime

    from services.audience.segments import rules
    from store.audience.segments import matching

    async def work(session: Session) -> int:
        condition = rules.read_condition((await rules.find(session.pool, user, key=key)).condition)
        return await matching.count(session.pool, user, condition, datetime.now(UTC))

    emit({"segment": key, "count": run(work)}, as_json)


def _read(path: Path) -> Any:
    from domain.errors import InvalidError
    from domain.text.strict_json import StrictJsonError, loads

    try:
        return loads(path.read_bytes())
    except (OSError, StrictJsonError) as error:
        raise InvalidError("condition_file", f"{path}: {error}") from error
