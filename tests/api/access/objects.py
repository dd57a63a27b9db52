"""One object of each kind that a user's routes name, of one account."""

from dataclasses import asdict
from datetime import UTC, datetime
from uuid import uuid4

from domain.access.actors import COMMAND_LINE
from domain.access.api_keys import KeyKind
from domain.audience.contacts.contact import new_contact_id
from domain.audience.purposes import Purpose
from domain.operations.slices import Sliced
from domain.persons.subject import Subject
from services.persons.erasing import queue_erasure
from store.accounts import api_keys
from store.audience.campaigns import campaigns
from store.audience.consent import purposes
from store.audience.contacts import fields, groups
from store.audience.segments import saved
from store.audience.templates import templates
from store.automations import automations, runs, secrets
from store.automations.automations import Version
from store.automations.hooks import hooks
from store.automations.hooks.hooks import NewHook
from store.automations.results import retries
from store.automations.results.failed_runs import Wanted
from store.automations.runs import Run
from store.callbacks import callback_endpoints, callbacks
from store.callbacks.callback_endpoints import NewEndpoint
from store.callbacks.callbacks import Notice
from store.gateways import gateways
from store.links import link_domains
from store.operations import exports, operations
from store.pool import InTransaction
from tests.api.admin import admin
from tests.api.answers import send_one
from tests.api.batches import waiting_batch
from tests.api.devices.phones import paired, tokens
from tests.leads_made import new_lead, new_source
from tests.segments import new_contact
from tests.stack import Stack, User


async def objects_of(stack: Stack, user: User) -> dict[str, str]:
    """By what stands in paths, an id. ``{uid}`` is a message; ``{batch}`` is what it is on routes of batches."""
    identifier = await stack.gateway(user.id, "sms", "sandbox", {})
    (gateway,) = await gateways.named(stack.pool, user.id, identifier)
    message = await send_one(stack, user, schedule_at="2027-01-01T00:00:00Z")
    endpoint, delivery = await _delivery(stack, user)
    key = await api_keys.create(stack.pool, KeyKind.USER, user.id)
    domain = await (await admin(stack)).data("POST", "/domains", {"user": user.id, "domain": f"{uuid4().hex}.test"})
    return {
        "{uid}": message["uid"],
        "{batch}": await waiting_batch(stack, user),
        "{callback}": endpoint,
        "{delivery}": delivery,
        "{gateway_id}": str(gateway.id),
        "{key}": key.id,
        "{domain}": str(domain["id"]),
        "{link_domain}": await _link_domain(stack, user),
        "{purpose}": await _purpose(stack, user),
        "{segment}": str((await saved.add(stack.pool, user.id, "vips", "VIPs", {"tag": "vip"})).id),
        "{campaign}": await _campaign(stack, user),
        "{contact}": await new_contact(stack.pool, user.id),
        "{template}": await _template(stack, user),
        "{version}": "1",
        "{group}": await _group(stack, user),
        "{field}": await _field(stack, user),
        "{external_id}": uuid4().hex,
        **await _automation(stack, user),
        **await _lead(stack, user),
        **await _device(stack, user),
        "{erasure}": await new_erasure(stack, user),
        "{operation}": await ended_operation(stack, user),
    }


async def new_erasure(stack: Stack, user: User) -> str:
    """One of nobody, which waits to be carried out."""
    subject = Subject("email", emails=[f"{uuid4().hex}@example.com"])
    async with stack.pool.connection() as conn, conn.transaction():
        by = {"type": "cli", "id": "cli"}
        return str((await queue_erasure(InTransaction(conn), COMMAND_LINE, user.id, subject, by)).id)


async def _campaign(stack: Stack, user: User) -> str:
    """One that has a run."""
    plan = {"channel": "sms", "template": "spring", "audience": {"everyone": True}}
    made = await campaigns.add(stack.pool, new_contact_id(), user.id, "Spring", "sms", plan)
    await campaigns.add_run(stack.pool, new_contact_id(), made, uuid4().hex, None, {"": 1})
    return str(made.id)


async def _automation(stack: Stack, user: User) -> dict[str, str]:
    """One with a run, a hook, and a secret."""
    key, now = f"a{uuid4().hex}", datetime.now(UTC)
    flow = {"schema": "xsender.flow/1", "key": key, "name": "Welcome", "trigger": {"kind": "manual"}}
    flow |= {"steps": [{"id": "one", "kind": "wait", "for": "1d"}]}
    made = await automations.add(stack.pool, new_contact_id(), user.id, flow)
    await automations.publish(stack.pool, made.id, Version(1, 1, flow, "", {}, now))
    run = Run(new_contact_id(), made.id, user.id, uuid4(), 1, "", "manual", {}, {}, now, ended_at=now)
    await runs.add(stack.pool, [run])
    await secrets.put(stack.pool, stack.keyring, user.id, key, "secret", [])
    await hooks.add(stack.pool, NewHook(new_contact_id(), user.id, key, "Shop", uuid4().bytes))
    retry = await retries.add(stack.pool, new_contact_id(), made.id, user.id, asdict(Wanted()), 1, {})
    named = {"{automation}": key, "{run}": str(run.id), "{hook}": key, "{secret}": key}
    return named | {"{retry}": str(retry.id)}


async def _lead(stack: Stack, user: User) -> dict[str, str]:
    """A source that has a lead."""
    source = await new_source(stack.pool, user.id, "meta", page_id="508")
    lead = str(await new_lead(stack.pool, source, "webhook", state="failed"))
    return {"{source}": str(source.id), "{lead}": lead, "{id}": lead}


async def _device(stack: Stack, user: User) -> dict[str, str]:
    """A phone with a SIM, and a pairing token."""
    phone = await paired(stack, user)
    (issued,) = await tokens(stack, user)
    return {"{device}": str(await phone.id()), "{device_token}": str(issued.token.id), "{sim}": "sim-1"}


async def _link_domain(stack: Stack, user: User) -> str:
    domain = f"{uuid4().hex}.test"
    return str((await link_domains.add(stack.pool, user.id, domain, uuid4().hex, "send.example.com")).id)


async def _purpose(stack: Stack, user: User) -> str:
    key = f"p{uuid4().hex}"
    await purposes.put(stack.pool, user.id, Purpose(key, "News"))
    return key


async def _template(stack: Stack, user: User) -> str:
    """A template with a version."""
    key = uuid4().hex
    texts = {"default_language": "en", "missing": "refuse", "fallbacks": {}, "sms": {"en": {"message": "Hi"}}}
    saved = await templates.save(stack.pool, user.id, key, "Welcome", texts)
    async with stack.pool.connection() as conn, conn.transaction():
        await templates.add_version(InTransaction(conn), saved, texts, texts, "", None)
    return key


async def _group(stack: Stack, user: User) -> str:
    made = await groups.add(stack.pool, user.id, f"g{uuid4().hex}", "News")
    assert made is not None
    return made.key


async def _field(stack: Stack, user: User) -> str:
    key = f"f{uuid4().hex}"
    await fields.add(stack.pool, user.id, key, "text", "")
    return key


async def ended_operation(stack: Stack, user: User) -> str:
    """A long operation of the account, with a file that it has made."""
    operation = await operations.add(stack.pool, "test", COMMAND_LINE, {}, user.id, user.id)
    await operations.record(stack.pool, operation, Sliced())
    await exports.write(stack.pool, operation.id, "messages", [("1", "{}")])
    return str(operation.id)


async def _delivery(stack: Stack, user: User) -> tuple[str, str]:
    """A callback endpoint, and something that is posted to it."""
    endpoint = NewEndpoint(uuid4(), user.id, "https://192.0.2.1/hook")
    await callback_endpoints.add(stack.pool, stack.keyring, endpoint)
    async with stack.pool.connection() as conn:
        notice = Notice(user.id, "endpoint.test", None, datetime.now(UTC), {}, uuid4().hex)
        return str(endpoint.id), str(await callbacks.queue_for(conn, endpoint.id, notice))
