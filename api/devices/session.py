"""Which device sends a request: by the token of its session, which is looked up for each request."""

from typing import Annotated, Any

from fastapi import Depends, Request

from api.http.errors import ApiError
from api.http.query_text import check_query
from api.http.state import state_of
from api.resources.access import check_known
from domain.devices.messages import Session
from services.devices.sessions import authenticate

BY_SESSION: dict[str, Any] = {"security": [{"Device": []}]}
"""``openapi_extra`` of a route for devices."""


def session_ended() -> ApiError:
    """401: the token is of no session, or of one that has ended."""
    return ApiError(401, "unauthorized", "this session has ended, or never was: pair the device again")


class RequiresDevice:
    """A dependency that accepts requests of devices that speak a protocol.

    Raises:
        ApiError: 401 there is no such session, or it has ended.
        InvalidError: a query string that would be misread.
    """

    def __init__(self, protocol: str) -> None:
        self._protocol = protocol

    async def __call__(self, request: Request) -> Session:
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise ApiError(401, "unauthorized", "send the session token of the device: 'Authorization: Bearer xsd_…'")
        session = await authenticate(state_of(request).pool, token.strip(), self._protocol)
        if session is None:
            raise session_ended()
        check_query(request.scope["query_string"])
        if self._protocol == "xsender":  # the app is not ours: a later version of it may say more
            check_known(request)
        return session


DeviceCaller = Annotated[Session, Depends(RequiresDevice("xsender"))]
"""A phone at door one, the protocol of the contract."""
AppCaller = Annotated[Session, Depends(RequiresDevice("smsgate"))]
"""A phone with the open-source app."""
