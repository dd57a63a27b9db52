"""Traces of a real install, read by a collector on a real socket."""

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from functools import partial
from uuid import UUID

import pytest_asyncio

from domain.ids import page_of
from domain.keyring import Keyring
from embedded.engine import Engine
from gateways.conformance.fake_provider import FakeServer, Request, answer, serve
from runtime.settings import Settings
from runtime.traces.tracing import ENDPOINT, traces_sent
from tests.databases import new_install
from tests.stack import Stack, User, new_namespace, run_stack
from tests.traces.collector import Collector, Span, running_collector, variables

FRAMEWORK = {"FASTAPI_OTEL_AUTO_CONFIGURE": "true"}
"""With this FastAPI makes spans of its own, with all of the address, if it is not told otherwise."""
NUMBER, TEXT = "+4915112345678", "the secret of this text"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def collector() -> AsyncIterator[Collector]:
    with running_collector() as running, variables(**{ENDPOINT: running.url}, **FRAMEWORK):
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def traced(engine: Engine, collector: Collector) -> AsyncIterator[Stack]:
    settings = Settings(
        database_url=await new_install(engine.database_url),
        temporal_address=engine.temporal_address,
        temporal_namespace=await new_namespace(engine.temporal_address),
        keys=Keyring.generate(),
    )
    with traces_sent("test"):
        async with run_stack(settings) as stack:
            yield stack


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def provider() -> AsyncIterator[FakeServer]:
    async with serve(_answer) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def sender(traced: Stack, provider: FakeServer) -> User:
    """A user whose texts go through the provider."""
    user = await traced.user()
    config = {"url": f"{provider.url}/send?key=s3cret", "allow_private_network": True, "id_path": "id"}
    config |= {"body": {"to": "{{ to }}", "text": "{{ body }}"}}
    await traced.gateway(user.id, "sms", "http", config)
    return user


async def _answer(request: Request, writer: asyncio.StreamWriter) -> None:
    is_refused = json.loads(request.body)["text"] == "refuse me"
    writer.write(answer(400, b"{}") if is_refused else answer(200, b'{"id": "p-1"}'))


def traceparent(*, sampled: bool = True) -> tuple[str, str]:
    """A new trace and its header."""
    trace = secrets.token_hex(16)
    return trace, f"00-{trace}-{secrets.token_hex(8)}-{'01' if sampled else '00'}"


def named(spans: list[Span], name: str) -> Span:
    (found,) = [span for span in spans if span.name == name]
    return found


def is_whole(spans: list[Span]) -> bool:
    names = {span.name for span in spans}
    return {"POST /api/sms/send", "RunWorkflow:SendWorkflow", "http send"} <= names


def has_activity(span_id: str, spans: list[Span]) -> bool:
    """It ends after the call. On a busy machine another one sends what ``send_at_once`` had to leave."""
    return span_id in {span.id for span in spans if span.name.startswith("RunActivity:")}


async def test_one_send_is_one_trace_from_the_request_to_the_providers_answer(
    traced: Stack, collector: Collector, sender: User
):
    trace, header = traceparent()
    accepted = await traced.send(sender, "sms", {"number": NUMBER, "body": TEXT}, traceparent=header, tracestate="a=b")
    uid = accepted.json()["data"][0]["uid"]
    await traced.final(sender, "sms", uid)
    spans = await collector.has(trace, is_whole)
    request, flow = named(spans, "POST /api/sms/send"), named(spans, "RunWorkflow:SendWorkflow")
    activity, call = named(spans, "RunActivity:send_at_once"), named(spans, "http send")
    assert header == f"00-{trace}-{request.parent}-01"
    assert [flow.parent, activity.parent, call.parent] == [request.id, flow.id, activity.id]
    assert [span.kind for span in (request, flow, activity, call)] == ["SERVER", "INTERNAL", "CONSUMER", "CLIENT"]
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/sms/send",
        "http.response.status_code": 200,
        "xsender.request": accepted.headers["x-request-id"],
        "xsender.account": sender.id,
    }
    assert flow.attributes["temporalWorkflowID"] == f"send-{page_of(UUID(uid))}"
    assert activity.attributes["xsender.outcomes.accepted"] == 1
    gateway = call.attributes.pop("xsender.gateway.id")
    assert UUID(gateway)
    assert call.attributes == {
        "xsender.uid": uid,
        "xsender.account": sender.id,
        "xsender.channel": "sms",
        "xsender.lane": "transactional",
        "xsender.attempt": 1,
        "xsender.gateway.type": "http",
        "xsender.outcome": "accepted",
        "http.response.status_code": 200,
    }
    assert not any(span.failed or span.links for span in spans)
    assert {span.service for span in spans} == {"xsender-test"}
    for private in (NUMBER, NUMBER[1:], TEXT, "s3cret", "127.0.0.1", "a=b", sender.key):
        assert not any(private.encode() in span.raw for span in spans), private


async def test_what_a_caller_does_not_record_is_not_recorded(traced: Stack, collector: Collector, sender: User):
    unseen, header = traceparent(sampled=False)
    uid = (await traced.send(sender, "sms", {"number": NUMBER, "body": TEXT}, traceparent=header)).json()["data"][0]
    await traced.final(sender, "sms", uid["uid"])
    trace, header = traceparent()
    await traced.http.get("/api/sms/nothing?number=%2B4915112345678", headers=sender.headers | {"traceparent": header})
    (span,) = await collector.has(trace, bool)
    assert span.attributes["http.response.status_code"] in (404, 405)
    assert NUMBER.encode() not in span.raw
    assert b"nothing" not in span.raw
    assert collector.of(unseen) == []


async def test_a_page_of_many_has_few_spans_and_all_counts(traced: Stack, collector: Collector, sender: User):
    trace, header = traceparent()
    contacts = [{"number": f"+49151123456{n:02}", "body": "refuse me" if n % 2 else "take me"} for n in range(60)]
    accepted = await traced.send(sender, "sms", *contacts, traceparent=header)
    for one in accepted.json()["data"]:
        await traced.final(sender, "sms", one["uid"])
    spans = await collector.has(trace, is_whole)
    calls = [span for span in spans if span.name == "http send"]
    assert sorted(span.failed for span in calls) == [False] * 10 + [True] * 10
    assert {span.attributes.get("error.type") for span in calls} == {None, "refused"}
    assert {span.attributes["http.response.status_code"] for span in calls if span.failed} == {400}
    ran = [span.attributes for span in spans if span.name.startswith("RunActivity")]
    assert sum(one.get("xsender.outcomes.accepted", 0) for one in ran) == 30
    assert sum(one.get("xsender.outcomes.refused", 0) for one in ran) == 30


async def test_requests_that_share_a_page_each_have_their_own_call_in_their_trace(
    traced: Stack, collector: Collector, sender: User
):
    headers = [traceparent(sampled=n % 3 > 0) for n in range(12)]

    async def send(n: int) -> str:
        contact = {"number": f"+49151123457{n:02}", "body": TEXT}
        accepted = await traced.send(sender, "sms", contact, traceparent=headers[n][1])
        return accepted.json()["data"][0]["uid"]

    uids = await asyncio.gather(*map(send, range(12)))
    assert len({page_of(UUID(uid)) for uid in uids}) < 12, "none share a page"
    for uid in uids:
        await traced.final(sender, "sms", uid)
    seen = [(uid, trace) for n, (uid, (trace, _)) in enumerate(zip(uids, headers, strict=True)) if n % 3]
    leading = 0
    for uid, trace in seen:
        spans = await collector.has(trace, lambda found: {"http send", "POST /api/sms/send"} <= {s.name for s in found})
        call = named(spans, "http send")
        assert call.attributes["xsender.uid"] == uid
        if call.links:
            assert call.parent == named(spans, "POST /api/sms/send").id
            ((other, activity),) = call.links
            await collector.has(other, partial(has_activity, activity))
        else:
            leading += 1
            await collector.has(trace, partial(has_activity, call.parent))
    assert 1 <= leading < len(seen)
    assert not any(collector.of(trace) for n, (trace, _) in enumerate(headers) if n % 3 == 0)


async def test_a_collector_that_hangs_holds_nothing_up(traced: Stack, collector: Collector, sender: User):
    collector.answers.clear()
    try:
        for _ in range(3):
            accepted = await traced.send(sender, "sms", {"number": NUMBER, "body": TEXT}, traceparent=traceparent()[1])
            assert (await traced.final(sender, "sms", accepted.json()["data"][0]["uid"]))["state"] == "sent"
    finally:
        collector.answers.set()
