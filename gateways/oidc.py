"""OpenID Connect: what is asked of a provider of identities, and how its token is verified.

Core 1.0 §3.1 (authorization code), Discovery 1.0 §4, RFC 7636 (PKCE).
"""

import base64
import hmac
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx
import orjson

from gateways.net.http import HttpClient, UnfitHeader, call
from gateways.net.http_answer import Answer

SECONDS = 10.0
"""For each answer of the provider."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Of signatures with a private key. Without ``none``, and without those whose key we would know, too."""
LEEWAY = 60
"""Seconds by which clocks may differ."""
_DISCOVERY = "/.well-known/openid-configuration"


class ProviderAway(Exception):
    """The provider does not answer, or not as one does."""


class TokenRefused(Exception):
    """The provider refused the code, or its token cannot be believed."""


@dataclass(frozen=True, slots=True)
class Provider:
    """Where a provider is asked for what."""

    issuer: str
    authorization: str
    token: str
    keys: str


@dataclass(frozen=True, slots=True)
class Client:
    """Who we are at the provider."""

    id: str
    secret: str = field(repr=False)
    redirect_uri: str


def challenge(verifier: str) -> str:
    """What is told of a verifier before it is shown (PKCE)."""
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


async def discover(http: HttpClient, issuer: str) -> Provider:
    """Where the provider is asked for what.

    Raises:
        ProviderAway: it does not answer, or speaks for another issuer.
    """
    found = await _get(http, issuer.rstrip("/") + _DISCOVERY)
    if found.get("issuer") != issuer:
        raise ProviderAway("it calls itself by another issuer")
    plain = urlsplit(issuer).scheme == "http"
    addresses = [found.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
    if not all(isinstance(one, str) and _is_address(one, plain=plain) for one in addresses):
        raise ProviderAway("its configuration lacks an address, or has one without https")
    return Provider(issuer, *map(str, addresses))


def authorization_url(provider: Provider, client: Client, state: str, nonce: str, verifier: str) -> str:
    """Where the browser is sent to."""
    query = {
        "response_type": "code",
        "client_id": client.id,
        "redirect_uri": client.redirect_uri,
        "scope": "openid email profile",
        "state": state,
        "nonce": nonce,
        "code_challenge": challenge(verifier),
        "code_challenge_method": "S256",
    }
    return f"{provider.authorization}{'&' if '?' in provider.authorization else '?'}{urlencode(query)}"


async def exchange(http: HttpClient, provider: Provider, client: Client, code: str, verifier: str) -> str:
    """The token for a code.

    Raises:
        ProviderAway: it does not answer.
        TokenRefused: it refuses the code, or answers without a token.
    """
    answer = await _ask_for_token(http, provider, client, code, verifier)
    if answer.status != 200:
        raise TokenRefused(f"the provider refused the code (status {answer.status})")
    token = _object(answer).get("id_token")
    if not isinstance(token, str):
        raise TokenRefused("the provider answered without a token")
    return token


async def knows_client(http: HttpClient, provider: Provider, client: Client) -> bool | None:
    """Whether the provider accepts the client's id and secret; ``None``: its answer does not tell.

    It is asked for the token of a code that nobody has: it looks at the client before the code (RFC 6749 §5.2).

    Raises:
        ProviderAway: it does not answer.
    """
    answer = await _ask_for_token(http, provider, client, secrets.token_urlsafe(32), secrets.token_urlsafe(32))
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    error = found.get("error") if isinstance(found, dict) else None
    if error == "invalid_client" or answer.status == 401:
        return False
    return True if error == "invalid_grant" else None


async def _ask_for_token(http: HttpClient, provider: Provider, client: Client, code: str, verifier: str) -> Answer:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": client.redirect_uri,
        "code_verifier": verifier,
    }
    basic = base64.b64encode(f"{quote(client.id, safe='')}:{quote(client.secret, safe='')}".encode()).decode()
    headers = {"content-type": "application/x-www-form-urlencoded", "authorization": f"Basic {basic}"}
    return await _ask(http, "POST", provider.token, headers, urlencode(form).encode())


async def fetch_keys(http: HttpClient, provider: Provider) -> list[Any]:
    """The provider's public keys, read anew for each log-in: it may have replaced them.

    Raises:
        ProviderAway: it does not answer.
    """
    keys = (await _get(http, provider.keys)).get("keys")
    if not isinstance(keys, list):
        raise ProviderAway("it shows no keys")
    return keys


def verify(token: str, keys: Sequence[Any], issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of a token that the provider signed for us, just now, for this log-in.

    Raises:
        TokenRefused: it cannot be believed.
    """
    from joserfc import jwt
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet

    try:
        claims = jwt.decode(token, KeySet(usable_keys(keys)), algorithms=list(ALGORITHMS)).claims
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise TokenRefused(f"its signature cannot be verified ({type(error).__name__})") from None
    now = time.time()
    if claims.get("iss") != issuer:
        raise TokenRefused("it is another issuer's")
    _check_audience(claims, client_id)
    if _time(claims, "exp") < now - LEEWAY:
        raise TokenRefused("it has expired")
    if _time(claims, "iat") > now + LEEWAY:
        raise TokenRefused("it is from the future")
    given = claims.get("nonce")
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise TokenRefused("it is for another log-in")
    return dict(claims)


def usable_keys(keys: Sequence[Any]) -> list[Any]:
    """Public keys for signatures. Others, and those of kinds that we do not know, are left out."""
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key

    usable = []
    for key in keys:
        if not isinstance(key, dict) or key.get("kty") not in ("RSA", "EC", "OKP") or key.get("use", "sig") != "sig":
            continue
        try:
            usable.append(import_key(key))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return usable


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if client_id not in audiences:
        raise TokenRefused("it is for somebody else")
    party = claims.get("azp")
    if (party is not None or len(audiences) > 1) and party != client_id:
        raise TokenRefused("it was asked for by somebody else")


def _time(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TokenRefused(f"it has no {name}")
    return value


async def _get(http: HttpClient, url: str) -> dict[str, Any]:
    answer = await _ask(http, "GET", url, {"accept": "application/json"})
    if answer.status != 200:
        raise ProviderAway(f"it answered {answer.status}")
    return _object(answer)


async def _ask(http: HttpClient, method: str, url: str, headers: dict[str, str], body: bytes = b"") -> Answer:
    try:
        answer = await http.exchange(call(method, url, headers, SECONDS), body)
    except (httpx.InvalidURL, UnfitHeader, UnicodeEncodeError):
        raise ProviderAway("one of its addresses is none") from None
    if not isinstance(answer, Answer):
        raise ProviderAway(answer.reason)
    return answer


def _object(answer: Answer) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise ProviderAway("it answered something else than JSON")
    return found


def _is_address(url: str, *, plain: bool) -> bool:
    parts = urlsplit(url)
    return parts.scheme in (("https", "http") if plain else ("https",)) and bool(parts.hostname)
