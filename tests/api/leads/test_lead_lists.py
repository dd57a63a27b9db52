"""Lists of leads, what is shown of one, and taking them again."""

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from store.leads import leads, sealing
from tests.api.answers import assert_error
from tests.api.automations.automations import call, data, holder
from tests.api.leads.lead_sources import FORM, GOOGLE, META, new_source
from tests.leads.leads import reaches
from tests.leads_made import again, new_lead
from tests.stack import Stack, User


def google_lead(**answers: str) -> dict[str, Any]:
    return {
        "lead_id": uuid4().hex,
        "form_id": "77",
        "campaign_id": 12345678901234567890,
        "gcl_id": "EAIaIQob",
        "user_column_data": [{"column_id": name, "string_value": value} for name, value in answers.items()],
    }


async def kept(stack: Stack, made: dict[str, Any], body: dict[str, Any], **columns: Any) -> UUID:
    """A lead whose raw body is kept."""
    id_ = await new_lead(stack.pool, await again(stack.pool, UUID(made["id"])), "webhook", **columns)
    async with stack.pool.connection() as conn:
        sealed = sealing.seal_lead(stack.keyring, id_, body)
        await conn.execute("update leads set sealed = %s where id = %s", (sealed, id_))
    return id_


async def ids(stack: Stack, user: User, query: str = "") -> list[str]:
    answer = await call(stack, user, "GET", f"/leads{query}")
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["data"]]


ENDED = {"ended_at": datetime.now(UTC), "started_at": datetime.now(UTC)}


async def test_leads_are_listed_newest_first_and_found_by_each_filter(stack: Stack):
    user = await holder(stack)
    made, other = await new_source(stack, user, GOOGLE), await new_source(stack, user, FORM)
    contact = uuid4()
    first = str(await kept(stack, made, google_lead(), state="invalid", code="email", contact_id=contact))
    second = str(await kept(stack, other, {}, state="failed", conflict='{"others": []}'))
    assert await ids(stack, user) == [second, first]
    for query, found in (
        ("?state=invalid", [first]),
        (f"?source={made['id']}", [first]),
        (f"?source={other['key']}", [second]),
        ("?code=email", [first]),
        (f"?contact={contact}", [first]),
        ("?via=import", []),
        ("?conflict=true", [second]),
        ("?conflict=false", [first]),
        ("?created_before=2020-01-01T00:00:00Z", []),
        ("?created_after=2020-01-01T00:00:00Z&state=failed", [second]),
    ):
        assert await ids(stack, user, query) == found, query
    assert_error(await call(stack, user, "GET", "/leads?stat=failed"), 422, "query_unknown", "/stat")
    assert_error(await call(stack, user, "GET", "/leads?source=none"), 404, "lead_source_not_found")
    page = (await call(stack, user, "GET", "/leads?limit=1")).json()
    assert await ids(stack, user, f"?limit=1&cursor={page['next_cursor']}") == [first]
    assert await ids(stack, await holder(stack)) == []


async def test_the_file_has_what_uploads_of_conversions_need(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, GOOGLE)
    await kept(stack, made, google_lead(EMAIL="ada@example.com"), state="done")
    text = (await call(stack, user, "GET", "/leads?format=csv")).text
    (row,) = csv.DictReader(io.StringIO(text))
    assert (row["gcl_id"], row["campaign_id"]) == ("EAIaIQob", "12345678901234567890")
    assert "ada@example.com" not in text


async def test_a_lead_is_shown_with_what_was_answered(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, GOOGLE)
    body = google_lead(EMAIL="ada@example.com")
    lead = await kept(stack, made, body, state="invalid", why="no number", **ENDED)
    found = await data(stack, user, "GET", f"/leads/{lead}")
    assert found["answers"] == [{"name": "EMAIL", "label": None, "values": ["ada@example.com"]}]
    assert (found["why"], [one["state"] for one in found["states"]]) == ("no number", ["received", "invalid"])
    bare = await new_lead(stack.pool, await again(stack.pool, UUID(made["id"])), state="gone")
    assert (await data(stack, user, "GET", f"/leads/{bare}"))["answers"] is None
    assert_error(await call(stack, await holder(stack), "GET", f"/leads/{lead}"), 404, "lead_not_found")


async def test_a_lead_is_taken_again_with_a_corrected_mapping(stack: Stack):
    user = await holder(stack)
    made = await new_source(stack, user, GOOGLE)
    lead = await kept(stack, made, google_lead(odd="ada@example.com"), state="invalid", **ENDED)
    rule = {"mapping": [{"from": "odd", "to": "email"}]}
    await data(stack, user, "PATCH", f"/lead-sources/{made['id']}", rule)
    dry = (await call(stack, user, "POST", f"/leads/{lead}/replay?dry_run=true")).json()
    assert dry["dry_run"] is True
    assert (await data(stack, user, "GET", f"/leads/{lead}"))["state"] == "invalid"
    assert (await data(stack, user, "POST", f"/leads/{lead}/replay"))["state"] == "received"
    done = await reaches(stack, lead, "done")
    assert (await data(stack, user, "GET", f"/contacts/{done.contact_id}"))["email"] == "ada@example.com"


async def test_the_address_of_replays_is_no_lead(stack: Stack):
    assert (await call(stack, await holder(stack), "GET", "/leads/replay")).status_code == 405


async def test_leads_that_cannot_be_taken_again_are_left_as_they_are(stack: Stack):
    user = await holder(stack)
    made, meta = await new_source(stack, user, GOOGLE), await new_source(stack, user, META)
    google, page = await again(stack.pool, UUID(made["id"])), await again(stack.pool, UUID(meta["id"]))
    for source, state, code in (
        (google, "erased", "lead_erased"),
        (google, "failed", "lead_not_kept"),
        (page, "parked", "lead_not_ended"),
    ):
        lead = await new_lead(stack.pool, source, state=state, started_at=datetime.now(UTC))
        assert_error(await call(stack, user, "POST", f"/leads/{lead}/replay"), 409, code)
        assert (await data(stack, user, "GET", f"/leads/{lead}"))["state"] == state


async def test_all_that_match_are_taken_again_once_they_were_counted(stack: Stack):
    user = await holder(stack)
    made, other = await new_source(stack, user, GOOGLE), await new_source(stack, user, FORM)
    wrong = [await kept(stack, made, google_lead(odd=f"a{n}@example.com"), state="invalid", **ENDED) for n in range(5)]
    done = await kept(stack, made, google_lead(odd="b@example.com"), state="done", **ENDED)
    elsewhere = await kept(stack, other, {"odd": "c@example.com"}, state="invalid", **ENDED)
    bare = await new_lead(stack.pool, await again(stack.pool, UUID(made["id"])), state="failed", **ENDED)
    rule = {"mapping": [{"from": "odd", "to": "email"}]}
    await data(stack, user, "PATCH", f"/lead-sources/{made['id']}", rule)
    body = {"filter": {"source": made["key"]}}
    dry = (await call(stack, user, "POST", "/leads/replay?dry_run=true", body)).json()
    assert (dry["data"], dry["dry_run"]) == ({"leads": 5, "operation": None}, True)
    begun = await data(stack, user, "POST", "/leads/replay", body)
    assert begun["leads"] == 5
    for lead in wrong:
        await reaches(stack, lead, "done")
    async with asyncio.timeout(20):
        path = f"/operations/{begun['operation']['id']}"
        while (operation := await data(stack, user, "GET", path))["state"] != "done":
            await asyncio.sleep(0.05)
    assert (operation["done"], operation["total"]) == (5, 5)
    for lead, state in ((done, "done"), (elsewhere, "invalid"), (bare, "failed")):
        found = await leads.of_id(stack.pool, lead)
        assert found is not None
        assert (found.state, found.contact_id) == (state, None)
    later = {"filter": {"created_after": (datetime.now(UTC) + timedelta(days=1)).isoformat()}}
    assert await data(stack, user, "POST", "/leads/replay", later) == {"leads": 0, "operation": None}
    refused = await call(stack, user, "POST", "/leads/replay", {"filter": {"state": ["parked"]}})
    assert_error(refused, 422, "lead_state", "/filter/state")
    assert_error(
        await call(stack, user, "POST", "/leads/replay", {"filter": {"stat": "x"}}),
        422,
        "extra_forbidden",
        "/filter/stat",
    )
