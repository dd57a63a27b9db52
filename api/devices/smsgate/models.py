"""Answers to the app "SMS Gateway for Android", for the OpenAPI document."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AppText(_Answer):
    """The text of a message."""

    text: str


class AppMessage(_Answer):
    """A message that the phone is to send."""

    id: str = Field(max_length=36, description="The app sends none of a known id: it reports its state instead.")
    textMessage: AppText  # noqa: N815 - the app's name
    phoneNumbers: list[str] = Field(min_length=1, max_length=1)  # noqa: N815
    simNumber: int = Field(description="From 1.")  # noqa: N815
    withDeliveryReport: Literal[True]  # noqa: N815
    validUntil: datetime  # noqa: N815
    priority: int = Field(ge=-128, le=100, description="100: past the limits that are set in the app.")
    isEncrypted: Literal[False]  # noqa: N815
    state: Literal["Pending", "Cancelling"]
    createdAt: datetime  # noqa: N815


class AppWebhook(_Answer):
    """Where the app is to post an event."""

    id: str
    url: str
    event: str


class AppGatewaySettings(_Answer):
    """How the app learns of messages."""

    notification_channel: Literal["SSE_ONLY"]


class AppMessagesSettings(_Answer):
    """How the app sends: at once, as limits are kept before it gets messages."""

    limit_period: Literal["Disabled"]
    sim_selection_mode: Literal["OSDefault"]
    processing_order: Literal["FIFO"]
    log_lifetime_days: int


class AppPingSettings(_Answer):
    """How often the app says that it is alive."""

    interval_seconds: int


class AppWebhooksSettings(_Answer):
    """How the app posts events."""

    internet_required: bool
    retry_count: int
    signing_key: str


class AppSettings(_Answer):
    """The settings that the app is to have."""

    gateway: AppGatewaySettings
    messages: AppMessagesSettings
    ping: AppPingSettings
    webhooks: AppWebhooksSettings


class AppRegistration(_Answer):
    """A phone that was paired just now."""

    id: str
    token: str = Field(description="Of its session; shown once.")
    login: str = Field(description="A name that the app shows. Nobody can log in with it.")


class AppDeviceName(_Answer):
    """A device."""

    id: str
    name: str


class AppDevice(_Answer):
    """What the app shows of itself."""

    externalIp: str = Field(description="From which it calls.")  # noqa: N815
    device: AppDeviceName | None = Field(default=None, description="Only there with a session.")
