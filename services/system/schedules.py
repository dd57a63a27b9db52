"""Schedules of an install that Temporal keeps: campaigns that repeat."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from temporalio.client import Client, ScheduleListDescription
from temporalio.service import RPCError, RPCStatusCode

from domain.errors import InvalidError
from domain.ids import campaign_of_schedule
from store.audience.campaigns import campaigns
from store.pool import Pool

_WITHIN = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Schedule:
    """What begins by itself, again and again."""

    id: str
    user_id: int | None
    """Whose it is; ``None``: nobody's whom we know, as it is not ours or its campaign was deleted."""
    campaign: UUID | None
    paused: bool
    next_at: datetime | None
    """``None``: it begins no more, or is paused."""
    last_at: datetime | None
    """``None``: it has not begun yet."""


async def page(pool: Pool, client: Client, limit: int, token: bytes | None) -> tuple[list[Schedule], bytes | None]:
    """Some of them, in Temporal's order, and the token of the page after it; ``None``: these are the last.

    Raises:
        InvalidError: Temporal does not know the ``token``.
        RPCError: Temporal does not answer.
    """
    found = await client.list_schedules(page_size=limit, next_page_token=token, rpc_timeout=_WITHIN)
    try:
        await found.fetch_next_page()
    except RPCError as error:
        if token is None or error.status is not RPCStatusCode.INVALID_ARGUMENT:
            raise
        raise InvalidError("cursor", "this is no next_cursor of ours: begin without one", "/cursor") from None
    listed = list(found.current_page or [])
    ours = {one.id: campaign for one in listed if (campaign := campaign_of_schedule(one.id))}
    owners = await campaigns.owners(pool, list(ours.values()))
    return [_schedule(one, ours.get(one.id), owners) for one in listed], found.next_page_token or None


def _schedule(one: ScheduleListDescription, campaign: UUID | None, owners: dict[UUID, int]) -> Schedule:
    upcoming = one.info.next_action_times if one.info else []
    recent = one.info.recent_actions if one.info else []
    paused = bool(one.schedule and one.schedule.state.paused)
    return Schedule(
        one.id,
        owners.get(campaign) if campaign else None,
        campaign,
        paused,
        upcoming[0] if upcoming and not paused else None,
        recent[-1].started_at if recent else None,
    )
