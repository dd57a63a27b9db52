"""``/api/secrets``: what steps of automations send or sign with, by name."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from api.automations import secret_models as models
from api.campaigns.routes import Holder
from api.http.body import parse_body, read_body
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform
from api.resources.listing import Format, listed
from services.automations.calls import secrets as rules
from services.changes import Change
from store.automations import secrets
from store.automations.secrets import SecretInfo

router = APIRouter(prefix="/api/secrets", tags=["automations"])

_Name = Annotated[QueryText, Path(max_length=100, description="By which steps name it.")]


@router.get("", summary="Your secrets, by name", response_model=None, responses=answers(models.SecretPage))
async def list_secrets(
    request: Request,
    principal: Holder,
    format: Format = None,
) -> Response:
    """Without their values: nobody reads those again. There are few, so there is one page of them."""

    async def fetch(after: str | None, most: int) -> list[SecretInfo]:
        return [] if after else await secrets.of_account(state_of(request).pool, principal.account_id)

    return await listed(request, rules.MOST, None, format, fetch, _shown, lambda one: str(one.name))


@router.put(
    "/{secret}",
    summary="Set a secret",
    response_model=None,
    responses=answers(models.SecretAnswer, 409),
    openapi_extra=documented_body(models.SecretBody),
)
async def put_secret(request: Request, secret: _Name, principal: Holder, dry_run: DryRun = False) -> Response:
    """New or not. Steps use the new value from their next request on."""
    body = parse_body(await read_body(request), models.SecretBody)
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        return "set", _shown(await rules.put(made, keyring, principal.account_id, secret, body.value, body.hosts))

    return await perform(request, user_actor(request, principal), "secret.set", work, dry_run=dry_run)


@router.delete("/{secret}", summary="Delete a secret", response_model=None, responses=answers(models.SecretGone))
async def remove_secret(request: Request, secret: _Name, principal: Holder, dry_run: DryRun = False) -> Response:
    """Steps that name it fail from now on."""

    async def work(made: Change) -> Answer:
        await rules.remove(made, principal.account_id, secret)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "secret.deleted", work, dry_run=dry_run)


def _shown(info: SecretInfo) -> dict[str, Any]:
    return asdict(info)
