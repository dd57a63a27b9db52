"""Deciding whether fallbacks are due."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

from domain.access.user_scopes import terms_of
from domain.ids import PAGE_SIZE, message_uid, new_page_id, page_of
from domain.messages.fallback import NextKind
from domain.messages.page import KeyTerms
from store.pool import Pool


async def next_step(pool: Pool, uid: UUID, unless: str, *, late: bool) -> tuple[NextKind, UUID | None]:
    """The next step for a message with a fallback, and the page of the fallback if that is to be sent.

    ``late``: the time for proof of its arrival is over.
    """
    async with pool.connection() as conn:
        query = "select step, page from next_step(%s, %s, %s, %s)"
        row = await (await conn.execute(query, (uid, unless, late, new_page_id()))).fetchone()
    assert row is not None
    return cast(NextKind, row[0]), row[1]


@dataclass(frozen=True, slots=True)
class Look:
    """A message with a fallback to check."""

    uid: UUID
    unless: str
    late: bool
    """Whether the time for proof of its arrival is over."""


async def decide(pool: Pool, looks: Sequence[Look], page_id: UUID) -> list[tuple[NextKind, UUID | None]]:
    """The next step for each of these messages, in order, and the uid of the fallback if that is to be sent.

    Fallbacks that become due now are messages of the page ``page_id``; those that became due before keep their uids.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select step, fallback_uid from follow_up(%s::uuid[], %s::text[], %s::boolean[], %s::uuid[])",
            (
                [look.uid for look in looks],
                [look.unless for look in looks],
                [look.late for look in looks],
                [message_uid(page_id, place) for place in range(len(looks))],
            ),
        )
        return [(cast(NextKind, step), uid) for step, uid in await cursor.fetchall()]


@dataclass(slots=True)
class Members:
    """The messages of a page whose fallbacks are in another one, in the order of the fallbacks."""

    uids: list[UUID] = field(default_factory=list)
    purposes: list[str] = field(default_factory=list)
    """What each is for."""
    key: KeyTerms | None = None
    """Their key, if it demands something: a page with fallbacks is of one request."""


async def members(pool: Pool, page_id: UUID, fallback_pages: Iterable[UUID]) -> dict[UUID, Members]:
    """The messages of one page whose fallbacks are in these pages."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select m.fallback_uid, m.uid, coalesce(m.purpose, 'transactional'), m.key_id, m.test, k.scopes
               from messages m left join api_keys k on k.id = m.key_id
               where m.uid between %s and %s and m.fallback_uid is not null order by m.fallback_uid""",
            (page_id, message_uid(page_id, PAGE_SIZE - 1)),
        )
        found = {page: Members() for page in sorted(fallback_pages)}
        for fallback_uid, uid, purpose, key_id, test, scopes in await cursor.fetchall():
            if page_of(fallback_uid) in found:
                of_page = found[page_of(fallback_uid)]
                of_page.uids.append(uid)
                of_page.purposes.append(purpose)
                of_page.key = None if key_id is None else terms_of(key_id, scopes or (), test=test)
        return found
