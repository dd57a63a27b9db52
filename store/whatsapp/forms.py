"""In which form messages were sent that have two: as they are, or as a template."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.whatsapp.templates import OUTSIDE_WINDOW
from store.connection import Connection
from store.schema.partitions import among


@dataclass(frozen=True, slots=True)
class SentForm:
    """What an attempt handed over."""

    uid: UUID
    attempt: int
    sent_as: str
    """``message``, or the ``template`` in its place."""
    lane: str
    to_follow: bytes | None = None
    """Content of a page with the template that follows if the provider reports later that it took no text."""


# A report may have come before this: the lock on the message makes one of both see the other.
_KEEP = """
insert into templates_to_follow (uid, lane, content, due_at)
select f.uid, f.lane, f.content, case when m.state = 'failed' and m.code = %(code)s then clock_timestamp() end
from unnest(%(uids)s::uuid[], %(lanes)s::text[], %(contents)s::bytea[]) as f (uid, lane, content)
join messages m on m.uid = f.uid and m.uid between %(first)s and %(last)s
order by f.uid for update of m
on conflict (uid) do nothing
"""


async def note(conn: Connection, forms: Sequence[SentForm]) -> None:
    """Note what was handed over, and keep the templates that may have to follow. Idempotent."""
    await conn.execute(
        """update attempts a set sent_as = f.sent_as
           from unnest(%(uids)s::uuid[], %(attempts)s::smallint[], %(forms)s::text[]) as f (uid, attempt, sent_as)
           where a.uid = f.uid and a.uid between %(first)s and %(last)s and a.attempt = f.attempt""",
        {
            **among([form.uid for form in forms]),
            "attempts": [form.attempt for form in forms],
            "forms": [form.sent_as for form in forms],
        },
    )
    kept = [form for form in forms if form.to_follow is not None]
    if kept:
        lanes, contents = [form.lane for form in kept], [form.to_follow for form in kept]
        values = {**among([form.uid for form in kept]), "lanes": lanes, "contents": contents, "code": OUTSIDE_WINDOW}
        await conn.execute(_KEEP, values)
