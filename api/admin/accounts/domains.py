"""``/api/admin/v1/domains``: the sender domains of all accounts."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from api.domains import handling
from api.domains.models import DomainAnswer, DomainGone, DomainPage, NewDomainOf
from api.domains.routes import DomainId
from api.http.body import parse_body, read_body
from api.http.query_text import QueryText
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import DryRun
from api.resources.listing import Cursor, Format, Limit
from domain.access.actors import Actor
from domain.mail.sender_domains import DomainState
from domain.messages.page import ADMIN_ACCOUNT
from store.accounts.sender_domains import Filter

router = APIRouter(prefix="/api/admin/v1/domains", tags=["admin: sender domains"])

_Reader = Annotated[Actor, Depends(Allows("domains:read"))]
_Writer = Annotated[Actor, Depends(Allows("domains:write"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(DomainAnswer, 409, 412)}


@router.get("", summary="Sender domains, newest first", response_model=None, responses=answers(DomainPage))
async def list_all_domains(
    request: Request,
    _: Annotated[Actor, Depends(Allows("domains:read", may_repeat=("state",)))],
    user: Annotated[
        QueryText | None, Query(pattern="^(admin|[1-9][0-9]{0,17})$", description="A user's id, or `admin`.")
    ] = None,
    state: Annotated[list[DomainState], Query(description="Left out: all.")] = [],
    domain: Annotated[QueryText | None, Query(max_length=300)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply; a repeated `state` means any of them."""
    account_id = None if user is None else ADMIN_ACCOUNT if user == "admin" else int(user)
    return await handling.page(request, Filter(account_id, state or None, domain), limit, cursor, format)


@router.post(
    "", summary="Add a sender domain to a user", openapi_extra=documented_body(NewDomainOf, idempotent=True), **_one
)
async def add_domain_of(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """The answer has the DNS `records` to enter."""
    raw = await read_body(request)
    body = parse_body(raw, NewDomainOf)
    account_id = ADMIN_ACCOUNT if body.user is None else body.user
    return await handling.add(request, actor, raw, account_id, body.domain, dry_run)


@router.get("/{domain}", summary="Read any sender domain", response_model=None, responses=answers(DomainAnswer))
async def get_any_domain(request: Request, domain: DomainId, _: _Reader) -> Response:
    """With its records, and what the last check found of them."""
    return await handling.read(request, domain)


@router.delete(
    "/{domain}", summary="Delete any sender domain", response_model=None, responses=answers(DomainGone, 409, 412)
)
async def delete_any_domain(request: Request, domain: DomainId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """With its key. Emails that wait to be sent from it fail."""
    return await handling.remove(request, actor, domain, None, dry_run)


@router.post("/{domain}/check", summary="Check any sender domain's records now", **_one)
async def check_any_domain(request: Request, domain: DomainId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """They are also checked every few hours."""
    return await handling.check(request, actor, domain, None, dry_run)


@router.post("/{domain}/rotate-key", summary="Make a new key for any sender domain", **_one)
async def rotate_any_domain_key(
    request: Request, domain: DomainId, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """Its record is added to `records` as `dkim_next`; the old key signs until a check has seen that."""
    return await handling.rotate(request, actor, await read_body(request), domain, None, dry_run)
