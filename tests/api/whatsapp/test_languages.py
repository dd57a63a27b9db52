"""A template in the base language, where the request allows it and Meta has not approved the asked one."""

from typing import Any

import pytest

from domain.whatsapp.templates import base_language
from tests.api.answers import assert_error
from tests.api.whatsapp.fake_meta import WABA
from tests.api.whatsapp.test_reply_window import Way, new_number, open_way, read_templates
from tests.stack import Stack


def of_meta(name: str, language: str, status: str = "APPROVED", text: str = "Oi") -> dict[str, Any]:
    body = {"type": "BODY", "text": text}
    return {
        "id": f"{name}{language}",
        "name": name,
        "language": language,
        "status": status,
        "category": "UTILITY",
        "components": [body],
    }


KNOWN = [
    of_meta("both", "pt_BR"),
    of_meta("both", "pt"),
    of_meta("base", "pt"),
    of_meta("base", "pt_BR", "PAUSED"),
    of_meta("other", "pt_PT"),
    of_meta("longer", "pt", text="Oi {{1}}"),
]


def asked(name: str, language: Any = "pt_BR", **more: Any) -> dict[str, Any]:
    return {"name": name, "language": language, "language_fallback": True} | more


async def language_sent(way: Way, **contact: Any) -> str:
    number = new_number()
    answered = await way.stack.send(way.user, "whatsapp", {"number": number, **contact})
    assert answered.status_code == 200, answered.text
    assert (await way.final(answered.json()["data"][0]["uid"]))["state"] == "sent"
    (template,) = (body["template"] for body in way.meta.sent if body["to"] == number[1:])
    assert template.keys() == {"name", "language", "components"}
    return template["language"]["code"]


async def test_the_base_language_is_used_only_where_the_asked_one_is_not_approved(stack: Stack):
    async with open_way(stack, business_account_id=WABA) as way:
        way.meta.templates = KNOWN
        await read_templates(stack)
        assert await language_sent(way, template=asked("both")) == "pt_BR"
        assert await language_sent(way, template=asked("base")) == "pt"
        assert await language_sent(way, template=asked("base", {"code": "pt_BR"})) == "pt"
        assert await language_sent(way, message="Oi", template_if_closed=asked("base")) == "pt"


async def test_the_language_is_chosen_when_the_message_leaves(stack: Stack):
    async with open_way(stack, business_account_id=WABA) as way:
        way.meta.templates = KNOWN
        await read_templates(stack)
        gateway = f"/api/gateways/{way.id}"
        await stack.http.post(f"{gateway}/pause", headers=way.user.headers)
        number = new_number()
        answered = await stack.send(way.user, "whatsapp", {"number": number, "template": asked("both")})
        way.meta.templates = [one | {"status": "PAUSED"} if one["language"] == "pt_BR" else one for one in KNOWN]
        await stack.http.post("/api/whatsapp/templates/sync", headers=way.user.headers)
        await read_templates(stack)
        await stack.http.post(f"{gateway}/resume", headers=way.user.headers)
        assert (await way.final(answered.json()["data"][0]["uid"]))["state"] == "sent"
        assert [body["template"]["language"]["code"] for body in way.meta.sent] == ["pt"]


@pytest.mark.parametrize(
    ("template", "code", "place"),
    [
        (asked("base", language_fallback=False), "provider_template_not_approved", "name"),
        (asked("other"), "provider_template_language", "language"),
        (asked("other", "de"), "provider_template_language", "language"),
        (asked("longer"), "provider_template_parameters", "components"),
    ],
)
async def test_what_does_not_fit_the_base_language_is_refused(stack: Stack, template: Any, code: str, place: str):
    async with open_way(stack, business_account_id=WABA) as way:
        way.meta.templates = KNOWN
        await read_templates(stack)
        refused = await stack.send(way.user, "whatsapp", {"number": new_number(), "template": template})
        assert_error(refused, 422, code, f"/contact/0/template/{place}")


async def test_where_nothing_was_read_the_asked_language_goes(stack: Stack):
    async with open_way(stack) as way:
        assert await language_sent(way, template=asked("base")) == "pt_BR"


@pytest.mark.parametrize(
    ("language", "approved", "base"),
    [
        ("pt_BR", {"pt"}, "pt"),
        ("pt_BR", {"pt", "pt_BR"}, None),
        ("zh_Hant_HK", {"zh"}, "zh"),
        ("pt-BR", {"pt"}, "pt"),
        ("pt", {"pt_BR"}, None),
        ("pt", set(), None),
        ("", {"pt"}, None),
        ("_", {""}, None),
    ],
)
def test_the_base_of_a_language(language: str, approved: set[str], base: str | None):
    assert (base_language(language, approved) or None) == base
