"""``/api/contacts/import`` and ``/api/contacts/export``: contacts from files, and as a file."""

from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from api.contacts.uploads import uploaded
from api.http.auth import requires
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.operations.models import OperationAnswer
from api.operations.shown import shown
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, perform_once
from api.resources.listing import listed
from domain.errors import InvalidError
from services.audience.imports.exporting import Export
from services.audience.imports.starting import Options, begin_import
from services.changes import Change
from store.accounts.api_keys import Principal
from store.audience.imports import files

router = APIRouter(prefix="/api/contacts", tags=["contacts"])

_Holder = Annotated[Principal, Depends(requires("contacts", may_repeat=("groups", "tags")))]
_FILE: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
            "multipart/form-data": {
                "schema": {"type": "object", "properties": {"file": {"type": "string", "format": "binary"}}}
            },
        },
    },
    "parameters": [IDEMPOTENCY_HEADER],
}
_CSV: dict[int | str, dict[str, Any]] = {
    200: {"description": "A CSV file.", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
_MAPPING = TypeAdapter(dict[str, str])
_MOST_MAPPED = 1000


@router.post(
    "/import",
    summary="Import contacts from a file",
    response_model=None,
    responses=answers(OperationAnswer, 409),
    openapi_extra=_FILE,
)
async def import_contacts(
    request: Request,
    principal: _Holder,
    mapping: Annotated[
        str | None,
        Query(
            max_length=16_000, description='What columns hold, as JSON: `{"E-Mail": "email", "Town": "fields.city"}`.'
        ),
    ] = None,
    default_country: Annotated[
        str | None, Query(pattern="^[A-Za-z]{2}$", description="Of numbers without country code, such as `DE`.")
    ] = None,
    groups: Annotated[list[str], Query(max_length=100, description="Keys of groups to add all to.")] = [],
    tags: Annotated[list[str], Query(max_length=100, description="Tags to give to all.")] = [],
    known: Annotated[
        Literal["update", "only_fill_empty", "skip"], Query(description="What becomes of contacts that are there.")
    ] = "update",
    origin: Annotated[
        str, Query(min_length=1, max_length=200, description="Noted as the origin of values.")
    ] = "import",
    sheet: Annotated[str | None, Query(max_length=100, description="Of an XLSX file; else the first one.")] = None,
    dry_run: Annotated[bool, Query(description="Count what would be new, changed and faulty; write nothing.")] = False,
) -> Response:
    """The body is the file, CSV or XLSX, up to 200 MiB, or a form with it. Its first row names the columns.

    Answers with an operation: `GET /api/operations/{operation}` tells how far it is, `…/result` has the faulty rows.
    """
    check_known(request)
    options = Options(_mapping(mapping), default_country, groups, tags, known, origin, sheet)
    pool = state_of(request).pool
    async with uploaded(request, principal.account_id) as file:
        is_used = False

        async def work(made: Change, _: KeyClaim) -> Answer:
            nonlocal is_used
            account = principal.account_id
            begun = await begin_import(made, account, file.id, options, account, only_count=dry_run)
            is_used = True
            return "begun", shown(begun)

        actor = user_actor(request, principal)
        answer = await perform_once(request, actor, "contacts.imported", file.digest, work, dry_run=False)
        if not is_used:  # the answer of an earlier request with the same key
            await files.delete(pool, file.id)
        return answer


@router.get("/export", summary="Export all contacts", response_model=None, responses=_CSV)
async def export_contacts(
    request: Request,
    principal: _Holder,
    format: Annotated[Literal["csv", "ndjson"], Query(description="`ndjson`: lines of JSON.")] = "csv",
) -> Response:
    """With all their values, in the order in which they were made. An import reads such a file."""
    check_known(request)
    export = await Export.begin(state_of(request).pool, principal.account_id)
    return await listed(request, 200, None, format, export.fetch, export.show, export.place)


def _mapping(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    try:
        mapping = _MAPPING.validate_python(orjson.loads(text), strict=True)
    except (orjson.JSONDecodeError, ValidationError):
        raise InvalidError("mapping", 'write the mapping as JSON: {"Column": "email"}', "/mapping") from None
    if not 1 <= len(mapping) <= _MOST_MAPPED:
        raise InvalidError("mapping", f"a mapping names 1 to {_MOST_MAPPED} columns", "/mapping")
    return mapping
