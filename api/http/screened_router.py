"""Finding the route of a request without comparing it with every route of the application."""

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.routing import Match
from starlette.types import Scope


class ScreenedRouter(APIRouter):
    """A subject's router, passed over at once where none of its paths begins as the request's does.

    Routes are compared one after the other, which for the last of four hundred takes longer than many requests do.
    """

    def __init__(self, subject: APIRouter) -> None:
        super().__init__()
        self.include_router(subject)
        paths = [route.path for route in subject.routes if isinstance(route, APIRoute)]
        assert len(paths) == len(subject.routes), "only paths of ordinary routes are known"
        self._beginnings = tuple({path.partition("{")[0] for path in paths})

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As any router, but quicker if the answer is no."""
        if not scope["path"].startswith(self._beginnings):
            return Match.NONE, {}
        return super().matches(scope)
