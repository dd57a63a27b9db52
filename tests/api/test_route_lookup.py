"""Which route a request gets: the first that fits, found without comparing it with all of them."""

from collections.abc import Iterator
from unittest.mock import patch

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts

from api.routers import ROUTERS
from tests.api.application import application

APP = application()
PATHS = sorted({route.path for route in iter_route_contexts(APP.routes)})
STRANGE = ("/", "//", "/nothing", "/api", "/api/", "/API/sms/send", "/api/sms/send/", "/api/%73ms/send", "/health/x/y")


def plain() -> FastAPI:
    """All routes in the same order, each compared with each request."""
    app = FastAPI(redirect_slashes=False, openapi_url=None, docs_url=None, redoc_url=None)
    for router in ROUTERS:
        app.include_router(router)
    return app


async def chosen(app: FastAPI, method: str, path: str) -> str:
    """The route that would handle the request, or why there is none."""

    async def name(self: APIRoute, scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 299, "headers": []})
        await send({"type": "http.response.body", "body": f"{self.path} {scope['path_params']}".encode()})

    transport = httpx.ASGITransport(app.router)
    with patch.object(APIRoute, "handle", name):
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as http:
            answer = await http.request(method, path)
    return answer.text if answer.status_code == 299 else str(answer.status_code)


def requests() -> Iterator[tuple[str, str]]:
    """To every route, to what is nearly one, and with methods that it has not."""
    for path in (*PATHS, *STRANGE):
        filled = path.replace("{channel}", "sms").replace("{", "").replace("}", "").replace(":", "-")
        for method in ("GET", "POST", "TRACE"):
            yield method, filled


async def test_every_request_gets_the_route_that_it_would_get_from_a_plain_application():
    expected = plain()
    found = {asked: await chosen(APP, *asked) for asked in requests()}
    assert found == {asked: await chosen(expected, *asked) for asked in requests()}
    assert len(set(found.values())) > len(PATHS)


@pytest.mark.parametrize("path", ["/health", "/nothing", "/api/admin/v1/users"])
async def test_few_routes_are_compared_with_a_request(path: str):
    compared = []
    matches = APIRoute.matches

    def counted(self: APIRoute, scope):
        compared.append(self.path)
        return matches(self, scope)

    with patch.object(APIRoute, "matches", counted):
        await chosen(APP, "GET", path)
    assert len(compared) < 40
