"""Previews: what rules make of leads, before they are saved."""

from uuid import UUID

import pytest

from store.leads import lists
from tests.api.automations.automations import call, data, holder
from tests.api.leads.lead_sources import GOOGLE, META, new_source
from tests.api.leads.test_lead_lists import google_lead, kept
from tests.stack import Stack


async def test_the_last_leads_are_mapped_and_rules_suggested(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, GOOGLE)
    for number in range(6):
        await kept(stack, made, google_lead(EMAIL=f"a{number}@example.com", budget="low", number="no number"))
    path = f"/lead-sources/{made['id']}/preview"
    usual = await data(stack, user, "POST", path)
    assert [one["contact"]["email"] for one in usual["leads"]] == [
        f"a{number}@example.com" for number in range(5, 0, -1)
    ]
    assert ("EMAIL", "email") in [(one["from"], one["to"]) for one in usual["suggested"]]
    assert usual["leads"][0]["unmapped"] == {"budget": "low", "number": "no number"}
    rules = [{"from": "number", "to": "phone"}, {"from": "budget", "to": "tag"}]
    found = (await data(stack, user, "POST", path, {"mapping": rules}))["leads"][0]
    assert found["tags"] == ["low"]
    assert found["problems"][0]["code"]
    assert "phone" not in found["contact"]
    assert len(await lists.latest_raw(stack.pool, UUID(made["id"]), 10)) == 6
    assert (await call(stack, user, "GET", "/contacts")).json()["data"] == []


async def test_a_body_is_mapped_as_its_provider_has_it(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, META)
    path = f"/lead-sources/{made['id']}/preview"
    body = {"id": "100", "field_data": [{"name": "full_name", "values": ["Ada Lovelace"]}]}
    (lead,) = (await data(stack, user, "POST", path, {"body": body}))["leads"]
    assert lead["contact"] == {"first_name": "Ada", "last_name": "Lovelace"}
    assert await data(stack, user, "POST", path) == {"leads": [], "suggested": []}
    refused = await call(stack, user, "POST", path, {"body": {"field_data": []}})
    assert [one["pointer"] for one in refused.json()["errors"]] == ["/body/id"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_rules_that_are_none_or_name_what_there_is_not_are_refused(stack: Stack, method: str):
    user = await holder(stack)
    made = await new_source(stack, user, META)
    path = f"/lead-sources/{made['id']}" + ("/preview" if method == "POST" else "")
    wrong = [{"from": "a", "to": "field:none"}, {"from": "a", "to": "consent:none"}]
    answer = await call(stack, user, method, path, {"mapping": wrong})
    assert {one["pointer"]: one["code"] for one in answer.json()["errors"]} == {
        "/mapping/0/to": "field_unknown",
        "/mapping/1/to": "purpose_unknown",
    }
    answer = await call(stack, user, method, path, {"mapping": [{"from": "a"}, {"to": "email"}]})
    assert answer.status_code == 422
    assert {one["pointer"].split("/")[2] for one in answer.json()["errors"]} == {"0", "1"}
