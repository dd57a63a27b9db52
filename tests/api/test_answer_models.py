"""Real answers are what the OpenAPI document says of them: no field more, none less."""

import json

import httpx
from pydantic import BaseModel

from api.gateways.models import GatewayChangeAnswer, GatewayHealthAnswer, GatewayPage, TrialAnswer
from api.messages.models import Alive, ChangeAnswer, CodecPayloads, Health, SandboxPage, SendAnswer, StatusAnswer
from store.gateways import gateways
from tests.api.answers import SMS, send_one
from tests.stack import Stack

LATER = "2027-01-01T00:00:00Z"


def fits(answer: httpx.Response, model: type[BaseModel]) -> None:
    assert answer.status_code == 200, answer.text
    read = model.model_validate_json(answer.content, strict=False)
    again = json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))
    assert again.keys() == answer.json().keys()


async def test_the_answer_of_a_send(stack: Stack):
    user = await stack.user()
    fits(await stack.send(user, "sms", SMS, SMS | {"schedule_at": LATER}), SendAnswer)


async def test_a_status_at_every_stage_has_the_same_fields(stack: Stack):
    user = await stack.user()
    await stack.gateway(user.id, "sms", "sandbox", {})
    sent, refused, waiting = (
        await send_one(stack, user),
        await send_one(stack, user, number="+15005550001"),
        await send_one(stack, user, schedule_at=LATER),
    )
    fields = []
    for item, settled in ((sent, True), (refused, True), (waiting, False)):
        if settled:
            await stack.final(user, "sms", item["uid"])
        answer = await stack.http.get(f"/api/get/sms/{item['uid']}", headers=user.headers)
        fits(answer, StatusAnswer)
        fields.append(list(answer.json()["data"]))
    usual = [name for name in StatusAnswer.model_fields["data"].annotation.model_fields if name != "template"]
    assert fields[0] == fields[1] == usual
    assert set(fields[2]) == set(fields[0])


async def test_the_answer_of_a_change(stack: Stack):
    user = await stack.user()
    item = await send_one(stack, user, schedule_at=LATER)
    for what, body in (("reschedule", {"schedule_at": "2027-01-02T00:00:00Z"}), ("cancel", {})):
        answer = await stack.http.post(f"/api/sms/{item['uid']}/{what}", headers=user.headers, json=body)
        fits(answer, ChangeAnswer)


async def test_the_answers_for_admins(stack: Stack):
    admin = await stack.admin()
    await stack.gateway(0, "sms", "sandbox", {})
    item = await send_one(stack, admin)
    await stack.final(admin, "sms", item["uid"])
    answer = await stack.http.get("/api/admin/v1/sandbox/messages", headers=admin.headers)
    fits(answer, SandboxPage)
    assert answer.json()["data"]
    body = {"payloads": [{"metadata": {}, "data": "aGk="}]}
    fits(await stack.http.post("/api/admin/v1/codec/encode", json=body, headers=admin.headers), CodecPayloads)


async def test_the_answers_about_gateways(stack: Stack):
    user = await stack.user()
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    url = f"/api/gateways/{gateway.id}"
    fits(await stack.http.get("/api/gateways", headers=user.headers), GatewayPage)
    for _ in range(2):  # without and with something to show
        fits(await stack.http.get(f"{url}/health", headers=user.headers), GatewayHealthAnswer)
        item = await send_one(stack, user)
        await stack.final(user, "sms", item["uid"])
    fits(await stack.http.post(f"{url}/pause", headers=user.headers), GatewayChangeAnswer)
    body = {"to": SMS["number"]}
    fits(await stack.http.post(f"{url}/test", headers=user.headers, json=body), TrialAnswer)


async def test_the_answer_of_health(stack: Stack):
    fits(await stack.http.get("/health"), Health)
    fits(await stack.http.get("/health/ready"), Health)
    fits(await stack.http.get("/health/live"), Alive)
