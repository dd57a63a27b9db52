"""Messages that were not sent: of many users in all states, for measuring lists; of many months, for growth."""

from dataclasses import dataclass
from uuid import UUID

from domain.messages.statuses import State
from store.connection import Connection
from store.messages.search.filters import FAILURES
from store.pool import Pool, long_transaction

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


_STRANGERS = 10**9
"""The least id of those who have the other messages."""
_SENT = """
with made as (
    insert into messages (uid, account_id, channel, recipient, state, code, price, credit, gateway_id)
    select (lpad(to_hex(%(newest)s - n * 1000), 12, '0') || '80008000' || lpad(to_hex(n * 512), 12, '0'))::uuid,
           case n %% %(share)s when 0 then %(account)s else %(strangers)s + n %% %(share)s end, 'sms',
           '+1202' || lpad((n * 31 %% 2000000)::text, 7, '0'), case n %% 25 when 0 then 'failed' else 'delivered' end,
           case n %% 25 when 0 then 'code_' || n / 25 %% 97 end, 1, 'captured', (%(gateways)s::uuid[])[1 + n %% 50]
    from generate_series(%(after)s::bigint + 1, %(last)s::bigint) as n
    returning uid, gateway_id, state, code
)
insert into attempts (uid, attempt, gateway_id, run_id, outcome, code, ended_at)
select uid, 1, gateway_id, uid, case state when 'failed' then 'refused' else 'accepted' end, code, now() from made
"""


@dataclass(frozen=True)
class PastMessages:
    """Messages that ended long ago: one a second until ``newest``, of which an account has one in ``SHARE``."""

    account: int
    newest: int
    """Unix time in ms."""

    SHARE = 21
    _AT_ONCE = 250_000

    def uid(self, number: int) -> UUID:
        """That of one of the account's, counted from 1 for the newest."""
        n = number * self.SHARE
        return UUID(f"{self.newest - n * 1000:012x}80008000{n * 512:012x}")

    async def fill(self, pool: Pool, after: int, last: int) -> None:
        """Write those that are older than the ``after`` newest, up to ``last`` in all."""
        for begin in range(after, last, self._AT_ONCE):
            values = {
                "newest": self.newest,
                "account": self.account,
                "share": self.SHARE,
                "strangers": _STRANGERS,
                "gateways": GATEWAYS,
                "after": begin,
                "last": min(last, begin + self._AT_ONCE),
            }
            async with long_transaction(pool) as conn:
                await conn.execute(_GATEWAYS, values)
                await conn.execute(_SENT, values)
