"""Requests to customers' endpoints, for the section ``webhooks`` of the OpenAPI document."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from api.admin.reports.alerts import AlertTold
from api.reference.openapi import PUBLIC
from domain.callbacks import EventType
from domain.channels import Channel
from domain.mail.sender_domains import DomainState, RecordState
from domain.messages.statuses import State

EXAMPLE: dict[str, Any] = {
    "type": "message.undelivered",
    "timestamp": "2026-12-01T09:30:00.123456Z",
    "data": {
        "uid": "01a22ee6-b000-8000-8000-000000000000",
        "channel": "sms",
        "to": "+14155550123",
        "state": "undelivered",
        "status": "fail",
        "code": "twilio_30005",
        "reason": "unknown destination handset",
        "user_id": 2,
        "by_admin": False,
        "gateway": "my-provider",
        "provider_id": "SM123",
        "test": False,
        "at": "2026-12-01T09:30:00.123456Z",
    },
}


_OF_MESSAGES = [kind for kind in EventType if kind.startswith("message.")]
_MessageEventType = Annotated[EventType, WithJsonSchema({"type": "string", "enum": _OF_MESSAGES})]


class MessageNow(BaseModel):
    """The message at the time of the event."""

    uid: UUID
    channel: Channel
    to: str
    state: State
    status: str = Field(description="The same by XSender's names.")
    code: str | None
    reason: str | None
    user_id: int | None = Field(description="`null`: an admin key sent it.")
    by_admin: bool
    gateway: str | None
    provider_id: str | None
    test: bool = Field(description="Whether a test key sent it: it only pretended to be sent.")
    at: datetime


class MessageEvent(BaseModel):
    """An event of a message."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    type: _MessageEventType
    timestamp: datetime
    data: MessageNow


class InboundNow(BaseModel):
    """What somebody wrote, and to which gateway."""

    channel: Channel
    gateway: str
    sender: str = Field(alias="from", description="A number with `+`, or the provider's own id of the sender.")
    recipient: str = Field(alias="to", description="Your number, as the provider writes it.")
    name: str | None
    body: str
    media: list[str] = Field(description="Addresses of files, or the provider's ids of them.")
    keyword: Literal["stop", "start", "help"] | None
    type: str = Field(description="As at `GET /api/inbound`.")
    content: dict[str, Any] | None = Field(description="What it holds besides `body` and `media`, by its type.")
    sender_id: str | None = Field(description="The provider's own id of the sender, where it has one.")
    user_id: int | None = Field(description="Whose the gateway is. `null`: the admin's.")
    by_admin: bool
    at: datetime


class InboundEvent(BaseModel):
    """An inbound message."""

    type: Literal["inbound.received"]
    timestamp: datetime
    data: InboundNow


class RecordNow(BaseModel):
    """What the check found of a record."""

    purpose: Literal["ownership", "dkim", "dkim_next", "spf", "dmarc"]
    state: RecordState
    message: str


class DomainNow(BaseModel):
    """A sender domain after a check of its DNS records."""

    id: int
    domain: str
    state: DomainState
    records: list[RecordNow]
    user_id: int | None = Field(description="Whose it is. `null`: the admin's.")
    by_admin: bool
    at: datetime


class DomainEvent(BaseModel):
    """The state of a sender domain has changed."""

    type: Literal["domain.verified", "domain.failing", "domain.unverified"]
    timestamp: datetime
    data: DomainNow


class WalletNow(BaseModel):
    """A wallet that has become low."""

    channel: Channel
    available: int
    below: int = Field(description="It is low below so many credits.")
    user_id: int
    at: datetime


class CreditEvent(BaseModel):
    """Fewer credits are available than the user wants to have."""

    type: Literal["credit.low"]
    timestamp: datetime
    data: WalletNow


class AutomationNow(BaseModel):
    """What is told about an automation."""

    model_config = ConfigDict(extra="allow")

    automation: str = Field(description="Its key.")
    subject: str
    message: str
    step: str
    failed: int | None = Field(default=None, description="Of failures: how many runs failed at the step.")
    run: UUID | None = Field(default=None, description="One of the runs that it is about.")
    code: str | None = Field(default=None, description="Why that one failed.")
    count: int | None = Field(default=None, description="Of what steps tell: how many messages came together.")
    left_out: int | None = Field(default=None, description="Those of them that `message` has not.")


class AutomationTold(BaseModel):
    """Runs of an automation failed; or it was paused because too many did; or one of its steps tells something."""

    type: Literal["automation.failing", "automation.paused", "automation.notice"]
    timestamp: datetime
    data: AutomationNow


class LeadSourceNow(BaseModel):
    """What is told about a source of leads."""

    lead_source: str = Field(description="Its key.")
    subject: str
    message: str
    code: str | None = Field(default=None, description="Why it is parked.")
    token_until: datetime | None = Field(default=None, description="When its token ends.")
    last_lead_at: datetime | None = Field(default=None, description="Of a silent one.")


class LeadSourceTold(BaseModel):
    """A source of leads cannot reach its provider; or its token ends soon; or no lead came for long."""

    type: Literal["lead_source.parked", "lead_source.expiring", "lead_source.silent"]
    timestamp: datetime
    data: LeadSourceNow


class DevicesNow(BaseModel):
    """What is told about phones."""

    device: str = Field(description="The name of the first.")
    devices: list[str] = Field(description="The names of all that went away together, at most 20.")
    count: int
    waiting: int = Field(description="Messages that wait for phones of their gateways.")
    subject: str
    message: str


class DevicesTold(BaseModel):
    """Phones were not heard of for a while."""

    type: Literal["device.offline"]
    timestamp: datetime
    data: DevicesNow


class LeadNow(BaseModel):
    """A lead that became a contact."""

    lead_source: str = Field(description="The key of its source.")
    subject: str
    message: str
    lead: UUID
    contact: UUID
    name: str
    email: str | None
    phone: str | None
    whatsapp: str | None
    about: dict[str, str] = Field(description="Its campaign, ad and form, as the provider names them.")


class LeadReceived(BaseModel):
    """A lead has come: posted if the source's `notify` has `callback`."""

    type: Literal["lead.received"]
    timestamp: datetime
    data: LeadNow


class PostedAuditEvent(BaseModel):
    """An event of the audit log."""

    type: Literal["audit.event"]
    timestamp: datetime
    data: dict[str, Any] = Field(description="As `GET /api/admin/v1/audit` lists it.")


class TestedEndpoint(BaseModel):
    """The endpoint that is tested, and who owns it."""

    endpoint_id: UUID
    user_id: int | None
    by_admin: bool


class EndpointTest(BaseModel):
    """Somebody asked for a test of the endpoint."""

    type: Literal["endpoint.test"]
    timestamp: datetime
    data: TestedEndpoint


posted = APIRouter(tags=["callbacks"])
"""Not served here: these are requests to customers' servers."""


@posted.post("message", summary="A message reached a state, or its recipient acted on it", openapi_extra=PUBLIC)
async def message_event(event: MessageEvent) -> None:
    """Posted to every endpoint that listens to its `type`, at least once, signed by Standard Webhooks in the headers
    `webhook-id`, `webhook-timestamp` and `webhook-signature`. Any 2xx within 15 seconds accepts it."""


@posted.post("inbound", summary="An inbound message", openapi_extra=PUBLIC)
async def inbound_event(event: InboundEvent) -> None:
    """Posted like message events."""


@posted.post("domain", summary="A sender domain may be sent from, is failing, or is lost", openapi_extra=PUBLIC)
async def domain_event(event: DomainEvent) -> None:
    """Posted like message events."""


@posted.post("credit", summary="A wallet has become low", openapi_extra=PUBLIC)
async def credit_event(event: CreditEvent) -> None:
    """Posted like message events, once whenever it becomes low."""


@posted.post("automation", summary="Runs of an automation failed, or it tells you something", openapi_extra=PUBLIC)
async def automation_event(event: AutomationTold) -> None:
    """Posted like message events: of a step's first failure, its 10th, 100th and 1000th; and when it is paused."""


@posted.post("lead_source", summary="A source of leads needs somebody", openapi_extra=PUBLIC)
async def lead_source_event(event: LeadSourceTold) -> None:
    """Posted like message events: once when it is parked; 14, 7 and 1 days before its token ends; and once when no lead
    came for much longer than usual."""


@posted.post("device", summary="Phones are offline", openapi_extra=PUBLIC)
async def device_event(event: DevicesTold) -> None:
    """Posted like message events, once for all phones that went away together."""


@posted.post("alert", summary="The install alerts its operators", openapi_extra=PUBLIC)
async def alert_event(event: AlertTold) -> None:
    """Posted like message events, to endpoints of the admin: once, each day that it lasts, and when it is over."""


@posted.post("lead", summary="A lead has come", openapi_extra=PUBLIC)
async def lead_event(event: LeadReceived) -> None:
    """Posted like message events, if the source's `notify` has `callback`."""


@posted.post("audit", summary="An event of the audit log", openapi_extra=PUBLIC)
async def audit_event(event: PostedAuditEvent) -> None:
    """Posted like message events, to endpoints of the admin that name `audit.event`, in order, within seconds."""


@posted.post("test", summary="A test of your endpoint", openapi_extra=PUBLIC)
async def endpoint_test(event: EndpointTest) -> None:
    """Posted like message events, when `POST /api/callbacks/{callback}/test` is called."""
