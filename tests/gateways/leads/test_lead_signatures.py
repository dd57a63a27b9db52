"""Signatures of Meta and LinkedIn, and how their addresses are confirmed."""

import hmac
from base64 import urlsafe_b64encode

import orjson
import pytest

from gateways.leads import linkedin_signing
from gateways.meta import signing
from gateways.webhooks.webhook import Post

SECRET = "app-secret"
BODY = '{"object":"page","name":"Zoë 😀"}'.encode()
HOSTILE = [
    "",
    "sha256=",
    "x",
    "\udcff",
    "sha256=" + "0" * 63,
    "é" * 64,
    "0" * 64,
    "sha256=" + "0" * 64,
    "\0",
    "A" * 9999,
]


def _hmac(data, secret=SECRET):
    return hmac.digest(secret.encode(), data, "sha256").hex()


def _post(body=BODY, method="POST", query="", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Post(method, f"https://x.example/hook{query}", named, body, 0.0)


async def test_meta_signs_the_raw_body():
    post = _post(x_hub_signature_256=f"sha256={_hmac(BODY)}")
    assert await signing.is_signed(post, SECRET)
    assert not await signing.is_signed(post, "other")
    assert not await signing.is_signed(_post(BODY + b" ", x_hub_signature_256=f"sha256={_hmac(BODY)}"), SECRET)


async def test_linkedin_signs_the_raw_body_behind_the_name_of_the_scheme():
    post = _post(x_li_signature=_hmac(b"hmacsha256=" + BODY))
    assert await linkedin_signing.is_signed(post, SECRET)
    assert not await linkedin_signing.is_signed(post, "other")
    assert not await linkedin_signing.is_signed(_post(x_li_signature=_hmac(BODY)), SECRET)
    assert not await linkedin_signing.is_signed(_post(x_li_signature="hmacsha256=" + _hmac(BODY)), SECRET)


async def test_post_that_both_may_have_signed_is_hashed_for_each_in_its_own_way():
    headers = {"x_hub_signature_256": f"sha256={_hmac(BODY)}", "x_li_signature": _hmac(b"hmacsha256=" + BODY)}
    post = _post(**headers)
    assert await signing.is_signed(post, SECRET)
    assert await linkedin_signing.is_signed(post, SECRET)


async def test_large_bodies_are_verified_too():
    body = b"x" * 200_000
    assert await signing.is_signed(_post(body, x_hub_signature_256=f"sha256={_hmac(body)}"), SECRET)
    assert await linkedin_signing.is_signed(_post(body, x_li_signature=_hmac(b"hmacsha256=" + body)), SECRET)


@pytest.mark.parametrize("given", HOSTILE)
async def test_hostile_signatures_are_refused(given):
    post = _post(x_hub_signature_256=given, x_li_signature=given)
    assert not await signing.is_signed(post, SECRET)
    assert not await linkedin_signing.is_signed(post, SECRET)


async def test_nothing_but_a_post_is_signed():
    post = _post(method="GET", x_hub_signature_256=f"sha256={_hmac(BODY)}", x_li_signature=_hmac(b"hmacsha256=" + BODY))
    assert not await signing.is_signed(post, SECRET)
    assert not await linkedin_signing.is_signed(post, SECRET)


def test_linkedin_gets_its_challenge_back_signed():
    code = "890e4665-4dfe-4ab1-b689-ed553bceeed0"
    reply = linkedin_signing.challenge_reply(_post(b"", "GET", f"?challengeCode={code}&applicationId=7"), SECRET)
    assert reply.status == 200
    assert orjson.loads(reply.body) == {"challengeCode": code, "challengeResponse": _hmac(code.encode())}


@pytest.mark.parametrize("query", ["", "?challengeCode=", "?challengeCode=%3Cb%3E", "?challengeCode=" + "a" * 101])
def test_linkedin_challenge_that_is_none_is_refused(query):
    assert linkedin_signing.challenge_reply(_post(b"", "GET", query), SECRET).status == 400


def test_meta_gets_its_challenge_back_for_the_verify_token():
    query = "?hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=our-token"
    reply = signing.challenge_reply(_post(b"", "GET", query), "our-token")
    assert (reply.status, reply.body) == (200, b"1158201444")
    assert signing.challenge_reply(_post(b"", "GET", query), "other").status == 403
    assert signing.challenge_reply(_post(b"", "GET", query), None).status == 403


def _signed(said, secret=SECRET, pad=False):
    def encoded(data):
        return urlsafe_b64encode(data).decode().rstrip("=" if not pad else "")

    payload = encoded(said if isinstance(said, bytes) else orjson.dumps(said))
    return f"{encoded(hmac.digest(secret.encode(), payload.encode(), 'sha256'))}.{payload}"


SAID = {"algorithm": "HMAC-SHA256", "issued_at": 1_800_000_000, "user_id": "218471"}


@pytest.mark.parametrize("pad", [False, True])
def test_signed_request_is_read(pad):
    assert signing.signed_request(_signed(SAID, pad=pad), SECRET) == SAID


@pytest.mark.parametrize(
    "text",
    [
        _signed(SAID, "other"),
        _signed(SAID)[1:],
        _signed(SAID) + "A",
        _signed(SAID | {"algorithm": "none"}),
        _signed(SAID | {"algorithm": None}),
        _signed({"user_id": "1"}),
        _signed([SAID]),
        _signed(b"\xff\xfe"),
        _signed(b'{"algorithm":'),
        _signed(b"[" * 5000),
        "." + _signed(SAID).partition(".")[2],
        "A" * 43 + ".",
        "A" * 43 + ".A",
        "é" * 43 + ".AAAA",
        "A" * 100_000,
        "\0",
        ".",
        "",
        *HOSTILE,
    ],
)
def test_signed_request_that_meta_did_not_sign_is_none(text):
    assert signing.signed_request(text, SECRET) is None
