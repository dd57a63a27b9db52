"""Type ``whatsapp_cloud``: WhatsApp through Meta's Cloud API (developers.facebook.com/docs/whatsapp/cloud-api)."""

import re
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Accepted, Outcome, Unknown
from domain.whatsapp.numbers import NumberReport
from domain.whatsapp.templates import ProviderTemplate
from gateways.answers import parse
from gateways.base import GatewayConnections
from gateways.config.fields import Secret
from gateways.net.http import Call, call
from gateways.net.http_answer import Answer
from gateways.provider import BaseUrl, ProviderConfig, ProviderGateway
from gateways.whatsapp.cloud_message import check_fit, request
from gateways.whatsapp.cloud_numbers import read_number
from gateways.whatsapp.cloud_templates import read_templates
from gateways.whatsapp.meta_errors import meta_failure

_NUMBER = re.compile(r"[0-9]{6,20}")


class WhatsAppCloudConfig(ProviderConfig):
    """A business phone number and a token that may send from it."""

    SECRETS: ClassVar[frozenset[str]] = frozenset({"access_token", "app_secret", "verify_token"})

    business_account_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")] | None = None
    """The WhatsApp Business Account whose templates are read; ``None``: nothing is checked by them."""
    phone_number_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]
    access_token: Secret
    app_secret: Secret | None = None
    """With which Meta signs what it posts to the webhook."""
    verify_token: Secret | None = None
    """A token of our choice, which Meta sends when the webhook is set up."""
    api_version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]{1,2}$")] = "v23.0"
    base_url: BaseUrl = "https://graph.facebook.com"

    @property
    def has_webhook(self) -> bool:
        return self.app_secret is not None


class WhatsAppCloudGateway(ProviderGateway[WhatsAppCloudConfig]):
    """One request per message. Our uid travels along and comes back with every status, but nothing is deduped.

    Only Meta surely knows when a person last wrote: what comes too late is left to its answer (``outside_window``).
    """

    window_seconds = 86400.0

    def __init__(self, config: WhatsAppCloudConfig, outside: GatewayConnections) -> None:
        super().__init__(config, outside)
        headers = {"authorization": f"Bearer {config.access_token}", "content-type": "application/json"}
        url = f"{config.base_url}/{config.api_version}/{config.phone_number_id}/messages"
        self._call = call("POST", url, headers, config.timeout)

    async def list_templates(self) -> list[ProviderTemplate] | None:
        """The templates of its business account."""
        config = self._config
        if config.business_account_id is None:
            return None
        base = f"{config.base_url}/{config.api_version}"
        return await read_templates(self._http, base, config.business_account_id, config.access_token, config.timeout)

    async def read_number(self) -> NumberReport | None:
        """Its quality and its limit."""
        config = self._config
        base = f"{config.base_url}/{config.api_version}"
        return await read_number(self._http, base, config.phone_number_id, config.access_token, config.timeout)

    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        check_fit(message)
        return self._call, orjson.dumps(request(message))

    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        body = parse(answer)
        if isinstance(body, dict) and isinstance(body.get("error"), dict):
            return meta_failure(answer, body["error"])
        if not 200 <= answer.status < 300:
            return meta_failure(answer, {})
        wamid = _message_id(body)
        if wamid is None:
            return Unknown(f"answered {answer.status} without the id of a message")
        return Accepted(wamid, receipts=self._config.expects_receipts, recipient_id=_other_number(body, message.to))


def _other_number(body: Any, to: str) -> str | None:
    """The number that WhatsApp knows the recipient by, if it is not the one that was dialled: replies come from it."""
    match body:
        case {"contacts": [{"wa_id": str(wa_id)}, *_]} if _NUMBER.fullmatch(wa_id) and to not in (wa_id, f"+{wa_id}"):
            return f"+{wa_id}"
        case _:
            return None


def _message_id(body: Any) -> str | None:
    """The new message's id. One held back for a while (``message_status``: held, paused) was taken, too."""
    match body:
        case {"messages": [{"id": str(wamid)}, *_]}:
            return wamid
        case _:
            return None
