"""Pages whose failed messages are sent again: whether they can be, and starting them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from temporalio.client import Client

from domain.audience.purposes import of_lane
from domain.ids import send_workflow_id
from domain.lanes import Lane
from domain.messages.page import Carried, PageHeader, Turn
from domain.messages.page_content import PageContent
from services.sending.page_runs import Fate, latest_run, start_arguments
from services.sending.page_start import StartPage, page_start
from store.batches import batches
from store.pool import Connections

_AT_A_TIME = 20
"""Pages that Temporal is asked about at a time."""
_STOPPED = ("paused", "cancelling")
"""States of batches whose messages are not sent."""

Turns = list[tuple[Turn, list[int]]]


@dataclass(frozen=True, slots=True)
class Sendable:
    """A page of which messages can be sent again."""

    recipients: Sequence[str]
    exempt: bool
    """Whether they are sent despite opt-outs."""


async def look_at(store: Connections, client: Client, page_ids: Iterable[UUID]) -> dict[UUID, Sendable | str]:
    """These pages, or why nothing of them can be sent again now, as a code.

    Raises:
        RPCError: Temporal does not answer.
    """
    limit = asyncio.Semaphore(_AT_A_TIME)

    async def look(page_id: UUID) -> tuple[UUID, Sendable | str]:
        async with limit:
            return page_id, await _look_at(store, client, page_id)

    return dict(await asyncio.gather(*map(look, page_ids)))


async def _look_at(store: Connections, client: Client, page_id: UUID) -> Sendable | str:
    run = await latest_run(client, send_workflow_id(page_id))
    if run.fate is Fate.RUNNING:
        return "page_at_work"
    async with store.connection() as conn:
        start = await page_start(conn, client, page_id, run)
    if start is None:
        return "content_gone"
    if start.batch_state in _STOPPED:
        return "batch_stopped"
    content = start.content or await batches.page_content(store, page_id)
    if not content:
        return "content_gone"
    return Sendable([message.to for message in PageContent.decode(content).messages], start.header.exempt)


async def start_all(
    store: Connections, client: Client, start: StartPage, pages: Mapping[str, Sequence[Sequence[Any]]]
) -> dict[str, Sequence[Sequence[Any]]]:
    """Start pages for these turns of messages, as ``stored`` has them. Safe to repeat.

    Returns those that are running for other messages: they can be started once these have ended.

    Raises:
        RPCError: Temporal does not answer; whether some were started is not known.
    """
    limit = asyncio.Semaphore(_AT_A_TIME)

    async def start_one(page_id: str) -> str | None:
        async with limit:
            return None if await _start(store, client, start, UUID(page_id), _read(pages[page_id])) else page_id

    left = await asyncio.gather(*map(start_one, pages))
    return {page_id: pages[page_id] for page_id in left if page_id is not None}


async def _start(store: Connections, client: Client, start: StartPage, page_id: UUID, turns: Turns) -> bool:
    """Returns whether it runs for these messages, or did, or cannot any more."""
    run = await latest_run(client, send_workflow_id(page_id))
    if run.fate is Fate.RUNNING:
        began = await start_arguments(client, send_workflow_id(page_id), run.id)
        return began is None or (began[0].carried is not None and began[0].carried.turns == turns)
    async with store.connection() as conn:
        found = await page_start(conn, client, page_id, run)
    if found is None:  # its content has gone since: the workers' sweep ends its messages
        return True
    return await start(client, replace(found, header=_replayed(found.header, turns)))


def _replayed(header: PageHeader, turns: Turns) -> PageHeader:
    """The page for these messages alone, behind what is sent now: in the lane of bulk, for the same purposes."""
    purposes = header.purposes
    if header.lane != Lane.BULK and not header.stored:
        named = {index for indexes in purposes.values() for index in indexes}
        rest = [index for index in range(header.size) if index not in named]
        purposes = {**purposes, of_lane(header.lane): rest} if rest else purposes
    due = [0.0] * header.size
    for turn, indexes in turns:
        for index in indexes:
            due[index] = turn.at
    return replace(header, due=due, carried=Carried(0.0, turns), lane=Lane.BULK.value, purposes=purposes)


def stored(turns: Mapping[Turn, Sequence[int]]) -> list[list[Any]]:
    """Turns as the place of an operation has them."""
    return [[turn.attempt, turn.at, turn.pinned, list(indexes)] for turn, indexes in turns.items()]


def _read(turns: Sequence[Sequence[Any]]) -> Turns:
    return [
        (Turn(at=at, waits_for="schedule" if at else "", attempt=attempt, pinned=pinned), list(indexes))
        for attempt, at, pinned, indexes in turns
    ]
