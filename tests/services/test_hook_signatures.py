"""Signatures of posts to hooks: of every making, at the edges of their time, and with hostile headers."""

import pytest

from domain.automations.hooks.schemes import OF_PROVIDERS, Bearer, Hmac, StandardWebhooks, scheme_of
from services.automations.hooks.verifying import why_refused
from tests.api.automations.hooks import mac, signed

BODY = b'{"email": "ada@example.com"}'
SECRET = "a-secret-of-the-provider"
WHSEC = "whsec_QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
NOW = 1_790_000_000.0
STYLES = (*OF_PROVIDERS, "bearer", "standard_webhooks")


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def why(style: str, headers: dict[str, str], secrets: list[str] | None = None, now: float = NOW) -> str | None:
    scheme = scheme_of({"style": style})
    assert scheme is not None
    return why_refused(scheme, [secret_of(style)] if secrets is None else secrets, lower(headers), BODY, now)


def secret_of(style: str) -> str:
    return WHSEC if style == "standard_webhooks" else SECRET


@pytest.mark.parametrize("style", STYLES)
def test_what_a_sender_signs_is_accepted(style: str):
    assert why(style, signed(style, secret_of(style), BODY, NOW)) is None


@pytest.mark.parametrize("style", STYLES)
def test_either_secret_counts_while_they_overlap(style: str):
    other = WHSEC.replace("QUFB", "QkJC") if style == "standard_webhooks" else "another-secret"
    headers = signed(style, secret_of(style), BODY, NOW)
    assert why(style, headers, [other, secret_of(style)]) is None
    assert why(style, headers, [other]) == "signature_wrong"
    assert why(style, headers, []) == "secret_missing"
    assert why(style, {}) == "signature_missing"


@pytest.mark.parametrize("style", ["stripe", "calendly", "standard_webhooks"])
@pytest.mark.parametrize(
    ("seconds", "expected"), [(-301, "time_differs"), (-300, None), (300, None), (301, "time_differs")]
)
def test_clocks_may_differ_by_five_minutes(style: str, seconds: int, expected: str | None):
    assert why(style, signed(style, secret_of(style), BODY, NOW + seconds)) == expected


@pytest.mark.parametrize("algorithm", ["sha256", "sha1", "sha512"])
@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("prefix", ["", "v="])
def test_a_signature_of_ones_own_making(algorithm, encoding, prefix):
    scheme = Hmac("x-sig", algorithm, encoding, prefix)
    right = mac(SECRET, BODY, algorithm, encoding)

    def check(given: str) -> str | None:
        return why_refused(scheme, [SECRET], {"x-sig": given}, BODY, NOW)

    assert check(prefix + right) is None
    for wrong in (f"w={right}", prefix + right[:-1], prefix + right + "0", f"{prefix}é", f"{prefix}\udcff", " "):
        assert check(wrong) == "signature_wrong", wrong


def test_a_time_beside_the_signature_is_signed_too():
    scheme = Hmac("x-sig", timestamp_header="x-time", tolerance=60)

    def check(at: float, stamp: str | None = None) -> str | None:
        signature = mac(SECRET, f"{int(at)}.".encode() + BODY, encoding="hex").upper()
        headers = {"x-sig": signature, "x-time": stamp if stamp is not None else str(int(at))}
        return why_refused(scheme, [SECRET], headers, BODY, NOW)

    assert check(NOW - 60) is None
    assert check(NOW - 61) == check(NOW + 61) == "time_differs"
    assert check(NOW, str(int(NOW) + 1)) == "signature_wrong"
    assert {check(NOW, stamp) for stamp in ("nan", "", "inf", "1e9", "-1", "９" * 9, "9" * 5000)} == {"time_missing"}


HOSTILE = [
    "t=,v1=",
    "t=1",
    "v1=" + "a" * 64,
    f"t={int(NOW)}",
    f"t={int(NOW)},v1=é",
    "," * 60_000,
    "t" * 60_000,
    f"t={int(NOW)}," + "v1=a," * 10_000,
    "=" * 60_000,
    " v1 " * 10_000,
]


@pytest.mark.parametrize("header", HOSTILE)
def test_hostile_headers_are_refused(header: str):
    for scheme in (*OF_PROVIDERS.values(), Bearer(), StandardWebhooks()):
        name = getattr(scheme, "header", "authorization")
        headers = {name: header, "webhook-id": header, "webhook-timestamp": header, "webhook-signature": header}
        secret = WHSEC if isinstance(scheme, StandardWebhooks) else SECRET
        assert why_refused(scheme, [secret], headers, BODY, NOW) is not None
