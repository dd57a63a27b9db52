"""Messages of many users in all states, for measuring lists."""

from uuid import UUID

from domain.messages.statuses import State
from store.connection import Connection
from store.messages.search.filters import FAILURES

# One in 25 failed, in all ways; one in 10,000 waits; the others arrived. One is accepted every two seconds.
_FILL = """
insert into messages (uid, account_id, channel, recipient, state, code, price, credit, gateway_id)
select (lpad(to_hex(at), 12, '0') || '80008000' || lpad(to_hex(n * 512), 12, '0'))::uuid,
       %(first)s + n * 7919 %% %(users)s, (array['sms', 'email', 'whatsapp'])[1 + n %% 3],
       '+1202' || lpad((n * 31 %% 200000)::text, 7, '0'),
       case when n %% 10000 = 0 then 'scheduled' when n %% 25 = 0 then (%(failed)s::text[])[1 + n / 25 %% 7]
            else (%(arrived)s::text[])[1 + n %% 3] end,
       case when n %% 25 = 0 and n %% 10000 > 0 then 'code_' || n / 25 %% 97 end, 1, 'captured',
       (%(gateways)s::uuid[])[1 + n %% 50]
from (select n, (extract(epoch from now()) * 1000)::bigint - n * 2000 as at
      from generate_series(1, %(messages)s::bigint) as n) as each
"""
GATEWAYS = [UUID(int=1 << 100 | number) for number in range(50)]
"""Those that had the messages."""
_GATEWAYS = """
insert into gateways (id, account_id, channel, identifier, type, config, enabled)
select id, 0, 'sms', 'listed-' || n, 'sandbox', '', false from unnest(%(gateways)s::uuid[]) with ordinality as g (id, n)
on conflict do nothing
"""
_FAILED = sorted(FAILURES)
_ARRIVED = [State.SENT, State.DELIVERED, State.READ]
_NOTED = """
with noted as (
    insert into workflow_checks (id, next_at)
    select distinct page_of(uid), now() + interval '1 day' from messages where state in ('scheduled', 'unknown')
    on conflict do nothing
)
update workflow_checks_mark set uid = greatest(uid, uid_at(now() - interval '5 minutes'))
"""


async def fill_messages(conn: Connection, messages: int, users: int, first: int = 1) -> None:
    """Write messages of users with ids from ``first`` on, as if the leader of the workers had noted the open ones."""
    values = {
        "messages": messages,
        "users": users,
        "first": first,
        "failed": _FAILED,
        "arrived": _ARRIVED,
        "gateways": GATEWAYS,
    }
    await conn.execute(_GATEWAYS, values)
    await conn.execute(_FILL, values)
    await conn.execute(_NOTED)
