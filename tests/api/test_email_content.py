"""What an email carries arrives at its gateway, and what it must not carry is refused with a pointer."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import pytest_asyncio

from api.sending.parse_request import may_be_large
from store.accounts import credits
from tests.api.answers import assert_error
from tests.api.batches import ended
from tests.api.mail_stack import EMAIL, PUBLIC, delivered, file, links, one, post, public_stack, sender
from tests.stack import Stack, User

MIB = 1024 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def public(stack: Stack):
    async with public_stack(stack) as opened:
        yield opened


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).isoformat()


async def kept_for(stack: Stack, user: User) -> int:
    """For how many days the user's one file is kept."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select round(extract(epoch from keep_until - now()) / 86400) from attachments where account_id = %s",
            (user.id,),
        )
        ((days,),) = await cursor.fetchall()
        return int(days)


async def test_reply_to_cc_and_headers_arrive(stack: Stack):
    _, mail = await one(
        stack, reply_to="Help@EXAMPLE.org", cc=["bob@example.com"], headers={"X-Campaign": "spring", "X.Y": " é "}
    )
    assert mail["reply_to"] == "Help@example.org"
    assert mail["cc"] == ["bob@example.com"]
    assert mail["headers"] == {"X-Campaign": "spring", "X.Y": "é"}


async def test_an_email_that_asks_for_nothing_more_carries_nothing_more(public: Stack):
    _, mail = await one(public)
    assert mail["html"] == EMAIL["message"]
    assert not mail.keys() & {"reply_to", "cc", "headers", "attachments", "unsubscribe_url"}


async def test_the_type_of_an_invitation_keeps_its_method(stack: Stack):
    _, mail = await one(stack, attachments=[file(filename="i.ics", content_type='Text/Calendar;method="REQUEST"')])
    assert [sent["content_type"] for sent in mail["attachments"]] == ["text/calendar; method=REQUEST"]


async def test_everybody_in_cc_costs_a_credit(stack: Stack):
    user, _ = await one(stack, cc=["bob@example.com", "eve@example.com"])
    assert (await credits.show(stack.pool, user.id))["email"].spent == 3


async def test_attachments_arrive(stack: Stack):
    _, mail = await one(
        stack, attachments=[file(b"x" * 3000), file(b"", filename="ü.PNG", content_type="Image/PNG", content_id="l@1")]
    )
    assert mail["attachments"] == [
        {"filename": "a.pdf", "content_type": "application/pdf", "content_id": None, "size": 3000},
        {"filename": "ü.PNG", "content_type": "image/png", "content_id": "l@1", "size": 0},
    ]


async def test_what_stands_beside_the_contacts_holds_for_those_that_do_not_say_otherwise(stack: Stack):
    user = await sender(stack)
    wide = {"reply_to": "a@example.com", "headers": {"X-A": "1"}, "attachments": [file()], "cc": ["c@example.com"]}
    own = {"reply_to": "b@example.com", "headers": {"X-B": "2"}, "attachments": [], "cc": []}
    first, second = await delivered(stack, user, {**wide, "contact": [EMAIL, EMAIL | own]})
    assert (first["reply_to"], first["headers"], first["cc"]) == ("a@example.com", {"X-A": "1"}, ["c@example.com"])
    assert [f["filename"] for f in first["attachments"]] == ["a.pdf"]
    assert (second["reply_to"], second["headers"]) == ("b@example.com", {"X-B": "2"})
    assert not second.keys() & {"attachments", "cc"}


async def test_a_file_is_stored_once_for_an_account_and_travels_with_no_page(stack: Stack):
    user, other = await sender(stack), await sender(stack)
    content = b"the same for everybody " * 20_000
    wide = {"attachments": [file(content)], "contact": [EMAIL, EMAIL | {"subject": "2"}]}
    for who in (user, user, other):
        mails = await delivered(stack, who, wide)
        assert [mail["attachments"][0]["size"] for mail in mails] == [len(content)] * 2
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select account_id, keep_until > now() + interval '6 days' from attachments where content = %s order by 1",
            (content,),
        )
        assert await cursor.fetchall() == [(user.id, True), (other.id, True)]


async def test_a_batch_carries_attachments_and_lets_everybody_unsubscribe(public: Stack):
    user = await sender(public, credit=600)
    contacts = [EMAIL | {"email": f"r{n}@example.com"} for n in range(501)]
    contacts[7] |= {"attachments": [file(b"seven")], "unsubscribe": False}
    answer = await post(public, user, {"attachments": [file(b"for all")], "contact": contacts})
    assert answer.status_code == 200, answer.text
    await ended(public, user, answer.json()["batch"])
    async with public.pool.connection() as conn:
        cursor = await conn.execute(
            "select content from sandbox_messages where account_id = %s order by uid", (user.id,)
        )
        mails = [content for (content,) in await cursor.fetchall()]
    assert [mail["attachments"][0]["size"] for mail in mails] == [7] * 7 + [5] + [7] * 493
    unsubscribe = [mail.get("unsubscribe_url") for mail in mails]
    assert unsubscribe.pop(7) is None
    assert len(set(unsubscribe)) == 500
    assert all(url.startswith(f"{PUBLIC}/u/") for url in unsubscribe)


async def test_ten_mebibytes_of_files_pass_and_a_byte_more_does_not(stack: Stack):
    user = await sender(stack)
    half = file(b"x" * (5 * MIB))
    (mail,) = await delivered(stack, user, {"contact": [EMAIL | {"attachments": [half, half]}]})
    assert [f["size"] for f in mail["attachments"]] == [5 * MIB] * 2
    more = {"attachments": [half, half, file(b"x")]}
    assert_error(await post(stack, user, {"contact": [EMAIL | more]}), 422, "too_large", "/contact/0/attachments")
    assert_error(await post(stack, user, {**more, "contact": [EMAIL]}), 422, "too_large", "/attachments")


async def test_a_file_that_is_gone_refuses_its_email(stack: Stack):
    user = await sender(stack)
    body = {"contact": [EMAIL | {"attachments": [file(b"soon gone")], "schedule_at": in_days(10)}]}
    uid = (await post(stack, user, body)).json()["data"][0]["uid"]
    async with stack.pool.connection() as conn:
        await conn.execute("delete from attachments where account_id = %s", (user.id,))
    await stack.http.post(
        f"/api/email/{uid}/reschedule", json={"schedule_at": "2020-01-01T00:00:00Z"}, headers=user.headers
    )
    status = await stack.final(user, "email", uid)
    assert (status["state"], status["code"], status["credit"]["state"]) == ("rejected", "attachment_gone", "released")


async def test_files_of_a_message_that_is_moved_are_kept_until_then(stack: Stack):
    user = await sender(stack)
    body = {"contact": [EMAIL | {"attachments": [file()], "schedule_at": in_days(10)}]}
    uid = (await post(stack, user, body)).json()["data"][0]["uid"]
    assert await kept_for(stack, user) == 17
    await stack.http.post(f"/api/email/{uid}/reschedule", json={"schedule_at": in_days(40)}, headers=user.headers)
    async with asyncio.timeout(20):
        while await kept_for(stack, user) != 47:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    ("fields", "code", "place"),
    [
        ({"reply_to": "a@b.com, c@d.com"}, "email_invalid", "/reply_to"),
        ({"reply_to": "Ada <a@b.com>"}, "email_invalid", "/reply_to"),
        ({"reply_to": ""}, "email_invalid", "/reply_to"),
        ({"reply_to": "a@b.com\r\nBcc: x@y.com"}, "email_characters", "/reply_to"),
        ({"cc": ["a@b.com", "nobody"]}, "email_invalid", "/cc/1"),
        ({"cc": ["a@b.com"] * 11}, "too_long", "/cc"),
        ({"cc": "a@b.com"}, "list_type", "/cc"),
        ({"headers": {"From": "x"}}, "header_reserved", "/headers/From"),
        ({"headers": {"mime-version": "x"}}, "header_reserved", "/headers/mime-version"),
        ({"headers": {"List-Unsubscribe-Post": "x"}}, "header_reserved", "/headers/List-Unsubscribe-Post"),
        ({"headers": {"CONTENT-TYPE": "x"}}, "header_reserved", "/headers/CONTENT-TYPE"),
        ({"headers": {"Resent-To": "x"}}, "header_reserved", "/headers/Resent-To"),
        ({"headers": {"X-SMTPAPI": "{}"}}, "header_reserved", "/headers/X-SMTPAPI"),
        ({"headers": {"X-Mailgun-Variables": "{}"}}, "header_reserved", "/headers/X-Mailgun-Variables"),
        ({"headers": {"X-Mailjet-Campaign": "x"}}, "header_reserved", "/headers/X-Mailjet-Campaign"),
        ({"headers": {"Errors-To": "a@example.com"}}, "header_reserved", "/headers/Errors-To"),
        ({"headers": {"Fröm": "x"}}, "header_name", "/headers/Fröm"),
        ({"headers": {"": "x"}}, "header_name", "/headers/"),
        ({"headers": {"X A": "x"}}, "header_name", "/headers/X A"),
        ({"headers": {"X-A:": "x"}}, "header_name", "/headers/X-A:"),
        ({"headers": {"X-A\r\nBcc": "x"}}, "header_name", "/headers/X-A\r\nBcc"),
        ({"headers": {"X-A": "x\r\nBcc: a@b.com"}}, "control_character", "/headers/X-A"),
        ({"headers": {"X-A": "x\x85y"}}, "control_character", "/headers/X-A"),
        ({"headers": {"X-A": "x" * 901}}, "too_long", "/headers/X-A"),
        ({"headers": {"X-A": "1", "x-a": "2"}}, "header_repeated", "/headers/x-a"),
        ({"headers": {f"X-{n}": "x" for n in range(21)}}, "too_long", "/headers"),
        ({"headers": {"X-A": 1}}, "string_type", "/headers/X-A"),
        ({"attachments": [file()] * 11}, "too_long", "/attachments"),
        ({"attachments": [file(filename="../a")]}, "filename", "/attachments/0/filename"),
        ({"attachments": [file(), file(filename="C:\\a")]}, "filename", "/attachments/1/filename"),
        ({"attachments": [file(filename="a\r\nb")]}, "filename", "/attachments/0/filename"),
        ({"attachments": [file(filename="a\u202efdp.exe")]}, "filename", "/attachments/0/filename"),
        ({"attachments": [file(filename="..")]}, "filename", "/attachments/0/filename"),
        ({"attachments": [file(content_type="pdf")]}, "content_type", "/attachments/0/content_type"),
        ({"attachments": [file(content_type="text/plain; x")]}, "content_type", "/attachments/0/content_type"),
        ({"attachments": [file(content_type="a/b; name=c.exe")]}, "content_type", "/attachments/0/content_type"),
        ({"attachments": [file(content_type="text/plain\r\nX: y")]}, "content_type", "/attachments/0/content_type"),
        ({"attachments": [file(content_type="message/rfc822")]}, "content_type", "/attachments/0/content_type"),
        ({"attachments": [file(content_type="multipart/mixed")]}, "content_type", "/attachments/0/content_type"),
        ({"attachments": [file(content_id="a>b")]}, "content_id", "/attachments/0/content_id"),
        ({"attachments": [file(content="a")]}, "not_base64", "/attachments/0/content"),
        ({"attachments": [file(content="ü===")]}, "not_base64", "/attachments/0/content"),
        ({"attachments": [file(content="YQ==\n")]}, "not_base64", "/attachments/0/content"),
        ({"attachments": [file(url="http://127.0.0.1")]}, "extra_forbidden", "/attachments/0/url"),
        ({"unsubscribe": "yes"}, "bool_type", "/unsubscribe"),
        ({"track": {"opens": True, "deaths": True}}, "extra_forbidden", "/track/deaths"),
        ({"unsubscribe": True}, "public_url_missing", "/unsubscribe"),
        ({"track": {"clicks": True}}, "public_url_missing", "/track"),
    ],
)
async def test_what_no_email_can_carry_is_refused_at_its_place(stack: Stack, fields: dict, code: str, place: str):
    user = await sender(stack)
    own = await post(stack, user, {"contact": [EMAIL, EMAIL | fields]})
    assert_error(own, 422, code, f"/contact/1{place}")
    assert_error(await post(stack, user, {**fields, "contact": [EMAIL]}), 422, code, place)
    assert (await credits.show(stack.pool, user.id))["email"].available == 100


async def test_who_has_no_credit_stores_nothing(stack: Stack):
    user = await sender(stack, credit=0)
    assert (await post(stack, user, {"contact": [EMAIL | {"attachments": [file()]}]})).status_code == 402
    async with stack.pool.connection() as conn:
        cursor = await conn.execute("select count(*) from attachments where account_id = %s", (user.id,))
        assert await cursor.fetchone() == (0,)


async def test_links_are_made_for_each_recipient(public: Stack):
    user = await sender(public)
    html = '<a href="https://example.com">Look</a> <a href="{{ unsubscribe_url }}">out</a>'
    body = {"message": html, "unsubscribe": True, "track": {"opens": True, "clicks": True}}
    contacts = [{"email": f"{name}@example.com", "subject": "Hi"} for name in ("ada", "eve")]
    first, second = await delivered(public, user, {**body, "contact": contacts})
    for mail in (first, second):
        assert [len(links(mail["html"], kind)) for kind in "uco"] == [1, 1, 1]
        assert mail["unsubscribe_url"] == PUBLIC + links(mail["html"], "u")[0]
        assert "https://example.com" not in mail["html"]
    assert first["html"] != second["html"]


async def test_a_text_that_links_to_unsubscribing_needs_it(public: Stack):
    user = await sender(public)
    contact = {"email": "ada@example.com", "subject": "Hi"}
    body = {"message": "{{ unsubscribe_url }}", "contact": [contact]}
    assert_error(await post(public, user, body), 422, "missing_field", "/contact/0/unsubscribe_url")


async def test_styles_are_moved_to_where_they_apply_and_nothing_is_loaded(public: Stack):
    head = "<style>p { color: red } @media print { p { color: blue } }</style>"
    evil = '<link rel="stylesheet" href="http://127.0.0.1:1/x.css"><link rel="stylesheet" href="file:///etc/passwd">'
    _, mail = await one(public, message=f"<html><head>{head}{evil}</head><body><p>Hi</p>", inline_css=True)
    assert '<p style="color: red;">Hi</p>' in mail["html"]
    assert "@media print" in mail["html"]
    assert "root:" not in mail["html"]


@pytest.mark.parametrize(
    "html",
    [
        "<style>p{x:y}</style>" + "<b>" * 60_000,
        "</style>" + "<b></b>" * 1500 + "<style>" + "".join(f"b{{a{n}:y}}" for n in range(2000)),
        "<style>" + "".join(f"b{{a{n}:y}}" for n in range(2000)) + "</style>" + "<b></b>" * 1500,
        "<STYLE>b{x:" + "y" * 100_000 + "}</STYLE>" + "<b></b>" * 1000,
    ],
    ids=["deep", "unclosed", "slow", "large"],
)
async def test_styles_made_to_be_slow_are_refused(stack: Stack, html: str):
    user = await sender(stack)
    answer = await post(stack, user, {"inline_css": True, "contact": [EMAIL | {"message": html}]})
    assert_error(answer, 422, "css_refused", "/contact/0/inline_css")


@pytest.mark.parametrize("name", ["inline_css", "inl\\u0069ne_css", "inline\\u005fcss", "inline_c\\u0073s"])
def test_styles_are_never_moved_between_other_requests(name: str):
    assert may_be_large(b'{"%s":true,"contact":[]}' % name.encode())
