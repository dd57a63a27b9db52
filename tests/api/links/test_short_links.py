"""Short links from the request to the click: one code for each message, programs told from people, no open redirect."""

import asyncio

import pytest
import pytest_asyncio

from tests.api.answers import assert_error
from tests.api.links.helpers import NUMBER, PEOPLE, click, codes, long_ago, seen, sender, texts
from tests.api.mail_stack import PUBLIC, public_stack
from tests.api.templates.helpers import data, holder, saved
from tests.receiver import receiving, register
from tests.stack import Stack

URL = "https://shop.example.com/offers?id=1#top"
QUEUED = "select data ->> 'url' from callback_deliveries where type = 'message.clicked' and uid = %s"
TEXT = f"Hi, see {URL}. Bye"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(stack: Stack):
    async with public_stack(stack) as opened:
        yield opened


def sms(*numbers: str, **more: object) -> dict:
    return {"message": TEXT, "contact": [{"number": number} for number in numbers or (NUMBER,)], **more}


async def test_each_message_has_its_own_code_that_leads_where_the_text_did(public: Stack):
    user = await sender(public)
    first, second = await texts(public, user, sms("14155550101", "14155550102", shorten_links=True))
    (one,), (other,) = codes(first["body"]), codes(second["body"])
    assert one != other
    assert first["body"] == f"Hi, see {PUBLIC}/l/{one}. Bye"
    await long_ago(public, first["uid"])
    for _ in range(2):
        onward = await click(public, f"/l/{one}")
        assert (onward.status_code, onward.headers["location"]) == (302, URL)
        assert onward.headers["cache-control"] == "no-store"
        assert "set-cookie" not in onward.headers
    assert await seen(public, first["uid"]) == [("clicked", URL, False)]
    assert await seen(public, second["uid"]) == []
    status = await public.status(user, "sms", first["uid"])
    assert [(one["kind"], one["url"], one["scanner"]) for one in status["receipts"]] == [("clicked", URL, False)]


async def test_a_text_stays_as_it_is_unless_its_links_are_to_be_shortened(public: Stack):
    user = await sender(public)
    (arrived,) = await texts(public, user, sms())
    assert arrived["body"] == TEXT


async def test_parts_and_credits_are_those_of_the_shorter_text(public: Stack):
    user = await sender(public)
    long = "https://shop.example.com/" + "a" * 300
    answer = await public.http.post(
        "/api/sms/send",
        json={"message": long, "shorten_links": True, "contact": [{"number": NUMBER}]},
        headers=user.headers,
    )
    status = await public.final(user, "sms", answer.json()["data"][0]["uid"])
    assert status["credit"]["amount"] == 1


async def test_a_page_and_a_batch_have_a_code_for_each_message(public: Stack):
    user = await sender(public)
    numbers = [f"1415555{number:04}" for number in range(601)]
    body = sms(*numbers, shorten_links=True)
    answer = await public.http.post("/api/sms/send", json=body, headers=user.headers)
    uids = [item["uid"] for item in answer.json()["data"]]
    for uid in (uids[0], uids[300], uids[600]):
        await public.final(user, "sms", uid, timeout=60)
    async with public.pool.connection() as conn:
        cursor = await conn.execute(
            "select count(distinct code), count(*) from short_links where uid = any(%s::uuid[])", (uids,)
        )
        made = await cursor.fetchone()
    assert made is not None
    assert made[0] == made[1] > 500


async def test_whatsapp_texts_and_the_texts_in_templates_of_the_provider_have_short_links(public: Stack):
    user = await sender(public, "whatsapp")
    (arrived,) = await texts(public, user, sms(shorten_links=True), "whatsapp")
    assert len(codes(arrived["body"])) == 1
    parameters = [{"type": "text", "text": TEXT}, {"type": "currency", "text": TEXT}]
    template = {
        "name": "offer",
        "components": [
            {"type": "body", "parameters": parameters},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": URL}]},
        ],
    }
    body = {"shorten_links": True, "contact": [{"number": NUMBER, "template": template}]}
    (arrived,) = await texts(public, user, body, "whatsapp")
    given = arrived["template"]["components"]
    (code,) = codes(given[0]["parameters"][0]["text"])
    assert given[0]["parameters"][1]["text"] == TEXT
    assert given[1]["parameters"][0]["text"] == URL
    assert (await click(public, f"/l/{code}")).headers["location"] == URL


async def test_settings_say_whether_links_are_shortened_and_the_request_has_the_last_word(public: Stack):
    user = await sender(public)
    async with public.pool.connection() as conn:
        await conn.execute("update accounts set links = %s::jsonb where id = %s", ('{"shorten_links": true}', user.id))
    (by_settings,) = await texts(public, user, sms())
    (by_request,) = await texts(public, user, sms(shorten_links=False))
    assert (len(codes(by_settings["body"])), codes(by_request["body"])) == (1, [])


async def test_a_template_has_its_links_shortened_and_its_preview_says_what_that_saves(public: Stack):
    user = await holder(public)
    long = "https://shop.example.com/" + "a" * 200
    await saved(public, user, "offer", shorten_links=True, sms={"en": {"message": f"{{{{ name }}}}: {long}"}})
    shown = (await data(public, user, "POST", "/offer/preview", {"variables": {"name": "Ada"}}))["channels"]["sms"]
    short = f"{PUBLIC}/l/00000000"
    assert (shown["text"], shown["segments"], shown["credits"]) == (f"Ada: {short}", 1, 1)
    saving = {"targets": [long], "characters_saved": len(long) - len(short), "segments_saved": 1}
    assert shown["short_links"] == saving
    await data(public, user, "POST", "/offer/publish")
    (arrived,) = await texts(public, user, {"template": "offer", "contact": [{"number": NUMBER, "name": "Ada"}]})
    assert len(codes(arrived["body"])) == 1
    plain = {"template": "offer", "shorten_links": False, "contact": [{"number": NUMBER, "name": "Ada"}]}
    (arrived,) = await texts(public, user, plain)
    assert arrived["body"] == f"Ada: {long}"


async def test_fallbacks_have_short_links_of_their_own(public: Stack):
    user = await sender(public)
    await public.gateway(user.id, "whatsapp", "sandbox", {})
    step = {"channel": "whatsapp", "after": "1s", "if": "not_delivered", "message": TEXT, "number": NUMBER}
    contact = {"number": "15005550001", "message": "Hi", "fallback": [step]}
    answer = await public.http.post(
        "/api/sms/send", json={"shorten_links": True, "contact": [contact]}, headers=user.headers
    )
    assert answer.status_code == 200, answer.text
    uid = answer.json()["data"][0]["uid"]
    async with asyncio.timeout(30):
        while not (status := await public.status(user, "sms", uid))["fallback_uid"]:
            await asyncio.sleep(0.05)
    await public.final(user, "whatsapp", status["fallback_uid"])
    async with public.pool.connection() as conn:
        cursor = await conn.execute("select url from short_links where uid = %s", (status["fallback_uid"],))
        assert await cursor.fetchall() == [(URL,)]


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "facebookexternalhit/1.1 Facebot Twitterbot/1.0"},
        {"user-agent": "WhatsApp/2.24.1 A"},
        {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"},
        {"user-agent": ""},
        {"sec-purpose": "prefetch;prerender"},
    ],
)
async def test_programs_are_led_on_and_do_not_count(public: Stack, headers: dict[str, str]):
    user = await sender(public)
    (arrived,) = await texts(public, user, sms(shorten_links=True))
    await long_ago(public, arrived["uid"])
    (code,) = codes(arrived["body"])
    assert (await click(public, f"/l/{code}", **headers)).headers["location"] == URL
    assert await seen(public, arrived["uid"]) == [("clicked", URL, True)]


async def test_who_comes_at_once_or_only_looks_is_no_person_and_the_person_after_that_counts(public: Stack):
    user = await sender(public)
    async with receiving() as receiver:
        await register(public.pool, public.keyring, user.id, receiver.url, "message.clicked")
        (arrived,) = await texts(public, user, sms(shorten_links=True))
        (code,) = codes(arrived["body"])
        head = await public.http.head(f"/l/{code}", headers=PEOPLE)
        assert (head.status_code, head.headers["location"], head.content) == (302, URL, b"")
        await click(public, f"/l/{code}")
        assert await seen(public, arrived["uid"]) == [("clicked", URL, True)]
        await long_ago(public, arrived["uid"])
        await click(public, f"/l/{code}")
        assert await seen(public, arrived["uid"]) == [("clicked", URL, False), ("clicked", URL, True)]
    async with public.pool.connection() as conn:
        cursor = await conn.execute(QUEUED, (arrived["uid"],))
        assert await cursor.fetchall() == [(URL,)]


@pytest.mark.parametrize(("reported", "by_program"), [("now()", True), ("now() - interval '1 minute'", False)])
async def test_the_time_counts_from_the_delivery_once_that_is_reported(public: Stack, reported: str, by_program: bool):
    user = await sender(public)
    (arrived,) = await texts(public, user, sms(shorten_links=True))
    async with public.pool.connection() as conn:
        await conn.execute(
            f"insert into receipts (uid, key, kind, at) values (%s, gen_random_uuid(), 'delivered', {reported})",
            (arrived["uid"],),
        )
    await click(public, f"/l/{codes(arrived['body'])[0]}")
    assert await seen(public, arrived["uid"]) == [("clicked", URL, by_program), ("delivered", None, False)]


async def test_a_click_is_an_event_of_the_contact(public: Stack):
    user = await sender(public)
    async with public.pool.connection() as conn:
        await conn.execute(
            "insert into contacts (id, account_id, phone) values (gen_random_uuid(), %s, %s)", (user.id, f"+{NUMBER}")
        )
    (arrived,) = await texts(public, user, sms(shorten_links=True))
    await long_ago(public, arrived["uid"])
    await click(public, f"/l/{codes(arrived['body'])[0]}")
    async with public.pool.connection() as conn:
        cursor = await conn.execute(
            "select name, data ->> 'url' from contact_events where account_id = %s and name = 'message.clicked'",
            (user.id,),
        )
        assert await cursor.fetchall() == [("message.clicked", URL)]


@pytest.mark.parametrize("code", ["x", "AAAAAAAA", "A" * 9, "AAAA%00AA", "..%2f..", "ü", "<script>", "AAAAAAA%2f"])
async def test_codes_that_we_did_not_make_lead_nowhere(public: Stack, code: str):
    answer = await click(public, f"/l/{code}")
    assert answer.status_code == 404
    assert "location" not in answer.headers
    assert "script" not in answer.text


async def test_other_addresses_of_eight_letters_are_still_none(public: Stack):
    assert_error(await click(public, "/notfound"), 404, "http_404", "")


async def test_a_code_whose_message_is_not_on_record_any_more_leads_nowhere(public: Stack):
    user = await sender(public)
    (arrived,) = await texts(public, user, sms(shorten_links=True))
    async with public.pool.connection() as conn:
        await conn.execute("delete from messages where uid = %s", (arrived["uid"],))
    assert (await click(public, f"/l/{codes(arrived['body'])[0]}")).status_code == 404


async def test_who_tries_codes_is_stopped(stack: Stack):
    async with public_stack(stack) as fresh:
        statuses = [(await click(fresh, f"/l/{number:08}")).status_code for number in range(100)]
        assert set(statuses) == {404}
        async with asyncio.timeout(30):
            while (answer := await click(fresh, "/l/00000000")).status_code == 404:
                pass
        assert_error(answer, 429, "rate_limited", "")
        assert int(answer.headers["retry-after"]) > 0


async def test_short_links_need_an_address(stack: Stack):
    user = await sender(stack)
    answer = await stack.http.post("/api/sms/send", json=sms(shorten_links=True), headers=user.headers)
    assert_error(answer, 422, "public_url_missing", "/shorten_links")
