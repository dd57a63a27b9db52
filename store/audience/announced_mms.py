"""An MMS that a phone reports twice, announced and downloaded, is one message: the downloaded one.

Nothing that both reports say is the same for certain but phone and sender, so they are matched one to one.
"""

from uuid import UUID

from domain.devices.received import MMS, MMS_ANNOUNCED
from domain.messages.receipts import Inbound
from store.connection import Connection

_LOCK = "select pg_advisory_xact_lock(hashtextextended(concat_ws('|', %(gateway)s::text, 'mms', %(sender)s::text), 0))"

# It is the text of this announcement from then on, and of no other one. Both come at about the same time; the
# announcement is processed some minutes later.
_TEXT = """
update inbound_messages set content = content || jsonb_build_object('announced', %(id)s::text)
where id = (
    select i.id from inbound_messages i
    where i.sender = %(sender)s and i.received_at > clock_timestamp() - interval '2 hours'
      and i.gateway_id = %(gateway)s and i.kind = %(mms)s and i.content ->> 'device' = %(content)s::jsonb ->> 'device'
      and coalesce(i.content ->> 'announced', %(id)s::text) = %(id)s::text
    order by i.content ->> 'announced', i.received_at desc limit 1
) returning id
"""
_REPLACE = """
with announced as (
    select i.id from inbound_messages i join inbound_messages mms on mms.id = %(id)s
    where i.sender = %(sender)s and i.received_at > clock_timestamp() - interval '1 day'
      and i.gateway_id = %(gateway)s and i.kind = %(announced)s and i.content ->> 'device' = mms.content ->> 'device'
      and not mms.content ? 'announced'
    order by i.received_at desc limit 1
), gone as (
    delete from inbound_messages i using announced a where i.id = a.id returning i.id
)
update inbound_messages i set content = i.content || jsonb_build_object('announced', gone.id::text)
from gone where i.id = %(id)s
"""


async def is_downloaded(conn: Connection, gateway_id: UUID, id_: UUID, inbound: Inbound) -> bool:
    """Whether a message is an announcement whose text was reported before. Later reports of its sender wait until the
    transaction ends."""
    if inbound.kind not in (MMS, MMS_ANNOUNCED):
        return False
    values = _values(gateway_id, id_, inbound)
    await conn.execute(_LOCK, values)
    return inbound.kind == MMS_ANNOUNCED and (await conn.execute(_TEXT, values)).rowcount > 0


async def replace_announcement(conn: Connection, gateway_id: UUID, id_: UUID, inbound: Inbound) -> None:
    """Delete the announcement of an MMS that has just been stored, if it is stored."""
    if inbound.kind == MMS:
        await conn.execute(_REPLACE, _values(gateway_id, id_, inbound))


def _values(gateway_id: UUID, id_: UUID, inbound: Inbound) -> dict[str, object]:
    return {
        "gateway": gateway_id,
        "id": id_,
        "sender": inbound.sender,
        "content": inbound.content,
        "mms": MMS,
        "announced": MMS_ANNOUNCED,
    }
