"""Routes of one user, beside ``/users/bulk``."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope

_BULK = "bulk"


class UserRoute(APIRoute):
    """A route whose ``{account}`` is not ``bulk``: that address answers 405 to methods that it does not know."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if found.get("path_params", {}).get("account") == _BULK:
            return Match.NONE, {}
        return match, found
