"""``/api/templates/{template}/preview`` and ``…/test``: what a template looks like."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.state import AppState, state_of
from api.messages.models import SendAnswer
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known
from api.resources.changing import answer_one
from api.sending.routes import send_raw, terms_of
from api.templates import models
from api.templates.routes import Holder, Which
from api.templates.work import apart, caught
from domain.access.user_scopes import CONTACTS, SEND, TEMPLATES
from domain.audience.contacts.contact import Contact
from domain.channels import Channel
from domain.errors import InvalidError
from services.audience.contacts.values import find_named
from services.audience.templates.preview import contact_of, preview
from services.audience.templates.reading import named_of
from store.accounts.api_keys import Principal
from store.audience.templates import templates

router = APIRouter(prefix="/api/templates", tags=["templates"])

_MARK = "[Test] "


@router.post(
    "/{template}/preview",
    summary="Show what a recipient would get",
    response_model=None,
    responses=answers(models.PreviewAnswer),
    openapi_extra=documented_body(models.ShowOf, required=False),
)
async def preview_template(request: Request, principal: Holder, template: Which) -> Response:
    """The texts on each channel, with credits, parts, links, and what is missing. Nothing is sent."""
    check_known(request)
    raw = await read_body(request)
    body = parse_body(raw, models.ShowOf) if raw else models.ShowOf()
    state = state_of(request)
    contact = await _contact(state, principal, body)
    found = await templates.get(state.pool, principal.account_id, template)
    named = await named_of(state_of(request).pool, found, body.version)
    work = partial(preview, named, body.variables, body.language, await terms_of(state, principal), contact)
    size = len(raw) + len(str(contact))
    if all(one.is_quick(1) for one in named.values()) and size < 4_000:
        shown = caught(work)
    else:
        shown = await apart(request, principal, size + len(str(found.draft)), caught, work)
    if isinstance(shown, Exception):
        raise shown
    return answer_one({"version": body.version, "channels": shown})


async def _contact(state: AppState, principal: Principal, body: models.ShowOf) -> Contact | None:
    if body.contact is None:
        return None
    if CONTACTS not in principal.scopes:
        raise ApiError(403, "scope_missing", f"this key lacks the scope {CONTACTS!r}, which shows stored contacts")
    return await find_named(state.pool, principal.account_id, body.contact.model_dump(exclude_none=True))


def _test_endpoint(channel: Channel) -> Callable[..., Awaitable[Response]]:
    async def send_test(
        request: Request,
        principal: Annotated[Principal, Depends(requires(SEND, channel, also=(TEMPLATES,)))],
        template: Which,
    ) -> Response:
        check_known(request)
        body = parse_body(await read_body(request), models.SendTest)
        found = await templates.get(state_of(request).pool, principal.account_id, template)
        named = (await named_of(state_of(request).pool, found, body.version)).get(channel)
        if named is None:
            raise InvalidError("template_channel", f"the template {template!r} has no texts for {channel}", "/template")
        if channel is Channel.EMAIL:
            marked = {
                language: {**texts, "subject": _MARK + texts["subject"]} for language, texts in named.texts.items()
            }
            named = replace(named, texts=marked)
        address = "email" if channel is Channel.EMAIL else "number"
        variables = contact_of(channel, body.variables)
        more = {"gateway_identifier": body.gateway_identifier} if body.gateway_identifier else {}
        language = {"language": body.language} if body.language else {}
        contacts = [variables | language | {address: to} for to in body.to]
        raw = orjson.dumps({"template": template, "priority": "transactional", **more, "contact": contacts})
        return await send_raw(request, principal, channel, raw, (), replace(named, version_id=0))

    return send_test


for _channel in Channel:
    router.add_api_route(
        f"/{{template}}/test/{_channel}",
        _test_endpoint(_channel),
        methods=["POST"],
        name=f"test_{_channel}_template",
        summary=f"Send a template to yourself by {_channel}",
        description="The draft, or a version, filled in from `variables`; the subject of an email begins with [Test]. "
        "It needs the scope `send` too, and costs what it costs.",
        response_model=None,
        responses=answers(SendAnswer, 402, 409, 413),
        openapi_extra=documented_body(models.SendTest, idempotent=True),
    )
