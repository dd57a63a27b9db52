"""Leads of LinkedIn that nobody posted, and those whose token has ended: a double of its API over real sockets."""

from datetime import UTC, datetime, timedelta

from tests.api.admin import admin
from tests.api.automations.automations import holder
from tests.leads.leads import all_of, arrived, new_token, now, rows, source_of
from tests.leads.linkedin_double import LinkedInDouble
from tests.leads.provider_double import serving
from tests.stack import Stack

OWNER, TOKEN = "urn:li:sponsoredAccount:508", "member-token"


async def test_missed_leads_are_found_and_none_twice_also_after_the_token_ended(own_stack: Stack):
    """The webhook is off for 40 hours; then the token is revoked while leads come."""
    await (await admin(own_stack)).data("PATCH", "/settings", {"private_call_hosts": ["127.0.0.1"]})
    user, begun = await holder(own_stack), datetime.now(UTC) - timedelta(hours=40)
    async with serving(LinkedInDouble()) as linkedin:
        linkedin.tokens[TOKEN] = {OWNER}
        linkedin.add_form(OWNER, 7, "Offer", EMAIL="E-mail")
        ids = [f"lead-{n}" for n in range(60)]
        for n, one in enumerate(ids):
            linkedin.add_lead(7, one, at=begun + timedelta(minutes=40 * n), EMAIL=f"linked{n}@example.com")
        source = await source_of(own_stack, user, "linkedin", {"token": TOKEN}, owner=OWNER, api_url=linkedin.url)
        await rows(own_stack, "update lead_sources set created_at = %s where id = %s returning 1", begun, source.id)
        await arrived(own_stack, source, *ids[:40:4])
        await all_of(own_stack, source, 10, "done")
        linkedin.kill_token(TOKEN)
        await arrived(own_stack, source, *ids[50:])
        await all_of(own_stack, source, 10, "parked")
        assert (await now(own_stack, source)).state == "parked"
        linkedin.tokens["new-token"], before = {OWNER}, len(linkedin.fetched)
        await new_token(own_stack, source, "new-token")
        assert len(await all_of(own_stack, source, 60, "done")) == 60
    assert linkedin.fetched[before:] == ids[50:]
    assert await rows(own_stack, "select count(*) from contacts where account_id = %s", user.id) == [(60,)]
