"""Every route of the panel as it is served, and what can stand in its path."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from fastapi import FastAPI
from starlette.routing import Mount
from starlette.routing import Route as Served

from panel.app import attach

PUBLIC = {"/login", "/logout", "/setup", "/forgot", "/reset", "/preferences"}
"""Forms for everybody, who may not have logged in."""
PUBLIC_PAGES = {"/assets/{name}", "/brand/{name}", "/login", "/setup", "/forgot", "/reset"}
"""Pages for everybody."""
OWN = {
    "/account/leave",
    "/confirm",
    "/steps/hide",
    "/views",
    "/views/{view}/delete",
    "/views/{view}/rename",
    "/security/password",
    "/security/totp",
    "/security/totp/confirm",
    "/security/totp/disable",
    "/security/sessions/{session}/end",
}
"""Forms about whoever sends them: no permission is needed, and what is somebody else's is not reached by them."""
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
_KEYS = {
    "automations": "{automation}",
    "fields": "{field}",
    "hooks": "{hook}",
    "keys": "{key}",
    "purposes": "{purpose}",
    "templates": "{template}",
}
"""What ``{key}`` is, by the first part of the path."""
_MEANT = {
    "batches": {"{uid}": "{batch}"},
    "brand": {"{name}": "logo"},
    "links": {"{domain}": "{link_domain}"},
    "reference": {"{name}": "sendSms"},
    "secrets": {"{name}": "{secret}"},
}
"""What further names are, by the first part of the path."""
_WORDS: dict[str, tuple[str, ...]] = {
    "/approvals/policies/{kind}": ("top_up",),
    "/approvals/{approval}/{decision}": ("approve", "deny"),
    "/automations/{key}/add/{kind}": ("wait",),
    "/automations/{key}/{action}": ("enter", "discard", "pause", "resume", "archive"),
    "/batches/{uid}/{action}": ("pause", "resume", "cancel"),
    "/campaigns/{campaign}/{action}": ("start", "pause", "resume", "cancel", "approve", "delete"),
    "/credit-requests/{request}/{decision}": ("approve", "reject"),
    "/gateways/{gateway}/{action}": ("on", "pause", "drain", "resume"),
    "/groups/{group}/{action}": ("add", "remove"),
    "/leads/sources/{source}/{action}": ("park", "resume", "check", "backfill"),
    "/messages/{uid}/{action}": ("cancel", "reschedule", "replay", "resolve"),
    "/runs/{run}/{action}": ("retry", "skip", "exit"),
    "/settings/{group}": ("branding", "sending", "security"),
    "/staff/{person}/{action}": ("reset-totp", "remove"),
    "/system/workflows/{act}": ("signal",),
    "/templates/{key}/{action}": ("publish", "test", "archive", "restore"),
    "/users/{account}/gateways/{gateway}/{action}": ("share", "end"),
    "/users/{account}/subscription/{action}": ("renew", "expire", "keep"),
    "/users/{account}/{action}": ("suspend", "resume", "restore", "reset-totp", "delete", "purge"),
}
"""What a form does, where its address says it."""


@dataclass(frozen=True)
class Route:
    """A page or a form."""

    method: str
    path: str
    """Below ``/panel``, with parameters in braces."""

    @property
    def is_of_an_object(self) -> bool:
        """Whether it names something that somebody has."""
        own = self.path
        for name in (
            "{channel}",
            "{identifier}",
            "assets/{name}",
            "brand/{name}",
            "errors/{name}",
            "{page}",
            "{tag}",
            "{type}",
        ):  # which are the same for everybody
            own = own.replace(name, "")
        return "{" in own and self.path not in OWN

    def addresses(self, ids: dict[str, str]) -> Iterator[str]:
        """Each thing that it does, to these objects."""
        words = _WORDS.get(self.path, ("",))
        first = self.path.split("/")[1]
        for word in words:
            path = self.path
            for name in ("{act}", "{action}", "{decision}", "{kind}", *(["{group}"] if first == "settings" else [])):
                path = path.replace(name, word)
            path = path.replace("{key}", _KEYS.get(first, "{key}"))
            for name, meant in _MEANT.get(first, {}).items():
                path = path.replace(name, meant)
            for name, value in ids.items():
                path = path.replace(name, value)
            assert "{" not in path, f"what stands in {path}?"
            yield f"/panel{path}"


@cache
def routes() -> list[Route]:
    """All that are served."""
    app = FastAPI()
    app.state.when_stopping = []
    attach(app)
    (panel,) = [route for route in app.routes if isinstance(route, Mount)]
    served = [route for route in panel.routes if isinstance(route, Served)]
    return [
        Route(method, _PARAMETER.sub(r"{\1}", route.path))
        for route in served
        for method in sorted((route.methods or set()) - {"HEAD"})
    ]


def forms() -> list[Route]:
    """Those that change something."""
    return [route for route in routes() if route.method != "GET"]
