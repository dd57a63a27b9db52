"""Every route of the app, and what its own dependencies say that it needs."""

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts

from api.auth.signed_in import signed_in, signed_in_or_acting, signed_in_to_enrol
from api.devices.session import RequiresDevice
from api.http.auth import Requires
from api.messages.lookup import MessageReader
from api.resources.access import Allows
from domain.channels import Channel
from tests.api.application import application

OPEN = {
    "GET /docs",
    "GET /docs/viewer/{name}",
    "GET /openapi.json",
    "GET /api/auth/oidc",
    "GET /health",
    "GET /api/branding",
    "GET /health/live",
    "GET /health/ready",
    "GET /api/gateway/sms/android/smsgate/device",
    "OPTIONS /api/admin/v1/codec/{direction}",
    "OPTIONS /api/leads/{id}",
    "OPTIONS /api/leads/{source}/token",
}
"""For everybody."""
SIGNED = {
    *(f"{method} /api/webhook/{{channel:channel}}/{{provider}}" for method in ("GET", "POST")),
    *(f"{method} /api/webhook/{{channel:channel}}/{{provider}}/{{gateway_id}}" for method in ("GET", "POST")),
    "POST /api/automation/webhook/{hook_id}",
    *(f"POST /api/webhook/google-ads-lead{path}" for path in ("", "/{source}")),
    *(f"{method} /api/webhook/meta-lead-ads{path}" for method in ("GET", "POST") for path in ("", "/{source}")),
    *(
        f"POST /api/webhook/meta/{what}{path}"
        for what in ("deauthorize", "data-deletion")
        for path in ("", "/{source}")
    ),
    "GET /api/webhook/meta/data-deletion/{code}",
    *(f"{method} /api/webhook/linkedin-leads/{{source}}" for method in ("GET", "POST")),
    "POST /api/leads/{id}",
    "GET /api/leads/{source}/token",
    "POST /api/gateway/sms/android/smsgate/in/{secret}",
    "GET /api/gateway/sms/android/smsgate/user/code",
    "PATCH /api/gateway/sms/android/smsgate/user/password",
    *(f"{method} /{kind}/{{token}}" for method in ("GET", "POST") for kind in ("u", "p", "s")),
    "GET /o/{token}.gif",
    "GET /c/{token}",
    "GET /l/{code}",
    "GET /{code:short_code}",
}
"""Without a key, but of no use to who has not the provider's secret, or a link of ours."""
LOG_IN = {
    "GET /api/auth/oidc/start",
    "GET /api/auth/oidc/callback",
    "POST /api/auth/login",
    "POST /api/auth/reset",
    "POST /api/auth/forgot",
    "POST /api/auth/setup",
    "POST /api/gateway/sms/android/register-session",
    "POST /api/gateway/sms/android/smsgate/device",
}
"""Without a key, but with a password, or a token of ours."""
SIGN_IN = "GET /api/admin/v1/codec"
"""Of a browser: it asks for its permission itself (test_codec.py)."""
UNGUARDED = OPEN | SIGNED | LOG_IN | {SIGN_IN}
"""Routes that look at no key: test_tenancy.py shows that they believe nobody."""


@dataclass(frozen=True)
class Route:
    """A route, and what it needs: one of the three, or nothing."""

    method: str
    path: str
    scopes: Requires | None = None
    """Scopes of a user's key."""
    permission: str | None = None
    """Of staff."""
    session: bool = False
    """That somebody has logged in."""
    enrols: bool = False
    """That it is open to sessions that must first set up a second factor."""
    device: bool = False
    """The session of a phone, whose token is no key (test_tenancy.py)."""
    allows: Allows | None = None

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def channel(self) -> str | None:
        """The channel that its path names, where ``{channel}`` is ``sms``."""
        named = [part for part in self.path.replace("{channel}", Channel.SMS).split("/") if part in set(Channel)]
        return named[0] if named else None

    @property
    def is_guarded(self) -> bool:
        return self.scopes is not None or self.permission is not None or self.session


def all_calls(dependant: Dependant) -> Iterator[object]:
    """The dependencies of a route, and theirs."""
    for inner in dependant.dependencies:
        yield inner.call
        yield from all_calls(inner)


def _route(method: str, path: str, calls: list[object]) -> Route:
    needed = [call.requires if isinstance(call, MessageReader) else call for call in calls]
    scopes = [call for call in needed if isinstance(call, Requires)]
    allowed = [call for call in needed if isinstance(call, Allows)]
    assert len({call.scopes for call in scopes}) <= 1, f"{path} declares scopes more than once"
    assert len(allowed) <= 1, f"{path} names more than one permission"
    enrols = any(call in (signed_in_to_enrol, signed_in_or_acting) for call in needed)
    session = enrols or any(call is signed_in for call in needed)
    device = any(isinstance(call, RequiresDevice) for call in needed)
    assert bool(scopes) + bool(allowed) + session + device <= 1, f"{path} is of several kinds"
    one = allowed[0] if allowed else None
    return Route(
        method, path, scopes[0] if scopes else None, one.permission if one else None, session, enrols, device, one
    )


def read_routes() -> list[Route]:
    """All routes of the app."""
    found = []
    for route in iter_route_contexts(application().routes):
        calls = list(all_calls(route.dependant)) if hasattr(route, "dependant") else []
        found += [_route(method, route.path, calls) for method in sorted(route.methods - {"HEAD"})]
    return found


ALL = read_routes()
GUARDED = [route for route in ALL if route.is_guarded]
OF_DEVICES = [route.name for route in ALL if route.device]
OF_STAFF = [route for route in ALL if route.permission is not None]
