"""Meta's Cloud API: what is sent, and what each answer means. Its webhook is in test_gateway_whatsapp_cloud_webhook."""

import json

import pytest
from whatsapp import exchange

from domain.channels import Channel
from domain.messages.outcomes import Accepted, GatewayDown, Refused, RetryLater
from gateways.conformance.fake_provider import answer

TAKEN = answer(
    200, b'{"messaging_product":"whatsapp","contacts":[{"input":"1","wa_id":"1"}],"messages":[{"id":"wamid.X"}]}'
)


@pytest.fixture
def send(outside, make):
    async def send(reply=TAKEN, config=None, **fields):
        message = make(**{"channel": Channel.WHATSAPP, "to": "+15551234567"} | fields)
        return await exchange(outside, "whatsapp_cloud", reply, message, config)

    return send


async def test_text(send, make):
    uid = make().uid
    got, request = await send(config={"app_secret": "s"}, uid=uid)
    assert got == Accepted("wamid.X", receipts=True)
    assert (request.method, request.target) == ("POST", "/v23.0/1555/messages")
    assert request.headers["authorization"] == "Bearer EAAG"
    assert json.loads(request.body) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "15551234567",
        "biz_opaque_callback_data": str(uid),
        "type": "text",
        "text": {"preview_url": False, "body": "hello"},
    }


@pytest.mark.parametrize(
    ("wa_id", "told"),
    [('"558299448232"', "+558299448232"), ('"5582999448232"', None), ('"1"', None), ("7", None), ('"x"', None)],
)
async def test_another_number_than_was_dialled_is_told(send, wa_id, told):
    taken = f'{{"contacts":[{{"input":"+5582999448232","wa_id":{wa_id}}}],"messages":[{{"id":"wamid.X"}}]}}'
    got, _ = await send(answer(200, taken.encode()), to="+5582999448232")
    assert got == Accepted("wamid.X", receipts=False, recipient_id=told)


async def test_an_answer_names_the_message_that_it_answers(send):
    _, request = await send(answers="wamid.Y")
    assert json.loads(request.body)["context"] == {"message_id": "wamid.Y"}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("image", {"caption": "hello"}),
        ("audio", {}),
        ("video", {"caption": "hello"}),
        ("document", {"caption": "hello", "filename": "f.pdf"}),
    ],
)
async def test_media_by_link(send, kind, more):
    _, request = await send(media_type=kind, media_url="https://e.com/f.pdf")
    sent = json.loads(request.body)
    assert (sent["type"], sent[kind]) == (kind, {"link": "https://e.com/f.pdf"} | more)


async def test_media_by_id(send):
    _, request = await send(media_type="document", media_url="1013859600285441", body="")
    assert json.loads(request.body)["document"] == {"id": "1013859600285441"}


@pytest.mark.parametrize("language", ["en_US", {"code": "en_US"}])
async def test_template(send, language):
    components = [
        {"type": "header", "parameters": [{"type": "image", "image": {"link": "https://e.com/a.png"}}]},
        {"type": "body", "parameters": [{"type": "text", "text": "Ann"}]},
        {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "a1"}]},
    ]
    template = {"name": "hello", "language": language, "components": components}
    _, request = await send(template=template)
    sent = json.loads(request.body)
    assert (sent["type"], sent["template"]) == ("template", template | {"language": {"code": "en_US"}})


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"language": {}}, "language"),
        ({"language": None}, "language"),
        ({"components": ["x"]}, "components/0"),
        ({"components": [{"type": "body"}, {}]}, "components/1"),
        ({"components": [{"type": "button", "sub_type": "url"}]}, "components/0"),
        ({"components": [{"type": "body", "parameters": {}}]}, "components/0"),
        ({"components": [{"type": "body", "parameters": ["Ann"]}]}, "components/0"),
    ],
)
async def test_a_template_that_meta_would_refuse_is_refused_unsent(send, change, place):
    got, request = await send(template={"name": "t", "language": "en", "components": []} | change)
    assert (got.code, got.reason.partition(":")[0], request) == ("invalid_template", place, None)


@pytest.mark.parametrize("state", ["accepted", "held_for_quality_assessment", "paused"])
async def test_a_message_that_meta_holds_back_was_taken(send, state):
    taken = json.dumps({"messages": [{"id": "wamid.X", "message_status": state}]}).encode()
    got, _ = await send(answer(200, taken))
    assert got == Accepted("wamid.X")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        *[(code, RetryLater(None, "words: more")) for code in (4, 80007, 130429, 131048, 133016, 131064)],
        *[(code, RetryLater(None, "words: more")) for code in (131000, 131016)],
        (131056, RetryLater(6.0, "words: more")),
        *[
            (code, GatewayDown("words: more"))
            for code in (0, 3, 10, 190, 200, 299, 368, 131005, 131031, 131042, 131057)
        ],
        *[(code, Refused(f"meta_{code}", "words: more")) for code in (100, 131026, 131051, 131052, 131008, 130472)],
        *[(code, Refused(f"meta_{code}", "words: more")) for code in (132000, 132001, 132005, 132007, 132015)],
    ],
)
async def test_codes(send, code, expected):
    error = {"message": "words", "type": "OAuthException", "code": code, "error_data": {"details": "more"}}
    got, _ = await send(answer(400, json.dumps({"error": error}).encode()))
    assert got == expected


@pytest.mark.parametrize(
    ("code", "word", "advice"),
    [
        (131047, "outside_window", "send a template"),
        (131049, "meta_131049", "wait at least a day"),
        (131050, "marketing_opted_out", "stopped marketing"),
        (130497, "meta_130497", "country"),
    ],
)
async def test_a_refusal_says_what_to_do(send, code, word, advice):
    got, _ = await send(answer(400, json.dumps({"error": {"message": "words", "code": code}}).encode()))
    assert isinstance(got, Refused)
    assert got.code == word
    assert got.reason.startswith("words: ")
    assert advice in got.reason


async def test_a_number_that_is_gone_is_no_fault_of_the_message(send):
    error = {"message": "Unsupported post request", "code": 100, "error_subcode": 33}
    got, _ = await send(answer(400, json.dumps({"error": error}).encode()))
    assert got == GatewayDown("Unsupported post request")


async def test_throttled_until_meta_says(send):
    got, _ = await send(answer(400, b'{"error":{"code":130429,"message":"slow"}}', Retry_After="40"))
    assert got == RetryLater(40.0, "slow")


async def test_an_error_in_a_success_is_an_error(send):
    got, _ = await send(answer(200, b'{"error":{"code":131026,"message":"no"}}'))
    assert got == Refused("meta_131026", "no")
