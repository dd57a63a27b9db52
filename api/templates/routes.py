"""``/api/templates``: templates of messages, their drafts and versions."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.http.auth import requires
from api.http.body import parse_body, parse_small, read_body, validate
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from api.templates import models
from api.templates.work import LARGEST, MOST_VALUES, apart, caught, check
from domain.access.user_scopes import TEMPLATES
from domain.errors import ConflictError, InvalidError
from services.audience.templates import rules
from services.audience.templates.checking import check_key
from services.audience.templates.diff import compare
from services.audience.templates.models import TemplateBody, TemplateDraft
from services.audience.templates.preparing import prepare
from services.audience.templates.shown import head, shown, shown_version, version_head
from services.changes import Change
from store.accounts.api_keys import Principal
from store.audience.templates import templates
from store.audience.templates.templates import Template, Version

router = APIRouter(prefix="/api/templates", tags=["templates"])

Holder = Annotated[Principal, Depends(requires(TEMPLATES))]
Which = Annotated[QueryText, Path(alias="template", max_length=64, description="The template's key.")]
_Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
_AtLeastOne = Annotated[int, Query(ge=1, le=2**31 - 1)]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.TemplateAnswer, 409, 412)}


@router.get("", summary="Your templates, newest first", response_model=None, responses=answers(models.TemplatePage))
async def list_templates(
    request: Request,
    principal: Holder,
    archived: Annotated[bool | None, Query(description="Only those that are, or are not; left out: all.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their texts."""
    check_known(request)

    async def page(below: int, most: int) -> Sequence[Template]:
        return await templates.page(state_of(request).pool, principal.account_id, archived, below, most)

    return await listed(request, limit, cursor, format, below_id(page), head)


@router.get("/{template}", summary="Read a template", **_one)
async def get_template(request: Request, principal: Holder, template: Which) -> Response:
    """With its draft."""
    check_known(request)
    return answer_one(shown(await templates.get(state_of(request).pool, principal.account_id, template)))


@router.put(
    "/{template}", summary="Add a template, or replace its draft", openapi_extra=documented_body(TemplateDraft), **_one
)
async def put_template(request: Request, principal: Holder, template: Which, dry_run: DryRun = False) -> Response:
    """The texts are checked. What is sent changes only when the draft is published."""
    check_known(request)
    check_key(template)
    raw = await read_body(request, LARGEST)
    draft = validate(parse_small(raw, MOST_VALUES), TemplateDraft)
    await check(request, principal, draft, len(raw))

    async def work(made: Change) -> Answer:
        before = await templates.find(made.store, principal.account_id, template, lock=True)
        check_match(request, None if before is None else shown(before))
        return "saved", shown(await rules.save_template(made, principal.account_id, template, draft))

    return await perform(request, user_actor(request, principal), "template.saved", work, dry_run=dry_run)


@router.post(
    "/{template}/publish",
    summary="Publish a template's draft, or an older version again",
    response_model=None,
    responses=answers(models.VersionAnswer, 409, 412),
    openapi_extra=documented_body(models.Publish, idempotent=True, required=False),
)
async def publish_template(request: Request, principal: Holder, template: Which, dry_run: DryRun = False) -> Response:
    """As a new version, which never changes. Sends take it from the next request on."""
    check_known(request)
    raw = await read_body(request)
    body = parse_body(raw, models.Publish) if raw else models.Publish()
    pool = state_of(request).pool
    seen = await templates.get(pool, principal.account_id, template)
    texts = seen.draft if body.version is None else (await templates.version(pool, seen, body.version)).body
    texts_of_it = TemplateBody.model_validate(texts)
    await check(request, principal, texts_of_it, len(raw) + _size(texts))
    ready = await prepare(texts_of_it)  # before the transaction: MJML takes long

    async def work(made: Change, _: KeyClaim) -> Answer:
        found = await templates.get(made.store, principal.account_id, template, lock=True)
        check_match(request, shown(found))
        if body.version is None and found.draft != texts:
            raise ConflictError("template_changed", "the draft has changed meanwhile: read it again")
        version = await rules.publish_template(made, found, texts, ready, body.note, body.version)
        return "published", shown_version(version)

    actor = user_actor(request, principal)
    return await perform_once(request, actor, "template.published", raw, work, dry_run=dry_run)


@router.post("/{template}/archive", summary="Archive a template", **_one)
async def archive_template(request: Request, principal: Holder, template: Which, dry_run: DryRun = False) -> Response:
    """Nothing new is sent from it. It is not deleted, as messages name it."""
    return await _archive(request, principal, template, archived=True, dry_run=dry_run)


@router.post("/{template}/restore", summary="Bring an archived template back", **_one)
async def restore_template(request: Request, principal: Holder, template: Which, dry_run: DryRun = False) -> Response:
    """It is sent again as it was."""
    return await _archive(request, principal, template, archived=False, dry_run=dry_run)


async def _archive(request: Request, principal: Principal, key: str, *, archived: bool, dry_run: bool) -> Response:
    check_known(request)

    async def work(made: Change) -> Answer:
        found = await templates.get(made.store, principal.account_id, key, lock=True)
        check_match(request, shown(found))
        changed = await rules.archive_template(made, principal.account_id, key, archived=archived)
        return "archived" if archived else "restored", shown(changed)

    action = "template.archived" if archived else "template.restored"
    return await perform(request, user_actor(request, principal), action, work, dry_run=dry_run)


@router.get(
    "/{template}/versions",
    summary="A template's versions, newest first",
    response_model=None,
    responses=answers(models.VersionPage),
)
async def list_template_versions(
    request: Request,
    principal: Holder,
    template: Which,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Without their texts."""
    check_known(request)
    pool = state_of(request).pool
    found = await templates.get(pool, principal.account_id, template)

    async def page(below: int, most: int) -> Sequence[Version]:
        return await templates.version_page(pool, found, below, most)

    return await listed(request, limit, cursor, format, below_id(page), version_head, lambda one: str(one.number))


@router.get(
    "/{template}/versions/{version}",
    summary="Read a version of a template",
    response_model=None,
    responses=answers(models.VersionAnswer),
)
async def get_template_version(request: Request, principal: Holder, template: Which, version: _Number) -> Response:
    """With its texts."""
    check_known(request)
    pool = state_of(request).pool
    found = await templates.get(pool, principal.account_id, template)
    return answer_one(shown_version(await templates.version(pool, found, version)))


@router.get(
    "/{template}/diff",
    summary="Compare versions of a template",
    response_model=None,
    responses=answers(models.DifferencesAnswer),
)
async def diff_template(
    request: Request,
    principal: Holder,
    template: Which,
    from_: Annotated[_AtLeastOne | None, Query(alias="from", description="Left out: the published version.")] = None,
    to: Annotated[_AtLeastOne | None, Query(description="Left out: the draft.")] = None,
) -> Response:
    """Text by text, as `diff -u` does."""
    check_known(request)
    pool = state_of(request).pool
    found = await templates.get(pool, principal.account_id, template)
    number = from_ or found.published
    if number is None:
        raise InvalidError("template_not_published", f"the template {template!r} has no version yet")
    before = (await templates.version(pool, found, number)).body
    after = found.draft if to is None else (await templates.version(pool, found, to)).body
    changes = await apart(request, principal, _size(before) + _size(after), caught, partial(compare, before, after))
    if isinstance(changes, Exception):
        raise changes
    return answer_one({"from": number, "to": to, "changes": changes})


def _size(body: dict[str, Any]) -> int:
    return len(str(body))
