"""What the adapters of HTTP providers have in common."""

from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from gateways.base import GatewayConfig
from gateways.config.template import has_placeholder
from gateways.net.http import DEFAULT_SECONDS
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
        """Whether ``sent`` is not the last word on a message."""
        return self.has_webhook if self.receipts is None else self.receipts

    @model_validator(mode="after")
    def _receipts_can_be_verified(self) -> Self:
        if self.receipts and not self.has_webhook:
            raise ValueError("receipts need the webhook's secret or key, or nothing that comes could be believed")
        return self
