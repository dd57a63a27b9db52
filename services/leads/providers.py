"""The providers of leads: which client a source needs, and how its leads are read."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from domain.keyring import Keyring
from domain.leads.source import HOSTS, VERSIONS, SourceSettings
from gateways.base import GatewayConnections
from gateways.leads.fetching import Fetched, Listed, Refused
from gateways.leads.graph import GraphApi
from gateways.leads.linkedin import LeadType, LinkedInApi
from gateways.net.http import HttpClient
from gateways.outgoing_call import site_of
from services.settings.current import CurrentSettings
from store.leads.leads import Lead
from store.leads.sealing import open_credentials
from store.leads.sources import Source
from store.pool import Pool


class Providers:
    """One per process: asks Meta and LinkedIn, each source with its own credentials."""

    def __init__(
        self, pool: Pool, keyring: Keyring, outside: GatewayConnections, environment: Mapping[str, Any]
    ) -> None:
        """``environment``: settings that the process was started with."""
        self._keyring = keyring
        self._outside = outside
        self._settings = CurrentSettings(pool, environment)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._outside.aclose()

    async def fetch(self, source: Source, lead: Lead) -> Fetched | Refused:
        """The raw lead."""
        return await self._fetch(source, lead.provider_id)

    async def is_there(self, source: Source, provider_id: str) -> bool | None:
        """Whether another lead can be fetched; ``None``: that cannot be said now."""
        found = await self._fetch(source, provider_id)
        if isinstance(found, Fetched):
            return True
        return None if found.act in ("temporary", "rate") else False

    async def graph(self, source: Source) -> GraphApi | Refused:
        """Meta's API, as a source may use it."""
        credentials, settings = self._known(source)
        if "token" not in credentials:
            return _NO_TOKEN
        base, http = await self._host(source, settings)
        version = settings.api_version or VERSIONS["meta"]
        return GraphApi(http, base, version, credentials["token"], credentials.get("app_secret"))

    async def linkedin(self, source: Source) -> LinkedInApi | Refused:
        """LinkedIn's API, as a source may use it."""
        credentials, settings = self._known(source)
        if "token" not in credentials:
            return _NO_TOKEN
        base, http = await self._host(source, settings)
        return LinkedInApi(http, base, settings.api_version or VERSIONS["linkedin"], credentials["token"])

    async def missed(self, source: Source, since: datetime) -> AsyncIterator[Listed | Refused]:
        """All leads that the provider got since then, some at a time; it ends with a refusal if there is one."""
        lists = self._missed_of_meta if source.kind == "meta" else self._missed_of_linkedin
        async for found in lists(source, since):
            yield found
            if isinstance(found, Refused):
                return

    async def _missed_of_meta(self, source: Source, since: datetime) -> AsyncIterator[Listed | Refused]:
        api = await self.graph(source)
        if isinstance(api, Refused):
            yield api
            return
        settings = SourceSettings.of(source.settings)
        forms = list(settings.forms)
        if not forms:
            async for listed in _pages(partial(api.list_forms, settings.page_id or "")):
                if isinstance(listed, Refused):
                    yield listed
                    return
                forms += [str(one["id"]) for one in listed.items if "id" in one]
        for form_id in forms:
            async for listed in _pages(partial(api.list_leads, form_id, since)):
                yield listed

    async def _missed_of_linkedin(self, source: Source, since: datetime) -> AsyncIterator[Listed | Refused]:
        api = await self.linkedin(source)
        if isinstance(api, Refused):
            yield api
            return
        owner = SourceSettings.of(source.settings).owner or ""
        for kind in _TYPES["sponsoredAccount" if ":sponsoredAccount:" in owner else "organization"]:
            async for listed in _pages(partial(api.list_responses, owner, kind, since)):
                yield listed

    async def _fetch(self, source: Source, provider_id: str) -> Fetched | Refused:
        if source.kind == "meta":
            graph = await self.graph(source)
            return graph if isinstance(graph, Refused) else await graph.fetch_lead(provider_id)
        linkedin = await self.linkedin(source)
        return linkedin if isinstance(linkedin, Refused) else await linkedin.fetch_response(provider_id)

    def _known(self, source: Source) -> tuple[Mapping[str, str], SourceSettings]:
        return open_credentials(self._keyring, source.id, source.sealed), SourceSettings.of(source.settings)

    async def _host(self, source: Source, settings: SourceSettings) -> tuple[str, HttpClient]:
        base = settings.api_url or HOSTS[source.kind]
        site = site_of(base)
        allowed = (await self._settings.recent()).private_call_hosts
        is_private = site is not None and (site.name in allowed or site.host in allowed)
        outside = self._outside.of(f"account {source.account_id}")
        return base.rstrip("/"), outside.http(allow_private_network=is_private)


async def _pages(read: Callable[[str | None], Awaitable[Listed | Refused]]) -> AsyncIterator[Listed | Refused]:
    cursor = None
    for _ in range(_MOST_PAGES):
        found = await read(cursor)
        yield found
        if isinstance(found, Refused) or found.cursor is None:
            return
        cursor = found.cursor


_NO_TOKEN = Refused("access", "token_missing", "the source has no token: enter one")
_TYPES: Mapping[str, Sequence[LeadType]] = {
    "sponsoredAccount": ("SPONSORED",),
    "organization": ("COMPANY", "EVENT", "ORGANIZATION_PRODUCT"),
}
"""Types of leads that an owner has."""
_MOST_PAGES = 10_000
"""Of a list that never ends."""
