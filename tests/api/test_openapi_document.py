"""The OpenAPI document: it has every route, its examples work as they stand, and it tells what customers are posted."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from fastapi.routing import iter_route_contexts

from api.callbacks.posted import EXAMPLE, EndpointTest, InboundEvent, MessageEvent
from domain.callbacks import EventType, Snapshot, encode_data, payload
from domain.channels import Channel
from gateways.registry import GATEWAY_TYPES
from gateways.webhooks.webhook import Webhook
from services.contacts.models import SEND_MODELS
from tests.api.application import application, document
from tests.receiver import receiving, register
from tests.stack import Stack

UNDOCUMENTED = {
    "GET /docs": "shows the document",
    "GET /docs/viewer/{name}": "the files of the page that shows the document",
    "GET /openapi.json": "the document itself",
    "GET /api/sms/get/{uid}": "what one SDK calls by mistake for /api/get/sms/{uid}",
    "GET /api/admin/v1/codec": "has a browser ask for the key, for the Temporal UI",
    "OPTIONS /api/admin/v1/codec/{direction}": "what a browser asks before the Temporal UI's calls",
    **dict.fromkeys(
        ("OPTIONS /api/leads/{id}", "OPTIONS /api/leads/{source}/token"), "what a browser asks before a script posts"
    ),
    **dict.fromkeys(
        [f"{method} /api/gateway/sms/android/smsgate/messages" for method in ("GET", "PATCH")],
        "what some versions of the phone app call for …/message",
    ),
    "GET /api/gateway/sms/android/smsgate/user/code": "of accounts of the phone app's own server: always refused",
    "PATCH /api/gateway/sms/android/smsgate/user/password": "the same",
    "GET /api/auth/oidc/start": "leads a browser to the provider of identities",
    "GET /api/auth/oidc/callback": "where the provider sends it back to",
    "GET /u/{token}": "the page of a link in our emails, for recipients",
    "POST /u/{token}": "its button, and one-click unsubscription by mail programs",
    "GET /p/{token}": "the page of a link in our messages, on which recipients choose what they get",
    "POST /p/{token}": "its buttons",
    "GET /s/{token}": "the page of a link in the mail that asks whether somebody subscribed",
    "POST /s/{token}": "its button",
    "GET /c/{token}": "a link in our emails",
    "GET /o/{token}.gif": "the pixel in our emails",
    "GET /l/{code}": "a short link in our messages",
    "GET /{code:short_code}": "the same at a domain of the account",
}
"""Routes that no program is written for, and what they are."""
WEBHOOKS = {name: entry.webhook for name, entry in GATEWAY_TYPES.items() if entry.webhook}


def test_every_dry_run_is_in_the_document_of_its_answer():
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            if any(parameter["name"] == "dry_run" for parameter in operation.get("parameters", ())):
                (answer,) = (found for status, found in operation["responses"].items() if status == "200")
                name = answer["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
                assert "dry_run" in document()["components"]["schemas"][name]["properties"], f"{method} {path}"


def test_every_route_is_in_the_document_or_listed_with_a_reason():
    routes = {
        f"{method} {route.path}".replace(":channel}", "}")
        for route in iter_route_contexts(application().routes)
        for method in (route.methods or {"what is"}) - {"HEAD"}
    }
    documented = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert routes - documented == set(UNDOCUMENTED)


def test_every_reference_in_the_document_leads_somewhere():
    named = {ref.removeprefix("#/components/schemas/") for ref in references(document())}
    assert named <= set(document()["components"]["schemas"])


def references(part: Any) -> set[str]:
    if isinstance(part, dict):
        own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
        return own.union(*map(references, part.values()))
    return set().union(*map(references, part)) if isinstance(part, list) else set()


@pytest.mark.parametrize("webhook", WEBHOOKS.values(), ids=WEBHOOKS)
def test_what_a_provider_is_answered_is_in_the_document(webhook: type[Webhook]):
    paths = document()["paths"]
    operations = [
        operation
        for path, of in paths.items()
        if path.startswith("/api/webhook/{channel}")
        for operation in of.values()
    ]
    assert len(operations) == 4
    for operation in operations:
        assert operation["security"] == []
        for reply in (webhook.ACCEPTED, webhook.REFUSED):
            assert reply.content_type in operation["responses"][str(reply.status)]["content"]
        assert {str(webhook.BUSY), str(webhook.UNREADABLE), "404", "413"} <= set(operation["responses"])


def test_the_document_names_every_provider_that_posts():
    (named, *_) = [
        parameter["description"]
        for parameter in document()["paths"]["/api/webhook/{channel}/{provider}"]["post"]["parameters"]
        if parameter["name"] == "provider"
    ]
    for name in WEBHOOKS:
        assert f"`{name}` (" in named


@pytest.mark.parametrize("channel", Channel)
async def test_the_example_of_a_send_is_accepted_as_it_stands(stack: Stack, channel: Channel):
    user = await stack.user()
    await stack.gateway(user.id, channel, "sandbox", {})
    example = document()["components"]["schemas"][SEND_MODELS[channel].__name__]["example"]
    answer = await stack.http.post(f"/api/{channel}/send", json=example, headers=user.headers)
    assert answer.status_code == 200, answer.text
    assert "warnings" not in answer.json()


def test_what_is_posted_is_in_the_section_webhooks():
    kinds = {"message", "inbound", "domain", "credit", "audit", "automation", "lead", "lead_source", "device", "test"}
    kinds.add("alert")
    assert set(document()["webhooks"]) == kinds
    schemas = document()["components"]["schemas"]
    assert set(schemas["EventType"]["enum"]) == set(EventType)
    of_messages = schemas["MessageEvent"]["properties"]["type"]["enum"]
    inbound = schemas["InboundEvent"]["properties"]["type"]["const"]
    of_domains = schemas["DomainEvent"]["properties"]["type"]["enum"]
    audit = schemas["PostedAuditEvent"]["properties"]["type"]["const"]
    credit = schemas["CreditEvent"]["properties"]["type"]["const"]
    of_automations = schemas["AutomationTold"]["properties"]["type"]["enum"]
    lead = schemas["LeadReceived"]["properties"]["type"]["const"]
    of_sources = schemas["LeadSourceTold"]["properties"]["type"]["enum"]
    device = schemas["DevicesTold"]["properties"]["type"]["const"]
    alerts = schemas["AlertTold"]["properties"]["type"]["enum"]
    single = [*alerts, lead, device, inbound, credit, audit]
    assert sorted([*of_messages, *of_domains, *of_automations, *of_sources, *single]) == sorted(EventType)


def test_the_example_of_a_callback_is_what_is_posted():
    event = MessageEvent.model_validate(EXAMPLE)
    data = event.data
    snapshot = Snapshot(
        UUID(str(data.uid)),
        2,
        data.channel,
        data.to,
        data.state,
        True,
        data.code,
        data.reason,
        data.gateway,
        data.provider_id,
        data.test,
        data.at,
    )
    posted = payload(event.type, datetime(2026, 12, 1, 9, 30, 0, 123456, UTC), encode_data(snapshot.data()).decode())
    assert orjson.loads(posted) == EXAMPLE
    assert document()["components"]["schemas"]["MessageEvent"]["examples"] == [EXAMPLE]


async def test_what_is_posted_besides_messages_has_the_documented_fields(stack: Stack):
    user, secret = await stack.user(), uuid4().hex
    config = {"api_key": "key", "from_number": "+15005550006", "base_url": "https://example.com"}
    await stack.gateway(user.id, "sms", "infobip", config | {"webhook_secret": secret})
    said = {"messageId": uuid4().hex, "from": "14155550123", "to": "15005550006", "text": "Hi"}
    async with receiving() as receiver:
        endpoint = await register(stack.pool, stack.keyring, user.id, receiver.url)
        taken = await stack.http.post(f"/api/webhook/sms/infobip?secret={secret}", json={"results": [said]})
        assert (taken.status_code, taken.json()) == (200, {"success": True})
        await receiver.hears(1)
        await stack.http.post(f"/api/callbacks/{endpoint.id}/test", headers=user.headers)
        inbound, tested = await receiver.hears(2)
    for event, documented in ((inbound, InboundEvent), (tested, EndpointTest)):
        read = documented.model_validate(event)
        assert read.model_dump(mode="json", by_alias=True).keys() == event.keys()
        assert read.data.model_dump(by_alias=True).keys() == event["data"].keys()
