"""``/api/admin/v1/gateways/{gateway}/provider-templates``: templates of WhatsApp, as Meta has them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.paths import GatewayId
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import Allows
from api.resources.listing import Cursor, Format, Limit, listed
from api.whatsapp import models
from api.whatsapp.routes import place, read_place, shown
from domain.access.actors import Actor
from store.gateways import gateways
from store.whatsapp import templates
from store.whatsapp.templates import Listed

router = APIRouter(prefix="/api/admin/v1/gateways", tags=["admin: gateways"])

_Reader = Annotated[Actor, Depends(Allows("gateways:read"))]


@router.get(
    "/{gateway}/provider-templates",
    summary="Templates of WhatsApp of a gateway",
    response_model=None,
    responses=answers(models.ProviderTemplatePage),
)
async def list_gateway_templates(
    request: Request,
    gateway: GatewayId,
    _: _Reader,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """As they were read from Meta last; none, if the gateway has no `business_account_id`."""
    pool = state_of(request).pool
    await gateways.get(pool, gateway)

    async def fetch(after: str | None, most: int) -> Sequence[Listed]:
        return await templates.of_gateway(pool, gateway, read_place(after), most)

    return await listed(request, limit, cursor, format, fetch, shown, place)
