"""Words that stand where ids do: ``/users/bulk`` beside ``/users/{account}``."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


def unless_word(parameter: str, *words: str) -> type[APIRoute]:
    """Routes whose ``parameter`` is none of these: their addresses answer 405 to methods that they do not know."""

    class Route(APIRoute):
        def matches(self, scope: Scope) -> tuple[Match, Scope]:
            match, found = super().matches(scope)
            if found.get("path_params", {}).get(parameter) in words:
                return Match.NONE, {}
            return match, found

    return Route
