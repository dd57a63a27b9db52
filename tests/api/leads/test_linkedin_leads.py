"""What LinkedIn posts: a challenge every two hours, leads that came, and leads that are to be deleted."""

import hmac
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from store.leads import leads
from store.leads.leads import Lead
from store.leads.sealing import seal_lead
from store.leads.sources import Source
from tests.api.answers import assert_error
from tests.api.leads.posted import a_source, disable, has_started, refused, stored, unknown
from tests.stack import Stack

SECRET = "li-client-secret"
OWNER = "urn:li:sponsoredAccount:508"


def path(source: Source) -> str:
    return f"/api/webhook/linkedin-leads/{source.id}"


def told(action: str = "CREATED", **more: Any) -> dict[str, Any]:
    body = {
        "type": "LEAD_ACTION",
        "leadGenFormResponse": f"urn:li:leadGenFormResponse:{uuid4()}-6",
        "owner": {"sponsoredAccount": OWNER},
        "leadGenForm": "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:7700,1)",
        "leadType": "SPONSORED",
        "leadAction": action,
        "occurredAt": 1_790_000_000_123,
    }
    return body | more


async def post(
    stack: Stack, source: Source, body: Any, secret: str = SECRET, prefix: str = "hmacsha256="
) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signature = hmac.new(secret.encode(), prefix.encode() + raw, "sha256").hexdigest()
    return await stack.http.post(path(source), content=raw, headers={"X-LI-Signature": signature})


async def a_linkedin_source(stack: Stack, **settings: Any) -> Source:
    return await a_source(stack, "linkedin", credentials={"client_secret": SECRET}, **settings)


async def _lead(stack: Stack, lead_id: str) -> Lead:
    found = await leads.of_id(stack.pool, UUID(lead_id))
    assert found is not None
    return found


async def test_the_challenge_is_answered_with_the_client_secret_of_the_source(stack: Stack):
    source, code = await a_linkedin_source(stack), str(uuid4())
    answer = await stack.http.get(path(source), params={"challengeCode": code, "applicationId": "1"})
    response = hmac.new(SECRET.encode(), code.encode(), "sha256").hexdigest()
    assert (answer.status_code, answer.json()) == (200, {"challengeCode": code, "challengeResponse": response})
    assert (await stack.http.get(path(source))).status_code == 400
    bare = await a_source(stack, "linkedin")
    refusal = await stack.http.get(path(bare), params={"challengeCode": code})
    assert_error(refusal, 409, "client_secret_missing")
    await disable(stack, source)
    assert_error(await stack.http.get(path(source), params={"challengeCode": code}), 404, "lead_source_not_found")


async def test_a_lead_is_stored_by_its_id_and_has_started(stack: Stack):
    source, body = await a_linkedin_source(stack), told()
    for _ in range(2):
        assert (await post(stack, source, body)).json() == {"success": True}
    (found,) = await stored(stack, source)
    assert found.provider_id == body["leadGenFormResponse"].rpartition(":")[2]
    assert (found.via, found.form_id, found.raw) == ("webhook", "7700", None)
    assert found.created_time == datetime.fromtimestamp(1_790_000_000.123, UTC)
    assert found.notice == {name: body[name] for name in ("leadGenFormResponse", "leadGenForm", "leadType")}
    assert await has_started(stack, source, found.provider_id)


async def test_what_is_not_signed_with_the_secret_is_refused(stack: Stack):
    source = await a_linkedin_source(stack)
    bare = await a_source(stack, "linkedin")
    answers = [
        await post(stack, source, told(), "another"),
        await post(stack, source, told(), prefix=""),
        await post(stack, bare, told(), ""),
        await stack.http.post(path(source), json=told()),
        await stack.http.post(path(source), json=told(), headers={"X-LI-Signature": "hmacsha256=" + "0" * 64}),
    ]
    for answer in answers:
        assert_error(answer, 401, "lead_unauthorized")
    assert await refused(stack, source, 4) == "lead_unauthorized"
    assert await stored(stack, source) == await stored(stack, bare) == []


async def test_a_deletion_leaves_nothing_of_what_the_person_answered(stack: Stack):
    source, body = await a_linkedin_source(stack), told()
    assert (await post(stack, source, body)).status_code == 200
    (found,) = await stored(stack, source)
    sealed = seal_lead(stack.keyring, UUID(found.id), {"email": "ada@example.com"})
    await leads.keep_raw(stack.pool, UUID(found.id), sealed, None, None)
    for _ in range(2):
        deletion = body | {"leadAction": "DELETED"}
        assert (await post(stack, source, deletion)).status_code == 200
        lead = await _lead(stack, found.id)
        assert (lead.state, lead.sealed) == ("erased", None)
        assert lead.ended_at is not None
    assert (await post(stack, source, told("DELETED"))).status_code == 200  # of one that never came
    assert (await post(stack, source, body)).status_code == 200
    assert (await _lead(stack, found.id)).state == "erased"


async def test_leads_of_other_owners_and_forms_are_answered_and_counted(stack: Stack):
    source = await a_linkedin_source(stack, owner=OWNER, forms=["7700"])
    assert (await post(stack, source, told(owner={"organization": "urn:li:organization:508"}))).status_code == 200
    assert (await post(stack, source, told(leadGenForm="urn:li:leadGenForm:1"))).status_code == 200
    assert (await post(stack, source, told(leadGenForm=None))).status_code == 200
    assert (await post(stack, source, told())).status_code == 200
    await unknown(stack, source, 3)
    assert len(await stored(stack, source)) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"[]", 422),
        (b"{}", 200),
        (b'{"a":' * 900 + b"1" + b"}" * 900, 422),
        (b"x" * 70_000, 413),
        (told(leadGenFormResponse=None), 422),
        (told(leadGenFormResponse="urn:li:leadGenFormResponse:../../me"), 422),
        (told(leadGenFormResponse="urn:li:leadGenFormResponse:" + "1" * 500), 422),
        (told(leadAction=["CREATED"]), 200),
        (told(type="SOMETHING_NEW"), 200),
        (told(owner=[], leadGenForm={}, leadType=7, occurredAt=10**18), 200),
    ],
)
async def test_hostile_posts_are_refused_or_left_out(stack: Stack, body: Any, status: int):
    source = await a_linkedin_source(stack)
    assert (await post(stack, source, body)).status_code == status
