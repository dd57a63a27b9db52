"""``xsender doctor``: what is wrong with an install, and what to do."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, moment
from cli.output import emit
from cli.session import Session, run, temporal
from domain.errors import InvalidError

if TYPE_CHECKING:
    from services.doctor.findings import Finding
    from services.reconciling.report import Report

_SIGNS = {"ok": "ok", "warning": "WARNING", "failure": "FAILURE"}


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Do what can do no harm, then look again.")] = False,
    bundle: Annotated[
        Path | None,
        typer.Option("--bundle", help="Write an archive (.tar.gz) for support, without secrets and personal data."),
    ] = None,
    reconciling: Annotated[
        bool,
        typer.Option("--reconcile", help="After a restore of the database: compare it with Temporal's workflows."),
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="To which it was restored; else when a worker was last seen."),
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="With --reconcile: bring both in step.")] = False,
    as_json: AsJson = False,
) -> None:
    """Check the install: database, Temporal, keys, workers, gateways, what waits, wallets.

    The exit code is 1 if something does not work.
    """
    if reconciling:
        _show_report(run(lambda session: _reconcile(session, since, apply=apply)), apply=apply, as_json=as_json)
        return
    if since or apply:
        raise InvalidError("reconcile", "--since and --apply go with --reconcile.")
    found, archive = run(lambda session: _examine(session, fix=fix, bundle=bundle is not None))
    if bundle is not None:
        bundle.write_bytes(archive)
    if as_json:
        emit({"ok": not _fails(found), "findings": [_plain(one) for one in found]}, as_json)
    else:
        for one in found:
            typer.echo(f"{_SIGNS[one.level]:8} {one.check}: {one.message}")
            if one.remedy:
                typer.echo(f"{'':8} → {one.remedy}")
    if _fails(found):
        raise typer.Exit(1)


async def _examine(session: Session, *, fix: bool, bundle: bool) -> "tuple[list[Finding], bytes]":
    from runtime.temporal import connect
    from services.doctor.bundle import make_bundle
    from services.doctor.examining import Install, examine

    install = Install(session.settings, session.pool, await connect(session.settings, lazy=True))
    found = await examine(install)
    fixes = [one for one in found if one.fix is not None] if fix else []
    for one in fixes:
        assert one.fix is not None
        typer.echo(f"fixed {one.check}: {await one.fix()}", err=True)
    if fixes:
        found = await examine(install)
    return found, await make_bundle(install, found) if bundle else b""


async def _reconcile(session: Session, since: datetime | None, *, apply: bool) -> "Report":
    from services.reconciling.reconciling import reconcile, restored_to

    client = await temporal(session.settings)
    at = since.timestamp() if since else await restored_to(session.pool)
    return await reconcile(session.pool, client, at, apply=apply)


def _show_report(report: "Report", *, apply: bool, as_json: bool) -> None:
    from services.reconciling.report import KINDS

    at = datetime.fromtimestamp(report.since, UTC).isoformat(timespec="seconds")
    if as_json:
        found = {kind: asdict(one) for kind, one in report.differences.items()}
        emit({"since": at, "applied": apply, "differences": found, "to_decide": report.to_decide}, as_json)
        return
    typer.echo(f"restored to {at}; {'done' if apply else 'to be done with --apply'}:")
    for kind, meaning in KINDS.items():
        if (one := report.differences.get(kind)) is not None:
            typer.echo(f"{one.count:8} {meaning} ({', '.join(one.sample)})")
    if not report.differences:
        typer.echo("nothing: the database and Temporal are in step")
    if report.to_decide:
        counts = ", ".join(f"{count} {what.replace('_', ' ')}" for what, count in report.to_decide.items())
        typer.echo(f"yours to decide: {counts} were under way; what they did since, they do again (docs/backup.md)")


def _fails(found: "list[Finding]") -> bool:
    return any(one.level == "failure" for one in found)


def _plain(one: "Finding") -> dict[str, object]:
    said = {name: getattr(one, name) for name in ("check", "level", "message", "remedy")}
    return said | {"fixable": one.fix is not None}
