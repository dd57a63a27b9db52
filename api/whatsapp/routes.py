"""``/api/whatsapp/templates``: templates of WhatsApp, as Meta has them."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.state import state_of
from api.reference.openapi import answers
from api.resources.access import check_known
from api.resources.changing import answer_one
from api.resources.listing import Cursor, Format, Limit, listed, no_cursor
from api.whatsapp import models
from domain.access.user_scopes import TEMPLATES
from store.accounts.api_keys import Principal
from store.whatsapp import templates
from store.whatsapp.templates import Listed

router = APIRouter(prefix="/api/whatsapp/templates", tags=["whatsapp"])

_Holder = Annotated[Principal, Depends(requires(TEMPLATES))]


@router.get("", summary="Templates of WhatsApp", response_model=None, responses=answers(models.ProviderTemplatePage))
async def list_whatsapp_templates(
    request: Request,
    principal: _Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Of the gateways that you may use and that have a `business_account_id`; read from Meta every hour."""
    check_known(request)
    pool = state_of(request).pool

    async def fetch(after: str | None, most: int) -> Sequence[Listed]:
        return await templates.of_account(pool, principal.account_id, read_place(after), most)

    return await listed(request, limit, cursor, format, fetch, shown, place)


@router.post(
    "/sync",
    summary="Read your templates of WhatsApp again",
    response_model=None,
    responses=answers(models.SyncAnswer),
)
async def sync_whatsapp_templates(request: Request, principal: _Holder) -> Response:
    """Of your own gateways, within half a minute. It happens every hour, and after Meta has reported a change."""
    check_known(request)
    pool = state_of(request).pool
    own = await templates.own_gateways(pool, principal.account_id)
    await templates.read_again(pool, own)
    return answer_one({"gateways": len(own)}, "they will be read")


def shown(found: Listed) -> dict[str, Any]:
    """A template, as it is answered."""
    template = asdict(found.template)
    del template["provider_id"]
    return {"gateway": found.gateway, **template, "synced_at": found.synced_at}


def place(found: Listed) -> str:
    """Where a template stands in a list."""
    return orjson.dumps([found.gateway, found.template.name, found.template.language]).decode()


def read_place(after: str | None) -> tuple[str, str, str]:
    """The gateway, name and language that ``place`` wrote; empty: the beginning.

    Raises:
        ApiError: 422.
    """
    if after is None:
        return "", "", ""
    try:
        gateway, name, language = orjson.loads(after)
    except ValueError:
        raise no_cursor() from None
    return str(gateway), str(name), str(language)
