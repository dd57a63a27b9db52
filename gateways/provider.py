"""What the adapters of HTTP providers have in common."""

from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from gateways.base import GatewayConfig
from gateways.http import DEFAULT_SECONDS
from gateways.template import has_placeholder
from gateways.web_address import WebAddress


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
    receipts: bool = False
    """Delivery receipts will come, because the provider's webhook points at us."""
