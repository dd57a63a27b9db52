"""What users make, change and delete over HTTP, in any order; another tenant finds nothing of it after any step."""

from dataclasses import asdict
from uuid import uuid4

from domain.access.user_scopes import SCOPES
from domain.audience.contacts.contact import new_contact_id
from store.automations import automations
from store.automations.results import retries
from store.automations.results.failed_runs import Wanted
from store.links import link_domains
from tests.api.access.objects import ended_operation, new_erasure
from tests.api.admin import admin
from tests.api.answers import send_one
from tests.api.batches import waiting_batch
from tests.api.devices.phones import paired
from tests.api.stateful.machine import Game, Ids
from tests.api.stateful.playing import Caller, play
from tests.leads_made import new_lead, new_source
from tests.segments import new_contact
from tests.stack import Stack, User

TWILIO = {"account_sid": "AC" + "0" * 32, "auth_token": "secret", "from_number": "+14155550100"}


async def everything(stack: Stack) -> User:
    """A user's key with every scope."""
    user = await stack.user()
    key = await (await admin(stack)).data("POST", "/keys", {"user": user.id, "scopes": list(SCOPES)})
    return User(user.id, key["key"])


async def test_users_do_in_any_order_what_the_document_says_and_strangers_find_nothing(stack: Stack):
    async def begin() -> Caller:
        user = await everything(stack)
        return Caller(user.headers, user)

    async def created(user: User, path: str, body: dict | None = None) -> dict:
        answer = await stack.http.post(path, json=body, headers=user.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def message(user: User) -> Ids:
        sent = await send_one(stack, user, schedule_at="2027-01-01T00:00:00Z")
        return {"channel": "sms", "uid": sent["uid"]}

    async def batch(user: User) -> Ids:
        return {"uid": await waiting_batch(stack, user)}

    async def callback(user: User) -> Ids:
        made = await created(user, "/api/callbacks", {"url": "https://192.0.2.1/hook"})
        test = await created(user, f"/api/callbacks/{made['id']}/test")
        return {"callback": made["id"], "delivery": test["id"]}

    async def gateway(user: User) -> Ids:
        new = {"channel": "sms", "type": "twilio", "identifier": uuid4().hex, "config": TWILIO}
        return {"gateway_id": (await created(user, "/api/gateways", new))["id"]}

    async def key(user: User) -> Ids:
        return {"key": (await created(user, "/api/keys", {"name": "shop"}))["id"]}

    async def domain(user: User) -> Ids:
        return {"domain": str((await created(user, "/api/domains", {"domain": f"{uuid4().hex}.test"}))["id"])}

    async def link_domain(user: User) -> Ids:
        made = await link_domains.add(stack.pool, user.id, f"{uuid4().hex}.test", uuid4().hex, "send.example.com")
        return {"link_domain": str(made.id)}

    async def purpose(user: User) -> Ids:
        return {"purpose": (await created(user, "/api/purposes", {"key": uuid4().hex, "name": "News"}))["key"]}

    async def segment(user: User) -> Ids:
        new = {"key": uuid4().hex, "name": "VIPs", "condition": {"tag": "vip"}}
        return {
            "segment": str((await created(user, "/api/segments", new))["id"]),
            "contact": await new_contact(stack.pool, user.id),
        }

    async def campaign(user: User) -> Ids:
        new = {"name": "Spring", "channel": "sms", "template": uuid4().hex, "audience": {"everyone": True}}
        return {"campaign": (await created(user, "/api/campaigns", new))["id"]}

    async def template(user: User) -> Ids:
        key, body = uuid4().hex, {"name": "Welcome", "sms": {"en": {"message": "Hi"}}}
        answer = await stack.http.put(f"/api/templates/{key}", json=body, headers=user.headers)
        assert answer.status_code == 200, answer.text
        await created(user, f"/api/templates/{key}/publish")
        return {"template": key, "version": "1"}

    async def contact(user: User) -> Ids:
        made = await created(user, "/api/contacts", {"external_id": uuid4().hex})
        return {"contact": made["id"], "external_id": made["external_id"]}

    async def group(user: User) -> Ids:
        return {"group": (await created(user, "/api/groups", {"name": f"g{uuid4().hex}"}))["key"]}

    async def field(user: User) -> Ids:
        return {
            "field": (await created(user, "/api/contact-fields", {"key": f"f{uuid4().hex}", "type": "text"}))["key"]
        }

    async def automation(user: User) -> Ids:
        key = f"a{uuid4().hex}"
        flow = {"schema": "xsender.flow/1", "key": key, "name": "Welcome", "trigger": {"kind": "manual"}}
        await created(user, "/api/automations", flow | {"steps": [{"id": "wait", "kind": "wait", "for": "1d"}]})
        await created(user, f"/api/automations/{key}/publish")
        made = await automations.find(stack.pool, user.id, key)
        assert made is not None
        retry = await retries.add(stack.pool, new_contact_id(), made.id, user.id, asdict(Wanted()), 1, {})
        return {"automation": key, "retry": str(retry.id), "version": "1"}

    async def run(user: User) -> Ids:
        named, contact = await automation(user), await new_contact(stack.pool, user.id)
        return {
            "run": (await created(user, f"/api/automations/{named['automation']}/runs", {"contact": contact}))["run"]
        }

    async def hook(user: User) -> Ids:
        return {"hook": (await created(user, "/api/hooks", {"name": uuid4().hex}))["key"]}

    async def lead_source(user: User) -> Ids:
        body = {"kind": "meta", "name": uuid4().hex, "page_id": "508", "credentials": {"token": uuid4().hex}}
        return {"source": (await created(user, "/api/lead-sources", body))["id"]}

    async def lead(user: User) -> Ids:
        source = await new_source(stack.pool, user.id, "meta", page_id="508")
        return {"lead": str(await new_lead(stack.pool, source, "webhook", state="failed"))}

    async def device(user: User) -> Ids:
        phone = await paired(stack, user)
        token = (await created(user, "/api/devices/tokens"))[0]["id"]
        return {"device": str(await phone.id()), "device_token": token, "sim": "sim-1"}

    async def person(user: User) -> Ids:
        return {"erasure": await new_erasure(stack, user)}

    async def operation(user: User) -> Ids:
        return {"operation": await ended_operation(stack, user)}

    game = Game(
        url=stack.url,
        under=["/api/"],
        # Texts of confirmation messages are settings, one for each channel: every user has them. And who puts a
        # contact by an id of its own, or a secret by its name, makes it.
        but=[
            *(
                "/api/admin/",
                "/api/auth/",
                "/api/views/",
                "/api/webhook/",
                "/api/gateway/",
                "/api/automation/",
                "/api/subscribe/texts/",
                "/api/leads/{source}",
                "/api/leads/{id}",  # whoever knows a source's may post to it
            ),
            "/api/contacts/by-external-id/",
            "/api/secrets",
            "/api/automations/starters/",  # those are the same for everybody
        ],
        kind_at=2,
        kinds=dict.fromkeys(("get", "sms", "{channel}", "failures"), "messages"),
        stranger=(await everything(stack)).headers,
        refusals=[404, 422],
        still_there=[
            "/api/gateways/{gateway_id}/warm-up",
            "/api/domains/{domain}/warm-up",
            "/api/automations/{automation}/draft",
        ],
        rounds=15,
        steps=25,
    )
    makers = {
        "messages": message,
        "batches": batch,
        "callbacks": callback,
        "gateways": gateway,
        "keys": key,
        "domains": domain,
        "link-domains": link_domain,
        "purposes": purpose,
        "segments": segment,
        "campaigns": campaign,
        "automations": automation,
        "runs": run,
        "hooks": hook,
        "lead-sources": lead_source,
        "leads": lead,
        "devices": device,
        "templates": template,
        "contacts": contact,
        "groups": group,
        "contact-fields": field,
        "operations": operation,
        "persons": person,
    }
    await play(game, begin, makers)
