"""Templates: drafts, versions that never change, and what is refused when they are saved."""

import asyncio

import pytest

from tests.api.admin import admin
from tests.api.answers import assert_error
from tests.api.templates.helpers import EMAIL, SMS, call, data, holder, published, saved
from tests.stack import Stack

MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hi {{ name }}</mj-text></mj-column></mj-section></mj-body></mjml>"
)


async def test_a_draft_is_saved_published_compared_and_rolled_back(stack: Stack):
    user = await holder(stack)
    draft = await saved(stack, user)
    assert (draft["key"], draft["version"], draft["channels"], draft["languages"]) == ("welcome", None, ["sms"], ["en"])
    first = await data(stack, user, "POST", "/welcome/publish", {"note": "first"})
    assert (first["version"], first["note"], first["body"]["sms"]) == (1, "first", {"en": SMS})
    await saved(stack, user, sms={"en": {"message": "Hello {{ name }}"}})
    assert (await data(stack, user, "GET", "/welcome"))["version"] == 1
    (change,) = (await data(stack, user, "GET", "/welcome/diff"))["changes"]
    assert change["pointer"] == "/sms/en/message"
    assert "-Hi {{ name }}\n+Hello {{ name }}" in change["diff"]
    second = await data(stack, user, "POST", "/welcome/publish")
    assert second["version"] == 2
    back = await data(stack, user, "POST", "/welcome/publish", {"version": 1, "note": "back"})
    assert (back["version"], back["made_from"], back["body"]) == (3, 1, first["body"])
    listed = await data(stack, user, "GET", "/welcome/versions")
    assert [each["version"] for each in listed] == [3, 2, 1]
    assert (await data(stack, user, "GET", "/welcome/versions/2"))["body"]["sms"]["en"]["message"].startswith("Hello")
    assert (await data(stack, user, "GET", "/welcome/diff?from=2&to=3"))["changes"]
    events = await (await admin(stack)).data("GET", f"/audit?actor=user:{user.id}&limit=3")
    assert [event["action"] for event in events] == ["template.published", "template.published", "template.saved"]


async def test_a_dry_run_and_an_old_etag_change_nothing(stack: Stack):
    user = await holder(stack)
    body = {"name": "Welcome", "sms": {"en": SMS}}
    tried = await call(stack, user, "PUT", "/welcome?dry_run=true", body)
    assert tried.json()["dry_run"] is True
    assert_error(await call(stack, user, "GET", "/welcome"), 404, "template_not_found")
    await saved(stack, user)
    tag = (await call(stack, user, "GET", "/welcome")).headers["etag"]
    changed = await call(stack, user, "PUT", "/welcome", body | {"name": "Other"}, if_match=tag)
    assert changed.json()["data"]["name"] == "Other"
    assert_error(await call(stack, user, "PUT", "/welcome", body, if_match=tag), 412, "changed_meanwhile")
    assert_error(await call(stack, user, "POST", "/welcome/publish", {}, if_match=tag), 412, "changed_meanwhile")
    once = {"idempotency_key": "first"}
    answers = [await call(stack, user, "POST", "/welcome/publish", {}, **once) for _ in range(2)]
    assert answers[0].content == answers[1].content
    assert len(await data(stack, user, "GET", "/welcome/versions")) == 1


async def test_an_archived_template_is_not_changed_until_it_is_restored(stack: Stack):
    user = await holder(stack)
    await published(stack, user)
    await saved(stack, user, "other")
    assert (await data(stack, user, "POST", "/welcome/archive"))["archived_at"]
    assert_error(await call(stack, user, "POST", "/welcome/publish"), 409, "template_archived")
    body = {"name": "Welcome", "sms": {"en": SMS}}
    assert_error(await call(stack, user, "PUT", "/welcome", body), 409, "template_archived")
    assert [each["key"] for each in await data(stack, user, "GET", "?archived=false")] == ["other"]
    assert [each["key"] for each in await data(stack, user, "GET", "")] == ["other", "welcome"]
    assert (await data(stack, user, "POST", "/welcome/restore"))["archived_at"] is None
    assert (await data(stack, user, "POST", "/welcome/publish"))["version"] == 2


async def test_templates_are_of_one_account(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    await published(stack, user)
    for method, path in [
        ("GET", ""),
        ("POST", "/publish"),
        ("POST", "/archive"),
        ("POST", "/restore"),
        ("GET", "/versions"),
        ("GET", "/versions/1"),
        ("GET", "/diff"),
        ("POST", "/preview"),
        ("POST", "/test/sms"),
    ]:
        body = {"to": ["+14155550123"]} if path == "/test/sms" else None
        assert_error(await call(stack, other, method, f"/welcome{path}", body), 404, "template_not_found")
    await saved(stack, other)  # its own of the same key
    assert (await data(stack, user, "GET", "/welcome"))["version"] == 1


@pytest.mark.parametrize(
    ("body", "code", "place"),
    [
        ({"sms": {"en": {"message": "Hi {{ name"}}}, "invalid_template", "/sms/en/message"),
        ({"sms": {"en": {"message": "{{ name | safe }}"}}}, "invalid_template", "/sms/en/message"),
        ({"sms": {"en": {"message": "{% include 'x' %}"}}}, "invalid_template", "/sms/en/message"),
        ({"email": {"en": {"subject": "{{", "html": "<p>"}}}, "invalid_template", "/email/en/subject"),
        ({"email": {"en": {"subject": "a", "html": "<p><script>x</script>"}}}, "html_refused", "/email/en/html"),
        ({"email": {"en": {"subject": "a", "html": "<p>\n<a onclick='x'>"}}}, "html_refused", "/email/en/html"),
        ({"email": {"en": {"subject": "a", "html": '<a href="java&#9;script:x">'}}}, "html_refused", "/email/en/html"),
        (
            {"email": {"en": {"subject": "a", "mjml": "<mj-include path='/etc/passwd'/>"}}},
            "mjml_include",
            "/email/en/mjml",
        ),
        ({"email": {"en": {"subject": "a", "html": "b", "mjml": "c"}}}, "ambiguous", "/email/en"),
        ({"email": {"en": {"subject": "a"}}}, "missing", "/email/en"),
        ({"whatsapp": {"en": {}}}, "ambiguous", "/whatsapp/en"),
        ({"sms": {"de": SMS}}, "default_language", ""),
        ({"sms": {"english please": SMS}}, "language", "/sms/english please"),
        ({}, "missing", ""),
        ({"sms": {"en": SMS}, "fallbacks": {"a b": "c"}}, "variable", "/fallbacks/a b"),
        ({"sms": {"en": {"message": "x" * 20_001}}}, "string_too_long", "/sms/en/message"),
        ({"email": {"en": {"subject": "a", "html": "x" * 200_001}}}, "string_too_long", "/email/en/html"),
        ({"sms": {"en": SMS, **{f"{a}{b}": SMS for a in "abcde" for b in "fghij"}}}, "too_long", "/sms"),
        (
            {"email": {"en": {"subject": "a", "html": "{{ x | append: 'y' }}" * 1_500}}},
            "invalid_template",
            "/email/en/html",
        ),
    ],
)
async def test_a_template_that_cannot_be_sent_is_refused_with_its_place(stack: Stack, body, code, place):
    user = await holder(stack)
    answer = await call(stack, user, "PUT", "/welcome", {"name": "Welcome", **body})
    assert_error(answer, 422, code, place)


async def test_an_error_in_a_template_says_its_line(stack: Stack):
    user = await holder(stack)
    text = {"message": "one\ntwo {{ name | nothing }}"}
    error = assert_error(
        await call(stack, user, "PUT", "/welcome", {"name": "W", "sms": {"en": text}}),
        422,
        "invalid_template",
        "/sms/en/message",
    )
    assert "'nothing'" in error["message"]
    html = {"subject": "a", "html": "<p>\n\n<iframe>"}
    error = assert_error(
        await call(stack, user, "PUT", "/welcome", {"name": "W", "email": {"en": html}}),
        422,
        "html_refused",
        "/email/en/html",
    )
    assert "line 3" in error["message"]


async def test_mjml_becomes_html_when_it_is_published(stack: Stack):
    user = await holder(stack, "email")
    body = {"email": {"en": {"subject": "Hi", "mjml": MJML, "preheader": "For {{ name }} & you"}}}
    version = await published(stack, user, **body)
    assert version["body"]["email"]["en"]["mjml"] == MJML
    shown = await data(stack, user, "POST", "/welcome/preview", {"version": 1, "variables": {"name": "<Ada>"}})
    html = shown["channels"]["email"]["html"]
    assert "Hi &lt;Ada&gt;" in html
    assert "For &lt;Ada&gt; &amp; you</div>" in html
    assert "<mj-" not in html
    await saved(stack, user, email={"en": {"subject": "Hi", "mjml": "<mjml><mj-body><mj-text>"}})
    assert_error(await call(stack, user, "POST", "/welcome/publish"), 422, "mjml_refused", "/email/en/mjml")
    raw = "<mjml><mj-body><mj-raw><mj-text></mj-text>{{ x | }}</mj-raw></mj-body></mjml>"
    assert (
        await call(stack, user, "PUT", "/welcome", {"name": "W", "email": {"en": {"subject": "a", "mjml": raw}}})
    ).status_code == 422
    deep = "<mjml><mj-body>" + "<mj-section>" * 10_000 + "</mj-section>" * 5_000
    await saved(stack, user, email={"en": {"subject": "Hi", "mjml": deep[:190_000]}})
    assert_error(await call(stack, user, "POST", "/welcome/publish"), 422, "mjml_refused", "/email/en/mjml")


async def test_a_template_that_takes_long_is_answered_in_time(stack: Stack):
    user = await holder(stack)
    heavy = {"message": "{{ (1..100000000) | join: ',' }}"}
    await saved(stack, user, sms={"en": heavy})
    shown = await data(stack, user, "POST", "/welcome/preview")
    (error,) = shown["channels"]["sms"]["errors"]
    assert (error["code"], "too heavy" in error["message"]) == ("template_too_heavy", True)


async def test_tags_that_never_end_do_not_make_a_preview_slow(stack: Stack):
    user = await holder(stack, "email")
    await saved(stack, user, email={"en": {"subject": "a", "html": '<a b="' * 30_000}})
    async with asyncio.timeout(5):
        shown = await data(stack, user, "POST", "/welcome/preview")
    assert shown["channels"]["email"]["links"] == []


async def test_a_preview_says_texts_credits_and_what_is_missing(stack: Stack):
    user = await holder(stack)
    email = {"subject": "Hi {{ name }}", "html": '<p>{{ name }} <a href="http://example.com/{{ id }}">x</a></p>'}
    long = {"message": "ü" * 150 + "{{ name }} ☃"}
    await saved(stack, user, email={"en": email}, sms={"en": long, "de": {"message": "Hallo {{ name }}"}})
    shown = (await data(stack, user, "POST", "/welcome/preview", {"variables": {"name": "Ada"}, "language": "de-AT"}))[
        "channels"
    ]
    assert (shown["sms"]["text"], shown["sms"]["language"], shown["sms"]["segments"]) == ("Hallo Ada", "de", 1)
    assert (shown["email"]["missing"], shown["email"]["errors"][0]["code"]) == (["id"], "missing_field")
    shown = (await data(stack, user, "POST", "/welcome/preview", {"variables": {"name": "Ada", "id": 7}}))["channels"]
    assert (shown["email"]["links"], shown["email"]["credits"]) == (["http://example.com/7"], 1)
    assert "not encrypted" in shown["email"]["warnings"][0]
    assert (shown["sms"]["encoding"], shown["sms"]["segments"], shown["sms"]["credits"]) == ("ucs2", 3, 3)
    assert shown["sms"]["warnings"]


async def test_names_of_variables_cannot_be_options_of_the_message(stack: Stack):
    user = await holder(stack, "email")
    await saved(stack, user, email={"en": EMAIL})
    variables = {"name": "Ada", "message": "own", "cc": ["x@example.com"], "schedule_at": "2027-01-01T00:00:00Z"}
    shown = (await data(stack, user, "POST", "/welcome/preview", {"variables": variables}))["channels"]["email"]
    assert (shown["html"], shown["credits"]) == ("<p>Hi Ada</p>", 1)
