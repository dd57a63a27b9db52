"""Routes of one segment, beside ``/segments/count``."""

from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class SegmentRoute(APIRoute):
    """A route whose ``{segment}`` is not ``count``: that address answers 405 to methods that it does not know."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether the route is meant."""
        match, found = super().matches(scope)
        if found.get("path_params", {}).get("segment") == "count":
            return Match.NONE, {}
        return match, found
