"""A provider of identities over real sockets: what it signs, and how it lies, is up to the test."""

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.stack import free_socket

CLIENT, SECRET = "xsender", "the secret: of/xsender"


def _plain(claims: dict[str, Any], header: dict[str, Any]) -> str:
    parts = (header, claims)
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, ""])


@dataclass
class Provider:
    """One provider. Tests set what it says next."""

    url: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "one", "use": "sig"}))
    person: dict[str, Any] = field(default_factory=dict)
    """Claims about who logs in."""
    claims: dict[str, Any] = field(default_factory=dict)
    """What replaces other claims; ``None`` leaves one out."""
    sign: Callable[["Provider", dict[str, Any]], str] | None = None
    """Signs in some other way."""
    configuration: dict[str, Any] = field(default_factory=dict)
    shown_keys: list[dict[str, Any]] | None = None
    token_answer: Response | None = None
    is_careless: bool = False
    """Takes a code more than once, and looks at no verifier."""
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)

    def somebody(self, *groups: str, **more: Any) -> str:
        """Let somebody new log in; returns the email address."""
        email = f"{uuid4().hex}@example.com"
        self.person = {"sub": uuid4().hex, "email": email, "email_verified": True, "name": "Olga", "groups": [*groups]}
        self.person |= more
        return str(self.person["email"])

    def signed(self, claims: dict[str, Any]) -> str:
        """As it should be."""
        return jwt.encode({"alg": "RS256", "kid": "one"}, claims, self.key)

    def token(self, nonce: str) -> str:
        """The token for a log-in."""
        now = int(time.time())
        claims = (
            {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce} | self.person | self.claims
        )
        told = {name: value for name, value in claims.items() if value is not None}
        return self.sign(self, told) if self.sign else self.signed(told)


def unsigned(provider: Provider, claims: dict[str, Any]) -> str:
    return _plain(claims, {"alg": "none"})


def signed_with_the_public_key(provider: Provider, claims: dict[str, Any]) -> str:
    """As if the key that everybody knows were a shared secret."""
    import hmac

    public = provider.key.as_pem(private=False)
    body = _plain(claims, {"alg": "HS256", "kid": "one"}).rstrip(".")
    mac = hmac.new(public, body.encode(), sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(mac).decode().rstrip('=')}"


def signed_by_somebody_else(provider: Provider, claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"}, claims, RSAKey.generate_key(2048))


def changed_afterwards(provider: Provider, claims: dict[str, Any]) -> str:
    head, _, signature = provider.signed(claims).split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims | {"groups": ["owners"]}).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


def with_a_key_of_its_own(provider: Provider, claims: dict[str, Any]) -> str:
    """The header brings the key that it was signed with."""
    other = RSAKey.generate_key(2048)
    return jwt.encode({"alg": "RS256", "jwk": other.as_dict(private=False)}, claims, other)


def _app(provider: Provider) -> FastAPI:
    app = FastAPI()

    @app.get("/.well-known/openid-configuration")
    async def configuration() -> JSONResponse:
        found = {
            "issuer": provider.url,
            "authorization_endpoint": f"{provider.url}/authorize",
            "token_endpoint": f"{provider.url}/token",
            "jwks_uri": f"{provider.url}/keys",
        }
        return JSONResponse(found | provider.configuration)

    @app.get("/keys")
    async def keys() -> JSONResponse:
        shown = [provider.key.as_dict(private=False)] if provider.shown_keys is None else provider.shown_keys
        return JSONResponse({"keys": shown})

    @app.get("/authorize")
    async def authorize(request: Request) -> RedirectResponse:
        asked = dict(request.query_params)
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT)
        assert asked["code_challenge_method"] == "S256"
        assert "openid" in asked["scope"].split()
        code = uuid4().hex
        provider.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    @app.post("/token")
    async def token(request: Request) -> Response:
        provider.requests.append("token")
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        if provider.token_answer is not None:
            return provider.token_answer
        kind, _, basic = request.headers["authorization"].partition(" ")
        assert (kind, base64.b64decode(basic).decode()) == ("Basic", "xsender:the%20secret%3A%20of%2Fxsender")
        asked = provider.codes.get(form["code"]) if provider.is_careless else provider.codes.pop(form["code"], None)
        verified = base64.urlsafe_b64encode(sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")
        is_right = asked is not None and asked["redirect_uri"] == form["redirect_uri"]
        if asked is None or not is_right or (verified != asked["code_challenge"] and not provider.is_careless):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse({"id_token": provider.token(asked["nonce"]), "access_token": "x", "token_type": "Bearer"})

    return app


@asynccontextmanager
async def identity_provider() -> AsyncIterator[Provider]:
    """Run one."""
    listener, provider = free_socket(), Provider()
    provider.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = uvicorn.Server(uvicorn.Config(_app(provider), log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield provider
    finally:
        server.should_exit = True
        await serving
