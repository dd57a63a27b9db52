"""Owners are told once of phones that stopped calling."""

from datetime import timedelta

from services.devices.alarms import tell_offline
from tests.devices.made import eventually, move_back, phone_gateway
from tests.stack import Stack

_NOTICES = "select subject, message from automation_notices where account_id = %s and kind = 'device.offline'"


async def test_an_owner_is_told_once_of_all_phones_that_went_away_together(stack: Stack):
    user = await stack.user()
    gateway = await phone_gateway(stack, user)
    await gateway.phone()
    await gateway.phone()
    here = await gateway.phone()
    for phone in gateway.phones[:2]:
        await move_back(stack.pool, "devices", "seen_at", "id = %s", timedelta(hours=1), phone.session.device_id)
    await tell_offline(stack.pool)
    await tell_offline(stack.pool)
    ((subject, message),) = await eventually(stack.pool, bool, _NOTICES, (user.id,))
    assert subject == "2 phones are offline"
    assert "phone 1, phone 2." in message

    # One came back, and went away again: that is news.
    async with stack.pool.connection() as conn:
        again = "update devices set seen_at = clock_timestamp() where id = %s"
        await conn.execute(again, (gateway.phones[0].session.device_id,))
    await tell_offline(stack.pool)
    for phone in (gateway.phones[0], here):
        await move_back(stack.pool, "devices", "seen_at", "id = %s", timedelta(hours=1), phone.session.device_id)
    await tell_offline(stack.pool)
    notices = await eventually(stack.pool, lambda rows: len(rows) == 2, _NOTICES, (user.id,))
    assert {subject for subject, _ in notices} == {"2 phones are offline"}
