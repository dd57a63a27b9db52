"""``GET /api/lead-sources/{source}/speed``."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.automations.automations import call, data, holder
from tests.leads_made import new_lead, new_source
from tests.stack import Stack


async def test_the_owner_of_a_source_sees_how_fast_its_leads_are_answered(stack: Stack):
    user, now = await holder(stack), datetime.now(UTC)
    source = await new_source(stack.pool, user.id)
    await new_lead(stack.pool, source, received_at=now, first_reply_at=now + timedelta(seconds=4), state="done")
    old = {"received_at": now - timedelta(days=3), "first_reply_at": now}
    await new_lead(stack.pool, source, **old)
    found = await data(stack, user, "GET", f"/lead-sources/{source.key}/speed?days=1")
    assert (found["leads"], found["answered"], found["states"]) == (1, 1, {"done": 1})
    assert found["median_seconds"] == pytest.approx(4)
    assert found["p95_seconds"] == pytest.approx(4)
    assert (await data(stack, user, "GET", f"/lead-sources/{source.id}/speed"))["leads"] == 2


async def test_strangers_and_wrong_days_are_refused(stack: Stack):
    source = await new_source(stack.pool, (await holder(stack)).id)
    assert (await call(stack, await holder(stack), "GET", f"/lead-sources/{source.id}/speed")).status_code == 404
    assert (await call(stack, await holder(stack), "GET", f"/lead-sources/{source.id}/speed?days=0")).status_code == 422
