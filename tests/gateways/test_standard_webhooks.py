"""Standard Webhooks: published vectors, and what must not pass for a signature."""

from base64 import b64encode
from dataclasses import replace

import pytest
from posts import post

from gateways.webhooks.standard_webhooks import key_of, sign, verify

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_ESwTAuuIe3yfH4DgdgI+ENsiNzPAGdp+"
ID, STAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def is_signed(request, secret):
    return verify(secret, request.headers, request.body, request.now)


def signed(signature=SIGNATURE, *, prefix="webhook", message_id=ID, stamp=STAMP, body=BODY, now=STAMP + 10.0):
    headers = {f"{prefix}-id": message_id, f"{prefix}-timestamp": str(stamp), f"{prefix}-signature": signature}
    return post(body, headers, now=now)


def test_the_published_vector_is_what_we_sign():
    assert sign(SECRET, ID, STAMP, BODY) == SIGNATURE
    assert sign(SECRET.removeprefix("whsec_"), ID, STAMP, BODY) == SIGNATURE


@pytest.mark.parametrize("prefix", ["webhook", "svix"])
def test_the_published_vector_verifies_and_no_other_byte_does(prefix):
    genuine = signed(prefix=prefix)
    assert is_signed(genuine, SECRET)
    for place in range(len(BODY)):
        forged = bytearray(BODY)
        forged[place] ^= 1
        assert not is_signed(replace(genuine, body=bytes(forged)), SECRET)


@pytest.mark.parametrize(
    "signatures",
    [f"{SIGNATURE} v1,AAAA", f"v1,AAAA {SIGNATURE}", f"v1a,AAAA {sign(OTHER, ID, STAMP, BODY)} {SIGNATURE}"],
)
def test_one_fitting_signature_of_several_is_enough(signatures):
    assert is_signed(signed(signatures), SECRET)


@pytest.mark.parametrize(
    "forged",
    [
        signed(""),
        signed(SIGNATURE.removeprefix("v1,")),
        signed(SIGNATURE.replace("v1,", "v2,")),
        signed(sign(OTHER, ID, STAMP, BODY)),
        signed("v1,ünfit"),
        signed(message_id="msg_other"),
        signed(stamp=STAMP + 1),
        signed(stamp="soon"),
        signed(stamp="nan"),
        signed(now=STAMP + 301.0),
        signed(now=STAMP - 301.0),
        post(BODY, now=STAMP + 10.0),
    ],
)
def test_what_is_not_signed_or_not_fresh_is_refused(forged):
    assert not is_signed(forged, SECRET)


def test_headers_of_both_spellings_are_not_mixed():
    forged = signed(prefix="svix")
    assert not is_signed(replace(forged, headers={**forged.headers, "webhook-id": ID}), SECRET)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_AAAA", "whsec_not base64", "whsec_ä"])
def test_what_is_no_secret_is_refused(secret):
    with pytest.raises(ValueError, match=r"is not a signing secret|must hold"):
        key_of(secret)


@pytest.mark.parametrize("length", [24, 25, 26, 32])
def test_a_secret_may_come_without_its_padding(length):
    key = bytes(range(length))
    secret = "whsec_" + b64encode(key).decode().rstrip("=")
    assert key_of(secret) == key
