"""What the adapters of HTTP providers have in common."""

from abc import ABC, abstractmethod
from functools import partial
from typing import Annotated, ClassVar, Generic, Self, TypeVar

import orjson
from pydantic import AfterValidator, Field, model_validator

from domain.messages.outbound import Outbound
from domain.messages.outcomes import Outcome, Refused
from gateways.background import in_background
from gateways.base import GatewayConfig, GatewayConnections, UnfitMessage
from gateways.config.template import has_placeholder
from gateways.net.http import DEFAULT_SECONDS, Call, UnfitHeader
from gateways.net.http_answer import Answer
from gateways.net.web_address import WebAddress


def _base(url: str) -> str:
    if has_placeholder(url):
        raise ValueError("must not have placeholders")
    return url.rstrip("/")


BaseUrl = Annotated[WebAddress, AfterValidator(_base)]


class ProviderConfig(GatewayConfig):
    """Base of the configurations of known HTTP providers. Each has its own default for ``base_url``."""

    DESTINATION: ClassVar[frozenset[str]] = frozenset({"base_url", "allow_private_network"})

    base_url: BaseUrl
    """Where the provider's API is: another region's host, or a double in tests."""
    allow_private_network: bool = False
    timeout: Annotated[float, Field(gt=0, le=300)] = DEFAULT_SECONDS
    """Seconds for the request and its whole answer."""
    receipts: bool | None = None
    """Delivery receipts will come, because the provider's webhook points at us. ``None``: if it is configured here."""

    @property
    def has_webhook(self) -> bool:
        """Whether what verifies the provider's posts is configured."""
        return False

    @property
    def expects_receipts(self) -> bool:
        """Whether a message's state may change after ``sent``."""
        return self.has_webhook if self.receipts is None else self.receipts

    @model_validator(mode="after")
    def _receipts_can_be_verified(self) -> Self:
        if self.receipts and not self.has_webhook:
            raise ValueError("receipts need the webhook's secret or key, or nothing that comes could be believed")
        return self


_Config = TypeVar("_Config", bound=ProviderConfig)


class ProviderGateway(ABC, Generic[_Config]):
    """Base of gateways that send each message by one request: an adapter builds requests and interprets answers."""

    dedupes: ClassVar[bool] = False

    def __init__(self, config: _Config, outside: GatewayConnections) -> None:
        self._config = config
        self._http = outside.http(allow_private_network=config.allow_private_network)

    async def send(self, message: Outbound) -> Outcome:
        """Send one message."""
        prepare = partial(self._prepared, message)
        try:
            prepared, body = await in_background(prepare) if self._takes_long(message) else prepare()
        except UnfitMessage as error:
            return Refused(error.code, str(error))
        except (orjson.JSONEncodeError, UnicodeEncodeError, UnfitHeader) as error:
            return Refused("invalid_content", str(error))
        answer = await self._http.exchange(prepared, body)
        return self._outcome(answer, message) if isinstance(answer, Answer) else answer

    async def aclose(self) -> None:
        """Nothing to close: the HTTP client is shared."""

    @abstractmethod
    def _prepared(self, message: Outbound) -> tuple[Call, bytes]:
        """The call that sends the message, and its body.

        Raises:
            UnfitMessage: the provider would surely refuse it.
            orjson.JSONEncodeError, UnicodeEncodeError, UnfitHeader: it cannot be written down.
        """

    @abstractmethod
    def _outcome(self, answer: Answer, message: Outbound) -> Outcome:
        """What the answer means for the message."""

    def _takes_long(self, message: Outbound) -> bool:
        """Whether preparing it takes so long that others must be served meanwhile."""
        return False
