"""Types of gateway, with the schema of what configures them: forms are made of it."""

import asyncio
from collections.abc import Collection
from functools import cache
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.gateways.admin_models import TypesOfGateway
from api.http.auth import requires
from api.http.json_response import json_response
from api.reference.openapi import answers
from api.resources.access import check_known
from gateways.base import GatewayType
from gateways.config.schemas import config_schema
from gateways.registry import GATEWAY_TYPES
from services.accounts.own_gateways import TYPES
from store.accounts.api_keys import Principal

router = APIRouter(prefix="/api/gateway-types", tags=["gateways"])


@router.get("", summary="Types of gateway that you may add", response_model=None, responses=answers(TypesOfGateway))
async def list_own_gateway_types(request: Request, _: Annotated[Principal, Depends(requires("read"))]) -> Response:
    """On each of their channels, with what goes into `config`, for forms."""
    check_known(request)
    return await answer_types(TYPES)


async def answer_types(names: Collection[str] | None = None) -> Response:
    """All types, or only those of these names."""
    types = await asyncio.to_thread(_types)
    shown = [row for row in types if names is None or row["type"] in names]
    return json_response({"data": shown, "next_cursor": None})


@cache
def _types() -> list[dict[str, Any]]:
    """Kept, as they are read from the sources of the types, which takes a while."""
    return [row for entry in GATEWAY_TYPES.values() for row in _on_each_channel(entry)]


def _on_each_channel(entry: GatewayType) -> list[dict[str, Any]]:
    schema = config_schema(entry)
    more = {"description": schema["description"], "schema": schema, "secrets": sorted(entry.config.SECRETS)}
    return [{"channel": channel, "type": entry.name, **more} for channel in sorted(entry.channels)]
