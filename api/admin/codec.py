"""The codec endpoint of the Temporal web UI: shows payloads to admins, and to nobody else.

Protocol: Temporal's remote codec, ``POST …/encode`` and ``…/decode`` with ``{"payloads": [...]}`` in protobuf JSON.
A browser signs in at ``GET /api/admin/v1/codec``: any name, the admin key as password.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads

from api.auth import requires
from api.body import read_body
from api.errors import ApiError
from api.state import state_of
from domain.keyring import KeyringError
from runtime.codec import encryption_codec
from store.api_keys import Principal

router = APIRouter(prefix="/api/admin/v1/codec", tags=["admin: codec"])

_Admin = Annotated[Principal, Depends(requires("admin"))]


@router.get("", summary="Sign in a browser for the Temporal UI", include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Makes the browser ask for the key, and remember it for the UI's calls."""
    try:
        await requires("admin")(request)
    except ApiError as error:
        if error.status != 401:
            raise
        text = "Sign in with any name and an admin key as password."
        return Response(text, 401, {"WWW-Authenticate": 'Basic realm="xsender codec"'}, "text/plain")
    return Response("Signed in: the Temporal UI can now show payloads.", media_type="text/plain")


@router.options("/{direction}", include_in_schema=False)
async def preflight(request: Request) -> Response:
    """Lets the UI's origin, and no other, call from a browser."""
    return Response(status_code=204, headers=_cors(request))


@router.post("/decode", summary="Open Temporal payloads")
async def decode(request: Request, _: _Admin) -> Response:
    """Takes and returns `{"payloads": [...]}` as Temporal's remote codec protocol says."""
    codec = encryption_codec(state_of(request).settings.keys.get_secret_value())
    try:
        opened = await codec.decode((await _payloads(request)).payloads)
    except KeyringError as error:
        raise ApiError(422, "undecodable", str(error)) from None
    return _answer(request, Payloads(payloads=opened))


@router.post("/encode", summary="Seal Temporal payloads")
async def encode(request: Request, _: _Admin) -> Response:
    """The reverse of decode, for workflows started from the UI."""
    codec = encryption_codec(state_of(request).settings.keys.get_secret_value())
    return _answer(request, Payloads(payloads=await codec.encode((await _payloads(request)).payloads)))


async def _payloads(request: Request) -> Payloads:
    try:
        return json_format.Parse(await read_body(request), Payloads())
    except (json_format.ParseError, UnicodeDecodeError, RecursionError):
        raise ApiError(422, "payloads", 'send {"payloads": [...]} in protobuf JSON') from None


def _answer(request: Request, payloads: Payloads) -> Response:
    return Response(json_format.MessageToJson(payloads), media_type="application/json", headers=_cors(request))


def _cors(request: Request) -> dict[str, Any]:
    ui = state_of(request).settings.temporal_ui
    if not ui:
        return {}
    return {
        "Access-Control-Allow-Origin": ui.rstrip("/"),
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": "content-type, x-namespace, authorization",
        "Vary": "Origin",
    }
