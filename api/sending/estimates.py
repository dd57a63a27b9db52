"""``POST /api/{channel}/estimate``: what a send request would cost."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.http.auth import requires
from api.http.state import state_of
from api.messages.models import EstimateAnswer
from api.reference.openapi import answers, documented_body
from api.resources.changing import answer_one
from api.sending.large_bodies import Bodies
from api.sending.parse_request import ReadRequest
from api.sending.routes import read_contacts
from domain.channels import Channel
from domain.ids import new_batch_id
from domain.text.segments import count_segments, outside_gsm
from services.contacts.models import SEND_MODELS
from services.contacts.unknown_fields import unread_parameters
from store.accounts.api_keys import Principal

router = APIRouter(tags=["send"])

_MOST_SHOWN = 20
"""Characters that are named."""


def _endpoint(channel: Channel) -> Callable[..., Awaitable[Response]]:
    async def estimate(
        request: Request,
        principal: Annotated[Principal, Depends(requires("send", channel, reads_query=False, minds_narrowing=True))],
    ) -> Response:
        parameters = unread_parameters(request.query_params, ())
        async with state_of(request).part(Bodies).read(request, principal.account_id) as raw:
            read = await read_contacts(request, principal, channel, raw, new_batch_id(), parameters, None)
        if not isinstance(read, ReadRequest):
            stored = read.batch.stored
            return answer_one({"messages": stored.total, "credits": stored.cost, **_NO_TEXT})
        messages = read.contacts.content.messages
        first = read.contacts.content.contents[messages[0].content]
        told = _text(first.body, first.unicode) if channel is Channel.SMS else _NO_TEXT
        return answer_one({"messages": len(messages), "credits": sum(one.price for one in messages), **told})

    return estimate


_NO_TEXT: dict[str, Any] = {"parts": None, "encoding": None, "units": None, "unusual": []}


def _text(body: str, unicode: bool) -> dict[str, Any]:
    size = count_segments(body, unicode)
    unusual = outside_gsm(body)[:_MOST_SHOWN]
    return {"parts": size.parts, "encoding": size.encoding, "units": size.units, "unusual": unusual}


for _channel, _model in SEND_MODELS.items():
    router.add_api_route(
        f"/api/{_channel}/estimate",
        _endpoint(_channel),
        methods=["POST"],
        name=f"estimate_{_channel}",
        summary=f"What sending {_channel} messages would cost",
        description="The body of a send request: it is checked as that one, but nothing is accepted, sent or held.",
        response_model=None,
        responses=answers(EstimateAnswer, 402, 409, 413),
        openapi_extra=documented_body(_model),
    )
