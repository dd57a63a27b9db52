"""Tables as large as a busy install has them, loaded in bulk."""

import psycopg

_GROWING = {
    "messages": """(uid, account_id, channel, recipient, state, price, credit, provider_id)
        select uid, n % 1000, 'sms', '+1202' || n, 'delivered', 1, 'captured', 'p-' || n from source""",
    "attempts": """(uid, attempt, gateway_id, run_id, outcome, ended_at)
        select uid, 1, uid, uid, 'accepted', now() from source""",
    "journal": """(account_id, channel, uid, attempt, kind, amount)
        select n % 1000, 'sms', uid, 0, 'hold', 1 from source""",
    "receipt_ids": "(gateway_id, provider_id, uid) select md5((n % 10)::text)::uuid, 'p-' || n, uid from source",
    "receipts": "(uid, key, kind, at) select uid, uid, 'delivered', now() from source",
    "callback_deliveries": """(id, endpoint_id, account_id, type, uid, data, occurred_at, state)
        select uid, md5((n % 10)::text)::uuid, n % 1000, 'message.sent', uid, '{}', now(), 'delivered' from source""",
    "idempotency_keys": """(account_id, key, endpoint, body_hash, page_id, locked_until)
        select n % 1000, uid::text, '/api/sms/send', '', uid, now() from source""",
    "inbound_messages": """(id, gateway_id, account_id, channel, sender, recipient, body, media, at)
        select uid, uid, n % 1000, 'sms', '+1202' || n, '+1203', 'Hello', '{}', now() from source""",
}


_HOTTEST = {"messages", "attempts", "journal"}


async def fill(conn: psycopg.AsyncConnection, rows: int) -> None:
    """Put so many rows into the hottest tables, and a tenth of that into each other one that grows with traffic.

    Their uids grow with time, as real ones do.
    """
    for table, insert in _GROWING.items():
        count = rows if table in _HOTTEST else rows // 10
        await conn.execute(
            f"""with source as (select lpad(to_hex(n), 32, '0')::uuid as uid, n from generate_series(1, {count}) as n)
                insert into {table} {insert}""".encode()
        )
    await conn.execute("analyze")
