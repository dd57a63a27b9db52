"""Simulations through the API: the steps that would be taken, with nothing sent and nothing changed."""

from typing import Any

import pytest

from tests.api.automations.automations import NUMBER, ada, call, data, entered, flow, holder, published, reaches, sms
from tests.stack import Stack, User

AT = "2026-03-02T09:00:00Z"  # a Monday
ADA = {"phone": NUMBER, "email": "ada@example.com", "first_name": "Ada", "time_zone": "Europe/Berlin"}


def mail(id_: str, subject: str = "Hi {{ contact.first_name }}", **more: Any) -> dict[str, Any]:
    content = {"subject": subject, "message": "<p>Your order {{ order_id }} waits.</p>"}
    return {"id": id_, "kind": "send", "channel": "email", "content": content, **more}


RESCUE = flow(
    {"id": "wait1", "kind": "wait", "for": "1h"},
    mail("mail1"),
    {
        "id": "clicked",
        "kind": "wait_event",
        "event": "message.clicked",
        "of": "mail1",
        "timeout": "1d",
        "then": [{"id": "x1", "kind": "exit", "reason": "engaged"}],
        "else": [
            {
                "id": "big",
                "kind": "branch",
                "arms": [
                    {
                        "name": "rich",
                        "when": {"field": "event.total", "op": "gt", "value": 200},
                        "steps": [{"id": "sms1", **sms("Still there, {{ contact.first_name }}?")}],
                    }
                ],
                "else": [mail("mail2", "Last call")],
            }
        ],
    },
)


async def simulated(stack: Stack, user: User, definition: object = None, **body: Any) -> dict[str, Any]:
    given = {"contact": ADA, "event": {"order_id": "A1", "total": 99}, "at": AT} | body
    return await data(
        stack, user, "POST", "/automations/simulate", given | ({"definition": definition} if definition else {})
    )


async def test_a_run_jumps_from_wait_to_wait_and_shows_what_is_sent(stack: Stack):
    user = await holder(stack)
    found = await simulated(stack, user, RESCUE)
    assert found["path"] == ["wait1", "mail1", "clicked", "big", "mail2"]
    assert (found["state"], found["exit"], found["sends"]) == ("completed", "completed", ["mail1", "mail2"])
    assert found["credits"] == {"email": 2}
    assert found["ended_at"] == "2026-03-03T10:00:00Z"
    first = next(one for one in found["course"] if one["kind"] == "step" and one["step"] == "mail1")
    assert first["local"] == "2026-03-02T11:00:00+01:00"
    assert first["message"]["subject"] == "Hi Ada"
    assert "Your order A1 waits." in first["message"]["html"]
    assert first["message"]["state"] == "delivered"
    waits = [(one["step"], one["until"]) for one in found["course"] if one["kind"] == "wait"]
    assert waits == [("wait1", "2026-03-02T10:00:00Z"), ("clicked", "2026-03-03T10:00:00Z")]
    asked = next(one for one in found["course"] if one.get("step") == "big")["outcome"]["asked"]
    assert asked == [{"name": "rich", "why": [{"asked": "event.total gt 200", "is": False, "why": "it is 99"}]}]


async def test_an_event_in_the_middle_takes_the_other_arm(stack: Stack):
    user = await holder(stack)
    clicks = [{"at": "+2h", "event": "message.clicked", "of": "mail1", "data": {"url": "https://example.com"}}]
    expect = {"sends": ["mail1"], "not_sends": ["mail2", "sms1"], "exit": "engaged", "credits": {"email": 1}}
    found = await simulated(stack, user, RESCUE, events=clicks, expect=expect | {"ends_within": "2h"})
    assert (found["met"], found["unmet"], found["ended_at"]) == (True, [], "2026-03-02T11:00:00Z")
    assert (await simulated(stack, user, RESCUE, events=clicks, expect={"ends_within": "1h"}))["unmet"] == [
        {"expectation": "ends_within", "expected": "1h", "found": "2:00:00"}
    ]


async def counts(stack: Stack) -> dict[str, int]:
    """How many rows each table has."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            """select quote_ident(schemaname) || '.' || quote_ident(relname) from pg_stat_user_tables
               where relname not like '%usage%' order by 1"""
        )
        tables = [table for (table,) in await cursor.fetchall()]
        found = {}
        for table in tables:
            row = await (await conn.execute(f"select count(*) from {table}")).fetchone()
            found[table] = row[0]
        return found


BUSY = tuple(
    f"public.{name}"
    for name in ("request_log", "key_uses", "automation_changes", "automation_counts", "automation_minutes")
)
"""Tables of requests, with their partitions, and of what is added up some time after it happened."""
EVERYTHING = flow(
    {"id": "tag", "kind": "set", "tags": {"add": ["seen"]}, "fields": {"first_name": "Augusta"}},
    {"id": "agree", "kind": "set", "consent": {"channel": "email", "purpose": "marketing", "state": "granted"}},
    {"id": "told", "kind": "emit", "event": "shop.seen", "data": {"by": "{{ contact.first_name }}"}},
    {"id": "heard", "kind": "wait_event", "event": "shop.seen", "since": "entry", "timeout": "1d", "save": "seen"},
    mail("mail1"),
    {"id": "go", "kind": "start", "automation": "other"},
    {"id": "end", "kind": "stop", "all": True},
    {"id": "crm", "kind": "call", "url": "https://crm.example/x", "body": {"who": "{{ contact.email }}"}},
    {"id": "tell", "kind": "notify", "to": {"email": "boss@example.com"}, "message": "{{ contact.first_name }} came"},
)


async def test_a_simulation_changes_nothing_whatever_its_steps_do(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, email="ada@example.com")
    await published(stack, user, flow({"kind": "wait", "for": "1d"}))
    other = await entered(stack, user, contact)
    await reaches(stack, user, other, "waiting")
    before, was = await counts(stack), await data(stack, user, "GET", f"/contacts/{contact}")
    for who in (contact, "ada@example.com", NUMBER, {"email": "bo@example.com", "phone": "+14155550177"}):
        found = await simulated(stack, user, EVERYTHING, contact=who, event={"order_id": "A1"})
        assert (found["state"], len(found["path"])) == ("completed", 9), found
        assert found["vars"]["seen"]["by"] == "Augusta"
    now = await counts(stack)
    quiet = [table for table in before if not table.startswith(BUSY)]
    assert {table: (before[table], now[table]) for table in quiet if before[table] != now[table]} == {}
    assert await data(stack, user, "GET", f"/contacts/{contact}") == was
    assert (await data(stack, user, "GET", f"/runs/{other}"))["state"] == "waiting"


async def test_calls_and_notifications_are_shown_and_not_made(stack: Stack):
    user = await holder(stack)
    headers = {"X-Secret": {"secret": "crm"}, "Authorization": "Bearer 123456", "X-Shop": "{{ contact.first_name }}"}
    call_ = {
        "id": "crm",
        "kind": "call",
        "url": "https://crm.example/x",
        "headers": headers,
        "body": {"id": "{{ order_id }}"},
    }
    found = await simulated(stack, user, flow(call_, EVERYTHING["steps"][-1]))
    first, second = (one["outcome"] for one in found["course"])
    assert first["result"] == "not_made"
    shown = {"Content-Type": "application/json", "X-Secret": "•••", "Authorization": "•••", "X-Shop": "Ada"}
    assert first["call"] == {"method": "POST", "url": "https://crm.example/x", "headers": shown, "body": '{"id":"A1"}'}
    assert second["notify"] == {"to": {"email": "boss@example.com"}, "message": "Ada came"}


async def test_messages_wait_for_the_hours_that_suit_and_keep_their_order(stack: Stack):
    user = await holder(stack)
    window = {"days": ["mon", "tue"], "from": "09:00", "to": "18:00"}
    steps = flow(mail("m1"), {"id": "s1", **sms("two")}, settings={"send_window": window})
    found = await simulated(stack, user, steps, at="2026-03-02T18:30:00Z")
    assert found["sends"] == ["m1", "s1"]
    m1, s1 = (one for one in found["course"] if one["kind"] == "step")
    assert (m1["message"]["leaves_at"], s1["at"]) == ("2026-03-03T08:00:00Z",) * 2
    assert [one["kind"] for one in found["course"]] == ["step", "wait", "message", "step"]
    assert found["ended_at"] == "2026-03-03T08:00:00Z"


async def test_a_message_arrives_unless_an_event_says_otherwise(stack: Stack):
    user = await holder(stack)
    lost = {"field": "steps.m1.state", "op": "in", "value": ["failed", "bounced"]}
    steps = flow(
        mail("m1"),
        {
            "id": "w",
            "kind": "wait_event",
            "event": "message.delivered",
            "of": "m1",
            "timeout": "1h",
            "then": [],
            "else": [],
        },
        {"id": "b", "kind": "branch", "arms": [{"when": lost, "steps": [{"id": "s1", **sms("by SMS")}]}]},
    )
    assert (await simulated(stack, user, steps))["sends"] == ["m1"]
    failed = [{"at": "+5m", "event": "message.bounced", "of": "m1", "data": {"code": "mailbox_unknown"}}]
    found = await simulated(stack, user, steps, events=failed)
    assert (found["sends"], found["ended_at"]) == (["m1", "s1"], "2026-03-02T10:00:00Z")
    message = next(one["message"] for one in found["course"] if one.get("step") == "m1")
    assert (message["state"], message["code"]) == ("bounced", "mailbox_unknown")


async def test_consent_counts_as_it_does_for_real_messages(stack: Stack):
    user = await holder(stack)
    await data(stack, user, "POST", "/purposes", {"key": "news", "name": "News"})
    steps = flow(mail("m1"), {"id": "w", "kind": "wait", "for": "2d"}, mail("m2"))
    withdrawn = {"at": "+1d", "event": "consent.withdrawn", "data": {"channel": "email", "purpose": "marketing"}}
    found = await simulated(stack, user, steps, events=[withdrawn])
    assert (found["path"], found["sends"], found["credits"]) == (["m1", "w", "m2"], ["m1"], {"email": 1})
    last = found["course"][-1]["message"]
    assert (last["state"], last["code"], last["subject"]) == ("rejected", "consent_withdrawn", "Hi Ada")
    refused = await call(
        stack,
        user,
        "POST",
        "/automations/simulate",
        {"definition": steps, "contact": {"phone": NUMBER}, "events": [withdrawn]},
    )
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "consent_event")


async def test_the_entry_is_judged_and_what_was_before_it_counts(stack: Stack):
    user = await holder(stack)
    bought = {"event": "order.paid", "op": "happened", "within": "30d"}
    steps = flow({"kind": "wait", "for": "1h"}, entry={"filter": bought})
    refused = await simulated(stack, user, steps, expect={"entry": "filter", "sends": []})
    assert (refused["met"], refused["entry"], refused["state"], refused["course"]) == (True, "filter", None, [])
    for at, entry in (("-20d", "admitted"), ("-40d", "filter"), ("2026-02-25T00:00:00Z", "admitted")):
        found = await simulated(stack, user, steps, events=[{"at": at, "event": "order.paid"}])
        assert found["entry"] == entry


async def test_a_stored_automation_is_simulated_by_its_draft_or_a_version(stack: Stack):
    user = await holder(stack)
    await published(stack, user, flow({"id": "old", **sms("one")}))
    await data(stack, user, "PUT", "/automations/welcome/draft", flow({"id": "new", **sms("two")}))
    for version, path in ((None, ["new"]), ("draft", ["new"]), (1, ["old"])):
        more = {} if version is None else {"version": version}
        found = await simulated(stack, user, automation="welcome", **more)
        assert found["path"] == path
    body = {"automation": "welcome", "contact": ADA, "version": 7}
    assert (await call(stack, user, "POST", "/automations/simulate", body)).status_code == 404
    await data(stack, user, "POST", "/automations/welcome/publish")
    body["version"] = "draft"
    assert (await call(stack, user, "POST", "/automations/simulate", body)).json()["errors"][0][
        "code"
    ] == "draft_missing"


async def test_a_split_falls_the_same_each_time(stack: Stack):
    user = await holder(stack)
    arms = [{"weight": 1, "steps": [{"id": f"a{n}", **sms("x")}]} for n in range(4)]
    steps = flow({"id": "ab", "kind": "split", "arms": arms})
    people = [{"phone": f"+1415555020{n}"} for n in range(8)]
    first = [(await simulated(stack, user, steps, contact=one))["path"][1] for one in people]
    assert first == [(await simulated(stack, user, steps, contact=one))["path"][1] for one in people]
    assert len(set(first)) > 1


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"contact": "nobody@example.com"}, "/contact", "contact_unknown"),
        ({"contact": {"email": "no address"}}, "/contact/email", None),
        ({"contact": {"colour": "red"}}, "/contact/colour", "extra_forbidden"),
        ({"contact": 7}, None, None),
        ({"events": [{"at": "soon", "event": "x.y"}]}, "/events/0/at", "value_error"),
        ({"events": [{"at": "+1h", "event": "message.clicked", "of": "nothing"}]}, "/events/0/of", "step_unknown"),
        ({"events": [{"at": "+1h", "event": "x.y"}] * 201}, "/events", "too_long"),
        ({"expect": {"path": ["nothing"]}}, "/expect/path", "step_unknown"),
        ({"expect": {"ends_within": "soon"}}, "/expect/ends_within", "value_error"),
        ({"expect": {"credit": {}}}, "/expect/credit", "extra_forbidden"),
        ({"at": "2026-03-02T09:00:00"}, "/at", "timezone_aware"),
        ({"at": "9999-12-31T09:00:00Z"}, "/at", "less_than"),
        ({"events": [{"at": "+999999w", "event": "x.y"}]}, "/events/0/at", "value_error"),
        ({"events": [{"at": "9999-12-31T09:00:00Z", "event": "x.y"}]}, "/events/0/at", "value_error"),
        ({"events": [{"at": "+1h", "event": "call.answered"}]}, "/events/0/of", "call_answer"),
        ({"contact": "x" * 1000}, None, None),
        ({"contact": "not-a-number"}, None, None),
        ({"contact": "@"}, None, None),
        ({"contact": {"phone": NUMBER, "fields": {"nothing": 1}}}, "/contact/fields/nothing", None),
        ({"contact": {}}, "/contact", None),
        ({"automation": "welcome"}, "", "value_error"),
        ({"definition": flow({"kind": "dance"})}, "/steps/0/kind", "kind"),
    ],
)
async def test_what_cannot_be_simulated_is_refused_with_its_place(stack: Stack, body: dict, pointer: str, code: str):
    user = await holder(stack)
    given = {"definition": flow({"kind": "wait", "for": "1h"}), "contact": ADA} | body
    answer = await call(stack, user, "POST", "/automations/simulate", given)
    assert answer.status_code == 422, answer.text
    error = answer.json()["errors"][0]
    assert (pointer is None or error["pointer"] == pointer, code is None or error["code"] == code) == (True, True), (
        error
    )


async def test_a_text_that_fails_is_shown_where_it_fails(stack: Stack):
    user = await holder(stack)
    steps = flow(
        {"id": "m1", **sms("Hi {{ contact.nothing }}")},
        {"id": "w", "kind": "wait", "until": "{{ event.nothing_there }}"},
    )
    found = await simulated(stack, user, steps)
    assert (found["state"], found["error"]["step"], found["error"]["code"]) == ("failed", "w", "missing_field")
    message = found["course"][0]["message"]
    assert (message["state"], message["code"], message["leaves_at"]) == ("rejected", "missing_field", None)


async def test_somebody_new_may_have_the_address_of_a_contact(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user, email="ada@example.com", external_id="crm-1")
    steps = flow({"id": "m1", **sms("Hi {{ contact.first_name }}")})
    new = {"phone": NUMBER, "email": "ADA@example.com", "external_id": "crm-1", "first_name": "Grace"}
    found = await simulated(stack, user, steps, contact=new)
    (sent,) = (one["message"] for one in found["course"] if one.get("message"))
    assert (sent["to"], sent["text"], sent["state"]) == (NUMBER, "Hi Grace", "delivered")
    assert [one["code"] for one in found["warnings"]] == ["contact_taken"] * 3
    assert "phone" in " ".join(one["message"] for one in found["warnings"])
    kept = (await call(stack, user, "GET", f"/contacts/{contact}")).json()["data"]
    assert (kept["phone"], kept["email"], kept["external_id"]) == (NUMBER, "ada@example.com", "crm-1")
    assert (await simulated(stack, user, steps, contact=contact))["warnings"] == []


async def test_who_holds_the_contact_is_not_waited_for(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    steps = flow({"kind": "set", "tags": {"add": ["seen"]}})
    async with stack.pool.connection() as conn, conn.transaction():
        await conn.execute("select from contacts where id = %s for update", (contact,))
        answer = await call(stack, user, "POST", "/automations/simulate", {"definition": steps, "contact": contact})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, "contact_busy")
    assert (await simulated(stack, user, steps, contact=contact))["state"] == "completed"


async def test_thirty_days_of_twelve_steps_take_no_time(stack: Stack):
    user = await holder(stack)
    steps = [one for n in range(6) for one in ({"kind": "wait", "for": "5d"}, mail(f"m{n}"))]
    found = await simulated(stack, user, flow(*steps))
    assert (found["ended_at"], len(found["sends"])) == ("2026-04-01T09:00:00Z", 6)


async def test_a_run_is_replayed_by_its_draft(stack: Stack):
    user = await holder(stack)
    contact = await ada(stack, user)
    vip = {"id": "b", "kind": "branch", "arms": [{"when": {"tag": "vip"}, "steps": [{"id": "v", **sms("vip")}]}]}
    waits = {"id": "w", "kind": "wait_event", "event": "shop.done", "timeout": "1d", "then": [], "else": []}
    told = {"id": "e", "kind": "emit", "event": "shop.seen"}
    await published(stack, user, flow(told, {"id": "s", **sms()}, waits, vip))
    run = await entered(stack, user, contact, order="A1")
    await reaches(stack, user, run, "waiting", step="w")
    same = await data(stack, user, "POST", f"/runs/{run}/replay")
    assert (same["same"], same["path"], same["first_difference"]) == (True, ["e", "s"], None), same
    await data(stack, user, "POST", "/events", {"name": "shop.done", "contact": {"id": contact}})
    await reaches(stack, user, run, "completed")
    same = await data(stack, user, "POST", f"/runs/{run}/replay", {})
    assert (same["same"], same["path"], same["exit"]) == (True, ["e", "s", "w", "b"], "completed"), same
    assert [one["event"] for one in same["course"] if one["kind"] == "event"] == ["shop.done"]
    await data(stack, user, "PUT", "/automations/welcome/draft", flow(told, waits, {"id": "s", **sms()}))
    other = await data(stack, user, "POST", f"/runs/{run}/replay", {"version": "draft"})
    assert (other["same"], other["path_then"], other["path"]) == (False, ["e", "s", "w", "b"], ["e", "w", "s"])
    assert other["first_difference"] == {"step": 1, "then": "s", "now": "w"}
    shorter = await data(stack, user, "POST", f"/runs/{run}/replay", {"definition": flow(told)})
    assert shorter["first_difference"] == {"step": 1, "then": "s", "now": "completed"}
    stranger = await holder(stack)
    assert (await call(stack, stranger, "POST", f"/runs/{run}/replay")).status_code == 404


async def test_a_call_is_answered_as_an_event_says(stack: Stack):
    user = await holder(stack)
    asks = {
        "id": "crm",
        "kind": "call",
        "url": "https://crm.example/x",
        "method": "GET",
        "save": {"score": "/lead/score"},
    }
    steps = flow(asks, {"id": "s", **sms("{{ vars.score }} of {{ steps.crm.status }}")})
    answer = {"at": "+0s", "event": "call.answered", "of": "crm", "data": {"body": {"lead": {"score": 7}}}}
    found = await simulated(stack, user, steps, events=[answer])
    assert (found["vars"], found["course"][-1]["message"]["text"]) == ({"score": 7}, "7 of 200")
    answer["data"] = {"status": 503}
    found = await simulated(stack, user, steps | {"settings": {"on_error": {"then": "exit"}}}, events=[answer])
    assert (found["exit"], found["sends"]) == ("call_status", [])
    tries = [one for one in found["course"] if one["kind"] == "step"]
    assert (len(tries), tries[-1]["at"] > tries[0]["at"]) == (6, True)
    answer["data"] = {"status": "bad"}
    body = {"definition": steps, "contact": ADA, "events": [answer]}
    refused = await call(stack, user, "POST", "/automations/simulate", body)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "call_answer")


@pytest.mark.parametrize(("event", "code"), [("message.unsubscribed", "suppressed"), ("message.opened", None)])
async def test_who_unsubscribes_gets_no_more_messages(stack: Stack, event: str, code: str | None):
    user = await holder(stack)
    steps = flow(mail("m1"), {"id": "w", "kind": "wait", "for": "2d"}, mail("m2"), {"id": "s", **sms()})
    found = await simulated(stack, user, steps, events=[{"at": "+1h", "event": event, "of": "m1"}])
    assert [one["message"]["code"] for one in found["course"] if "message" in one] == [None, code, None]


async def test_hostile_values_of_events_stop_nothing_but_themselves(stack: Stack):
    user = await holder(stack)
    steps = flow(mail("m1"), {"id": "w", "kind": "wait", "for": "2d"}, {"id": "s", **sms("hello")})
    odd = {"code": {"a": [1]}, "uid": 7, "channel": None, "\u202e": "x" * 9000}
    events = [
        {"at": "+1h", "event": name, "of": "m1", "data": odd}
        for name in ("message.failed", "message.", "message.nothing", "failed", "x", "message.bounced", "message.read")
    ]
    found = await simulated(stack, user, steps, events=events, event={"order_id": {"a": None}})
    assert found["path"] == ["m1", "w", "s"], found


async def test_fallbacks_are_shown(stack: Stack):
    user = await holder(stack)
    steps = flow(
        {
            "id": "s",
            **sms(),
            "fallback": [
                {
                    "channel": "email",
                    "after": "2m",
                    "content": {"subject": "Hi", "message": "Still {{ contact.first_name }}"},
                }
            ],
        }
    )
    found = await simulated(stack, user, steps)
    (one,) = found["course"][0]["message"]["fallbacks"]
    assert (one["channel"], one["to"], one["after_seconds"], one["html"]) == (
        "email",
        "ada@example.com",
        120.0,
        "Still Ada",
    )
