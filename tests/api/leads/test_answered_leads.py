"""Leads that are answered by a message."""

from unittest.mock import AsyncMock

from services.leads.processing.applying import Applying
from services.leads.receiving import Arrived, receive
from store.leads import leads
from store.pool import open_pool
from tests.api.automations.automations import holder
from tests.api.campaigns.campaigns import template
from tests.api.leads.test_google_leads import lead as posted
from tests.leads.leads import source_of
from tests.stack import Stack


async def test_a_lead_is_answered_with_the_one_connection_of_its_transaction(stack: Stack):
    """Else as many at a time as there are connections would wait for each other."""
    user = await holder(stack)
    await template(stack, user, "thanks", sms={"en": {"message": "Thanks"}})
    source = await source_of(stack, user, "google", {}, reply={"channel": "sms", "template": "thanks"})
    body = posted("", user_column_data=[{"column_id": "PHONE_NUMBER", "string_value": "+14155550123"}])
    [received] = await receive(stack.pool, stack.keyring, [Arrived(source, "1", "webhook", raw=body)])
    await leads.note_started(stack.pool, [received.id])  # no worker takes it
    lead = await leads.of_id(stack.pool, received.id)
    assert lead is not None
    settings, start = stack.settings, AsyncMock()
    pool = await open_pool(settings.database_url, 1, "one connection", settings.database_direct_url)
    await Applying(pool, {}).apply(lead, source, body, stack.temporal, start)
    await pool.close()
    taken = await leads.of_id(stack.pool, received.id)
    assert taken is not None
    assert (taken.state, taken.code) == ("done", None)
    assert taken.reply_uid is not None
    start.assert_awaited_once()
