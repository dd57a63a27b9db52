"""``/api/domains``: the domains that an account sends emails from."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.domains import handling
from api.domains.models import DomainAnswer, DomainGone, DomainPage, NewDomain
from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.query_text import QueryText
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import DryRun
from api.resources.listing import Cursor, Format, Limit
from domain.mail.sender_domains import DomainState
from store.accounts.api_keys import Principal
from store.accounts.sender_domains import Filter

router = APIRouter(prefix="/api/domains", tags=["sender domains"])

DomainId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The domain's id.")]
_one: dict[str, Any] = {"response_model": None, "responses": answers(DomainAnswer, 409, 412)}


async def _reader(request: Request, principal: Annotated[Principal, Depends(requires("read"))]) -> Principal:
    check_known(request)
    return principal


async def _writer(
    request: Request, principal: Annotated[Principal, Depends(requires("send", also=("read",)))]
) -> Principal:
    """A key that only sends must not decide what it may send as."""
    check_known(request)
    return principal


Reader = Annotated[Principal, Depends(_reader)]
Writer = Annotated[Principal, Depends(_writer)]


@router.get("", summary="Your sender domains", response_model=None, responses=answers(DomainPage))
async def list_domains(
    request: Request,
    principal: Reader,
    state: DomainState | None = None,
    domain: Annotated[QueryText | None, Query(max_length=300)] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Newest first."""
    wanted = Filter(principal.account_id, None if state is None else [state], domain)
    return await handling.page(request, wanted, limit, cursor, format)


@router.post("", summary="Add a sender domain", openapi_extra=documented_body(NewDomain, idempotent=True), **_one)
async def add_domain(request: Request, principal: Writer, dry_run: DryRun = False) -> Response:
    """The answer has the DNS `records` to enter. Once those that are `required` are seen, you may send `from` it."""
    raw = await read_body(request)
    name = parse_body(raw, NewDomain).domain
    return await handling.add(request, user_actor(request, principal), raw, principal.account_id, name, dry_run)


@router.get("/{domain}", summary="Read a sender domain", response_model=None, responses=answers(DomainAnswer))
async def get_domain(request: Request, domain: DomainId, principal: Reader) -> Response:
    """With its records, and what the last check found of them."""
    return await handling.read(request, domain, principal.account_id)


@router.delete(
    "/{domain}", summary="Delete a sender domain", response_model=None, responses=answers(DomainGone, 409, 412)
)
async def delete_domain(request: Request, domain: DomainId, principal: Writer, dry_run: DryRun = False) -> Response:
    """With its key. Emails that wait to be sent from it fail."""
    return await handling.remove(request, user_actor(request, principal), domain, principal.account_id, dry_run)


@router.post("/{domain}/check", summary="Check a sender domain's records now", **_one)
async def check_domain(request: Request, domain: DomainId, principal: Writer, dry_run: DryRun = False) -> Response:
    """They are also checked every few hours. A domain that another account has verified is refused (409)."""
    return await handling.check(request, user_actor(request, principal), domain, principal.account_id, dry_run)


@router.post("/{domain}/rotate-key", summary="Make a new key for a sender domain", **_one)
async def rotate_domain_key(request: Request, domain: DomainId, principal: Writer, dry_run: DryRun = False) -> Response:
    """Its record is added to `records` as `dkim_next`; the old key signs until a check has seen that."""
    raw, actor = await read_body(request), user_actor(request, principal)
    return await handling.rotate(request, actor, raw, domain, principal.account_id, dry_run)
