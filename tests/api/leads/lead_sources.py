"""Sources of leads for tests."""

from typing import Any

from tests.api.automations.automations import data
from tests.stack import Stack, User

META = {"kind": "meta", "name": "Spring page", "page_id": "508", "credentials": {"token": "EAAB-token-1"}}
GOOGLE = {"kind": "google", "name": "Search ads"}
LINKEDIN = {
    "kind": "linkedin",
    "name": "B2B",
    "owner": "urn:li:sponsoredAccount:508",
    "credentials": {"token": "AQV-token-1", "client_id": "86abc", "client_secret": "li-secret-1"},
}
FORM = {"kind": "form", "name": "Web site", "origins": ["https://example.com"]}
KINDS = {"meta": META, "google": GOOGLE, "linkedin": LINKEDIN, "form": FORM}


async def new_source(stack: Stack, user: User, body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A source, with what is shown once."""
    made: dict[str, Any] = await data(stack, user, "POST", "/lead-sources", body | more)
    return made
