from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gateways.base import GatewayConnections
from gateways.leads.graph import GraphApi
from gateways.leads.linkedin import LinkedInApi
from tests.leads.graph_double import GraphDouble
from tests.leads.linkedin_double import LinkedInDouble
from tests.leads.provider_double import serving

OWNER = "urn:li:sponsoredAccount:5"


@pytest.fixture
async def graph() -> AsyncIterator[GraphDouble]:
    """A page with a form of two questions."""
    async with serving(GraphDouble()) as double:
        double.add_page("1", "Shop", token="page-token")
        double.add_form("1", "10", "Offer", email="Your e-mail", budget="What is your budget?")
        yield double


@pytest.fixture
def meta(graph: GraphDouble, outside: GatewayConnections) -> Callable[..., GraphApi]:
    """Makes a client for the page."""

    def make(token: str = "page-token", *more: Any) -> GraphApi:
        return GraphApi(outside.private, graph.url, "v26.0", token, *more)

    return make


@pytest.fixture
async def linkedin() -> AsyncIterator[LinkedInDouble]:
    """An ad account with a form of two questions."""
    async with serving(LinkedInDouble()) as double:
        double.tokens["member-token"] = {OWNER}
        double.add_form(OWNER, 7, "Offer", EMAIL="Your e-mail", FIRST_NAME="First name")
        yield double


@pytest.fixture
def lead_sync(linkedin: LinkedInDouble, outside: GatewayConnections) -> LinkedInApi:
    """A client for the ad account."""
    return LinkedInApi(outside.private, linkedin.url, "202609", "member-token")
