"""How posts to a hook are signed: four ways, and names for those of providers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

TOLERANCE = 300
"""Seconds that a signed time may be from ours, either way."""


@dataclass(frozen=True, slots=True)
class Hmac:
    """A header has the HMAC of the body."""

    header: str
    algorithm: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    prefix: str = ""
    """Before the signature, such as ``sha256=``."""
    timestamp_header: str | None = None
    """Has Unix seconds; what is signed is these, a dot and the body."""
    tolerance: int = TOLERANCE


@dataclass(frozen=True, slots=True)
class TimedHmac:
    """A header has ``t=…,v1=…``: Unix seconds, and the hexadecimal HMAC (SHA-256) of these, a dot and the body."""

    header: str
    tolerance: int = TOLERANCE


@dataclass(frozen=True, slots=True)
class Bearer:
    """``Authorization: Bearer`` has the secret."""


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` (standardwebhooks.com)."""


Scheme = Hmac | TimedHmac | Bearer | StandardWebhooks

OF_PROVIDERS: Mapping[str, Scheme] = {
    "shopify": Hmac("x-shopify-hmac-sha256", encoding="base64"),
    "woocommerce": Hmac("x-wc-webhook-signature", encoding="base64"),
    "typeform": Hmac("typeform-signature", encoding="base64", prefix="sha256="),
    "stripe": TimedHmac("stripe-signature"),
    "calendly": TimedHmac("calendly-webhook-signature"),
}
"""By the name of their style."""

GIVEN_BY_PROVIDER = ("shopify", "stripe")
"""Styles whose secret the provider makes: until it is set, posts are refused."""


def scheme_of(auth: Mapping[str, Any] | None) -> Scheme | None:
    """What a hook's ``auth`` says; ``None``: posts are not signed."""
    style, more = (auth or {}).get("style", "none"), {k: v for k, v in (auth or {}).items() if k != "style"}
    match style:
        case "none":
            return None
        case "hmac":
            return Hmac(**more)
        case "bearer":
            return Bearer()
        case "standard_webhooks":
            return StandardWebhooks()
    return OF_PROVIDERS[style]
