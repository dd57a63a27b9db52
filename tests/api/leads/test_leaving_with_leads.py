"""Sources and leads of a user who leaves: exported without what is sealed, and removed with all else."""

from typing import Any

from tests.api.admin import admin
from tests.api.automations.automations import holder
from tests.api.leads.lead_sources import META, new_source
from tests.api.leads.test_lead_lists import google_lead, kept
from tests.api.operations import ended
from tests.api.test_leaving_users import exported
from tests.stack import Stack


async def test_they_are_exported_without_what_is_sealed_and_purged_with_the_rest(stack: Stack):
    user, staff = await holder(stack), await admin(stack)
    made: dict[str, Any] = await new_source(stack, user, META)
    lead = await kept(stack, made, google_lead(EMAIL="ada@example.com"), state="done")
    files = await exported(staff, user.id)
    (source,), (row,) = files["lead_sources.ndjson"], files["leads.ndjson"]
    assert (source["id"], row["id"]) == (made["id"], str(lead))
    assert "sealed" not in source | row
    await staff.data("DELETE", f"/users/{user.id}")
    begun = await staff.data("POST", f"/users/{user.id}/purge")
    certificate = await ended(stack.pool, begun["id"])
    assert certificate.result is not None
    assert certificate.result["rows"]["leads"] == 1
    assert certificate.result["rows"]["lead_sources"] == 1
    async with stack.pool.connection() as conn:
        for table in ("leads", "lead_sources"):
            found = await conn.execute(f"select from {table} where account_id = %s", (user.id,))
            assert found.rowcount == 0
