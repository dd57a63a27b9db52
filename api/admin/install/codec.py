"""The codec endpoint of the Temporal web UI: decodes payloads for admins only.

Protocol: Temporal's remote codec, ``POST …/encode`` and ``…/decode`` with ``{"payloads": [...]}`` in protobuf JSON.
A browser signs in at ``GET /api/admin/v1/codec``: any name, the admin key as password.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from google.protobuf import json_format
from temporalio.api.common.v1 import Payloads

from api.admin.messages.revealing import log_reveal
from api.http.body import MAX_BODY, parse_small, read_body
from api.http.errors import ApiError
from api.http.state import AppState, state_of
from api.messages.models import CodecPayloads
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from domain.access.actors import Actor
from domain.keyring import KeyringError
from runtime.codec import EncryptionCodec, encryption_codec, is_sealed

router = APIRouter(prefix="/api/admin/v1/codec", tags=["admin: codec"])

_REVEAL = "payloads:reveal"
_authenticate = Allows(_REVEAL, basic=True)
_Admin = Annotated[Actor, Depends(_authenticate)]


@router.get("", summary="Sign in a browser for the Temporal UI", include_in_schema=False)
async def sign_in(request: Request) -> Response:
    """Makes the browser prompt for the key, and send it with the UI's calls."""
    try:
        await _authenticate(request)
    except ApiError as error:
        if error.status != 401:
            raise
        text = "Sign in with any name and an admin key as password."
        return Response(text, 401, {"WWW-Authenticate": 'Basic realm="xsender codec"'}, "text/plain")
    return Response("Signed in: the Temporal UI can now show payloads.", media_type="text/plain")


@router.options("/{direction}", include_in_schema=False)
async def preflight(request: Request) -> Response:
    """Lets the UI's origin, and no other, call from a browser."""
    return Response(status_code=204, headers=_cors(state_of(request)))


@router.post(
    "/decode",
    summary="Open Temporal payloads",
    response_model=None,
    responses=answers(CodecPayloads),
    openapi_extra=documented_body(CodecPayloads),
)
async def decode_payloads(request: Request, actor: _Admin) -> Response:
    """By Temporal's remote codec protocol; unsealed payloads are returned unchanged.

    The audit log says that staff opened payloads, once an hour and session; of admin keys it says nothing, as ever.
    """
    state, sealed = state_of(request), (await _payloads(request)).payloads
    if actor.type != "key":
        await log_reveal(request, actor, _REVEAL, "payloads", "temporal")
    try:
        codec = _codec(state)
        opened = [codec.open(payload) if is_sealed(payload) else payload for payload in sealed]
    except KeyringError as error:
        raise ApiError(422, "undecodable", str(error)) from None
    return _answer(state, Payloads(payloads=opened))


@router.post(
    "/encode",
    summary="Seal Temporal payloads",
    response_model=None,
    responses=answers(CodecPayloads),
    openapi_extra=documented_body(CodecPayloads),
)
async def encode_payloads(request: Request, _: _Admin) -> Response:
    """The reverse of decode, for workflows started from the UI."""
    state = state_of(request)
    return _answer(state, Payloads(payloads=await _codec(state).encode((await _payloads(request)).payloads)))


async def _payloads(request: Request) -> Payloads:
    value = parse_small(await read_body(request, MAX_BODY))
    try:
        if isinstance(value, dict):
            return json_format.ParseDict(value, Payloads())
    except json_format.ParseError:
        pass
    raise ApiError(422, "payloads", 'send {"payloads": [...]} in protobuf JSON')


def _codec(state: AppState) -> EncryptionCodec:
    return encryption_codec(state.settings.keys.get_secret_value())


def _answer(state: AppState, payloads: Payloads) -> Response:
    return Response(json_format.MessageToJson(payloads), media_type="application/json", headers=_cors(state))


def _cors(state: AppState) -> dict[str, str]:
    ui = state.settings.temporal_ui
    if not ui:
        return {}
    return {
        "Access-Control-Allow-Origin": ui.rstrip("/"),
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "POST, OPTIONS",
        "Access-Control-Allow-Headers": "content-type, x-namespace, authorization",
        "Vary": "Origin",
    }
