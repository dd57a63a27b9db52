"""``xsender usage``: counters of messages."""

from datetime import date
from typing import Annotated

import typer

from cli.options import AsJson, user_id, uuid
from cli.output import emit
from cli.session import run
from domain.channels import Channel
from domain.errors import InvalidError

_GROUPS = ("day", "user", "channel", "gateway")


def usage(
    by: Annotated[
        list[str] | None, typer.Option("--by", help=f"What each row is of: {', '.join(_GROUPS)}; may be repeated.")
    ] = None,
    user: Annotated[int | None, typer.Option("--user", parser=user_id, metavar="ID", help="Only of this user.")] = None,
    channel: Annotated[Channel | None, typer.Option("--channel")] = None,
    gateway: Annotated[str | None, typer.Option("--gateway", help="Only of the gateway with this id.")] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="The first day, such as 2026-11-01.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DAY", help="The last day; left out: today.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=100_000, help="The most rows.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """Messages by the day (UTC) on which they were accepted, what became of them, and the credits spent on them."""
    from services.usage import period
    from store.reports.usage import Filter, page

    groups = [group for group in _GROUPS if group in (by or ["day"])]
    if unknown := sorted(set(by or ()) - set(_GROUPS)):
        raise InvalidError("group_unknown", f"Nothing is counted by {', '.join(unknown)}: use {', '.join(_GROUPS)}.")
    days = period(_day(first, "--from"), _day(last, "--to"))
    wanted = Filter(*days, user, channel, None if gateway is None else uuid(gateway, "--gateway"))
    rows = run(lambda session: page(session.pool, wanted, groups, None, limit))  # type: ignore[arg-type]
    emit([row.shown() for row in rows], as_json)


def _day(text: str | None, option: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise InvalidError("day", f"{option} must be a day, such as 2026-11-28.") from None
