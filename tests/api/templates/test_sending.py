"""Send requests that name a template."""

import orjson
import pytest

from tests.api.answers import assert_error, count_messages, deliveries
from tests.api.batches import ended
from tests.api.templates.helpers import EMAIL, SMS, call, data, holder, published, saved, send
from tests.stack import Stack, User

ADA = {"number": "+14155550123", "name": "Ada"}
BOB = {"number": "+14155550124", "name": "Bob"}


async def texts(stack: Stack, user: User, answer, channel: str = "sms") -> list:
    assert answer.status_code == 200, answer.text
    found = []
    for item in answer.json()["data"]:
        await stack.final(user, channel, item["uid"])
        found += await deliveries(stack, item["uid"])
    return found


async def test_one_contact_gets_a_template_and_its_status_says_which(stack: Stack):
    user = await holder(stack)
    await published(stack, user)
    answer = await send(stack, user, ADA, template="welcome")
    (sent,) = await texts(stack, user, answer)
    assert sent["body"] == "Hi Ada"
    final = await stack.final(user, "sms", answer.json()["data"][0]["uid"])
    assert final["template"] == {"key": "welcome", "version": 1}
    plain = await send(stack, user, {"number": "+14155550123", "body": "Hi"})
    assert "template" not in await stack.final(user, "sms", plain.json()["data"][0]["uid"])


async def test_a_new_version_is_sent_from_the_next_request_on_and_an_old_one_can_be_named(stack: Stack):
    user = await holder(stack)
    await published(stack, user)
    await texts(stack, user, await send(stack, user, ADA, template="welcome"))
    await published(stack, user, sms={"en": {"message": "Hello {{ name }}"}})
    answers = [
        await send(stack, user, ADA, BOB, template="welcome"),
        await send(stack, user, ADA, template="welcome", template_version=1),
    ]
    bodies = [[sent["body"] for sent in await texts(stack, user, answer)] for answer in answers]
    assert bodies == [["Hello Ada", "Hello Bob"], ["Hi Ada"]]
    for answer, version in zip(answers, (2, 1), strict=True):
        final = await stack.final(user, "sms", answer.json()["data"][-1]["uid"])
        assert final["template"] == {"key": "welcome", "version": version}


async def test_an_email_has_subject_html_text_and_only_the_html_is_escaped(stack: Stack):
    user = await holder(stack, "email")
    await published(stack, user, email={"en": EMAIL | {"text": "Hi {{ name }}"}})
    contact = {"email": "ada@example.com", "name": "<Ada>"}
    (sent,) = await texts(stack, user, await send(stack, user, contact, channel="email", template="welcome"), "email")
    assert (sent["subject"], sent["html"], sent["body"]) == ("Hi <Ada>", "<p>Hi &lt;Ada&gt;</p>", "Hi <Ada>")
    await published(stack, user, "plain", email={"en": {"subject": "Hi", "text": "Only {{ name }}"}})
    (sent,) = await texts(stack, user, await send(stack, user, contact, channel="email", template="plain"), "email")
    assert (sent.get("html"), sent["body"]) == (None, "Only <Ada>")


async def test_whatsapp_gets_a_text_or_the_providers_template_with_parameters(stack: Stack):
    user = await holder(stack, "whatsapp")
    named = {
        "name": "order",
        "language": "de",
        "category": "utility",
        "components": [{"type": "body", "parameters": [{"type": "text", "text": "{{ name }}, {{ id | default: 1 }}"}]}],
    }
    await published(stack, user, whatsapp={"en": {"text": "Hi {{ name }}"}, "de": {"template": named}})
    contacts = [ADA, BOB | {"language": "de"}]
    one, two = await texts(
        stack, user, await send(stack, user, *contacts, channel="whatsapp", template="welcome"), "whatsapp"
    )
    assert one["body"] == "Hi Ada"
    assert two["template"]["components"][0]["parameters"][0]["text"] == "Bob, 1"
    assert_error(
        await send(stack, user, {"number": "+14155550123", "language": "de"}, channel="whatsapp", template="welcome"),
        422,
        "missing_field",
        "/contact/0/name",
    )


async def test_languages_fall_back_from_exact_over_the_language_to_the_default(stack: Stack):
    user = await holder(stack)
    spoken = {"en": "en", "pt": "pt", "pt-BR": "br"}
    await published(
        stack, user, sms={language: {"message": f"{text} {{{{ name }}}}"} for language, text in spoken.items()}
    )
    contacts = [ADA | {"language": one} for one in ("pt-BR", "pt_br", "pt-PT", "fr", "")] + [ADA]
    answer = await send(stack, user, *contacts, template="welcome", language="pt")
    assert [sent["body"][:2] for sent in await texts(stack, user, answer)] == ["br", "br", "pt", "en", "pt", "pt"]
    assert "unknown_fields" not in answer.text


async def test_the_policy_for_missing_variables(stack: Stack):
    user = await holder(stack)
    nobody = {"number": "+14155550125", "name": " "}
    text = {"message": "Hi {{ name }}{{ order.city }}!"}
    await published(stack, user, sms={"en": text})
    assert_error(
        await send(stack, user, ADA, nobody, template="welcome"),
        422,
        "missing_field",
        "/contact/0/order.city".replace(".", "/"),
        "/contact/1/name",
    )
    await published(stack, user, sms={"en": text}, missing="empty", fallbacks={"order.city": " from home"})
    answer = await send(stack, user, ADA, nobody, template="welcome")
    assert [sent["body"] for sent in await texts(stack, user, answer)] == ["Hi Ada from home!", "Hi   from home!"]
    await published(stack, user, sms={"en": text}, missing="skip", fallbacks={"order.city": "."})
    answer = await send(stack, user, nobody, ADA, nobody | {"name": ""}, template="welcome")
    (item,) = answer.json()["data"]
    assert item["to"] == "+14155550123"
    (warning,) = answer.json()["warnings"]
    assert (warning["kind"], warning["count"]) == ("skipped", 2)
    assert [one["pointer"] for one in warning["contacts"]] == ["/contact/0/name", "/contact/2/name"]
    await texts(stack, user, answer)
    before = await count_messages(stack, user)
    assert_error(await send(stack, user, nobody, template="welcome"), 422, "missing_field", "/contact/0/name")
    assert await count_messages(stack, user) == before


async def test_skipped_contacts_and_duplicates_keep_their_places(stack: Stack):
    user = await holder(stack)
    await published(stack, user, missing="skip", sms={"en": SMS})
    nobody = {"number": "+14155550125"}
    for mode, indexes in (("send", [2]), ("skip", [2])):
        answer = (await send(stack, user, nobody, ADA, ADA, BOB, template="welcome", duplicates=mode)).json()
        duplicates, skipped = answer["warnings"]
        assert (duplicates["indexes"], skipped["count"]) == (indexes, 1)
    gone = BOB | {"gateway_identifier": "none"}
    answer = await send(stack, user, nobody, ADA, ADA, gone, template="welcome", duplicates="skip")
    assert_error(answer, 404, "gateway_not_found", "/contact/3/gateway_identifier")


@pytest.mark.parametrize(
    ("wide", "code", "place"),
    [
        ({"template": "nothing"}, "template_unknown", "/template"),
        ({"template": "draft"}, "template_not_published", "/template"),
        ({"template": "gone"}, "template_archived", "/template"),
        ({"template": "mail"}, "template_channel", "/template"),
        ({"template": "welcome", "template_version": 9}, "template_version", "/template_version"),
        ({"template": "welcome", "template_version": 2**40}, "template_version", "/template_version"),
        ({"template": "welcome", "template_version": "1"}, "int_type", "/template_version"),
        ({"template": "welcome", "message": "Hi"}, "ambiguous", "/message"),
        ({"template": 5}, "string_type", "/template"),
    ],
)
async def test_what_cannot_be_sent_is_refused(stack: Stack, wide, code, place):
    user = await holder(stack)
    await published(stack, user)
    await saved(stack, user, "draft")
    await published(stack, user, "mail", email={"en": EMAIL})
    await published(stack, user, "gone")
    await data(stack, user, "POST", "/gone/archive")
    assert_error(await send(stack, user, ADA, **wide), 422, code, place)


async def test_a_template_of_another_account_is_unknown(stack: Stack):
    user, other = await holder(stack), await holder(stack)
    await published(stack, user)
    assert_error(await send(stack, other, ADA, template="welcome"), 422, "template_unknown", "/template")


async def test_requests_without_a_template_are_answered_as_before(stack: Stack):
    user = await holder(stack, "whatsapp")
    odd = {"language": 5, "template_version": "x", "template": {"name": "order"}}
    answer = await send(stack, user, ADA | {"message": "Hi"}, channel="whatsapp", **odd)
    (warning,) = answer.json()["warnings"]
    assert {field["pointer"]: field["message"] for field in warning["fields"]} == {
        "/language": "nothing reads it",
        "/template_version": "nothing reads it",
        "/template": "it belongs to each contact",
        "/contact/0/name": "nothing reads it",
    }
    answer = await send(stack, user, {"number": "+14155550123", "message": "Hi", "language": "de"}, channel="whatsapp")
    (warning,) = answer.json()["warnings"]
    assert warning["fields"] == [{"pointer": "/contact/0/language", "nearest": None, "message": "nothing reads it"}]


async def test_a_batch_is_made_from_a_template(stack: Stack):
    user = await holder(stack)
    await published(stack, user, missing="skip", sms={"en": SMS})
    contacts = [{"number": f"+1415555{n:04}", "name": f"N{n}"} for n in range(100, 701)]
    answer = await send(stack, user, *contacts, {"number": "+14155550099"}, template="welcome")
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (len(body["data"]), body["warnings"][0]["kind"]) == (601, "skipped")
    await ended(stack, user, body["batch"])
    last = body["data"][-1]["uid"]
    assert [sent["body"] for sent in await deliveries(stack, last)] == ["Hi N700"]
    assert (await stack.final(user, "sms", last))["template"] == {"key": "welcome", "version": 1}


async def test_a_template_with_loops_is_filled_apart_from_other_requests(stack: Stack):
    user = await holder(stack)
    loop = "{% for item in items %}{{ item }},{% endfor %}"
    await published(stack, user, sms={"en": {"message": loop}}, email={"en": {"subject": "a", "html": loop}})
    (sent,) = await texts(stack, user, await send(stack, user, ADA | {"items": [1, 2]}, template="welcome"))
    assert sent["body"] == "1,2,"
    heavy = "{% for a in (1..900) %}{% for b in (1..900) %}{{ b }}{% endfor %}{% endfor %}"
    await published(stack, user, sms={"en": {"message": heavy}})
    assert_error(await send(stack, user, ADA, template="welcome"), 422, "template_too_heavy", "/template")


async def test_a_test_send_is_marked_and_goes_to_who_is_named(stack: Stack):
    user = await holder(stack, "email", "sms")
    await saved(stack, user, email={"en": EMAIL}, sms={"en": SMS})
    body = {"to": ["ada@example.com", "bob@example.com"], "variables": {"name": "Ada"}}
    answer = await call(stack, user, "POST", "/welcome/test/email", body)
    sent = await texts(stack, user, answer, "email")
    assert [(one["to"], one["subject"]) for one in sent] == [(to, "[Test] Hi Ada") for to in body["to"]]
    answer = await call(
        stack, user, "POST", "/welcome/test/sms", {"to": ["+14155550123"], "variables": {"name": "Ada"}}
    )
    assert [one["body"] for one in await texts(stack, user, answer)] == ["Hi Ada"]
    missing = await call(stack, user, "POST", "/welcome/test/whatsapp", {"to": ["+14155550123"]})
    assert_error(missing, 422, "template_channel", "/template")
    assert orjson.loads(answer.content)["data"][0]["credits"] == 1
