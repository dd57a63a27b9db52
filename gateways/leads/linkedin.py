"""Leads of LinkedIn: what is asked of its Lead Sync API (learn.microsoft.com/linkedin/marketing/lead-sync/leadsync)."""

import re
import time
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlencode

from gateways.leads.fetching import Fetched, Listed, Refused, Token, ask, moment, object_in, objects
from gateways.leads.linkedin_errors import linkedin_refusal
from gateways.net.http import HttpClient

LeadType = Literal["SPONSORED", "EVENT", "COMPANY", "ORGANIZATION_PRODUCT"]
"""Where a form was shown: in an ad; or on the page of an event, an organization, or one of its products."""

_OWNER = re.compile("urn:li:(sponsoredAccount|organization):[0-9]{1,20}")
_RESPONSE = re.compile("(?:urn:li:leadGenFormResponse:)?([0-9A-Za-z-]{1,100})")
_CURSOR = re.compile("[0-9]{1,9}")
_FIELDS = (
    "id,owner,leadType,leadMetadata,associatedEntity,versionedLeadGenFormUrn,submittedAt,testLead,formResponse,"
    "form:(id,name,creationLocale,hiddenFields,content)"
)
"""With the form, whose questions the answers name by their ids alone."""
_PER_PAGE = 20
"""Leads or forms: an answer has to stay below a megabyte, and each lead brings its form along."""


class LinkedInApi:
    """LinkedIn's API with a member's token. ``base_url`` has no slash at its end, ``version`` is such as ``202609``."""

    def __init__(self, http: HttpClient, base_url: str, version: str, token: str) -> None:
        self._http, self._base, self._token = http, base_url, token
        self._headers = {
            "authorization": f"Bearer {token}",
            "accept": "application/json",
            "linkedin-version": version,
            "x-restli-protocol-version": "2.0.0",
        }

    async def fetch_response(self, response: str) -> Fetched | Refused:
        """One lead, by its id or its URN, with the form that it answers."""
        id_ = _RESPONSE.fullmatch(response)
        if id_ is None:
            return Refused("missing", "id_unfit", "this is no id of LinkedIn's")
        return await self._get(f"leadFormResponses/{id_[1]}?fields={_FIELDS}")

    async def list_responses(
        self, owner: str, lead_type: LeadType, since: datetime, cursor: str | None = None
    ) -> Listed | Refused:
        """Leads of one type that were sent since a time, one page of them, each as ``fetch_response`` gives it.

        ``owner`` is the URN of an ad account or of an organization.
        """
        asked = _owned(owner)
        if asked is None:
            return _NO_OWNER
        begin, end = int(since.timestamp() * 1000), int(time.time() * 1000)
        span = f"submittedAtTimeRange=(start:{begin},end:{end})"
        path = f"leadFormResponses?{asked}&leadType=(leadType:{lead_type})&limitedToTestLeads=false&{span}"
        return await self._list(f"{path}&fields={_FIELDS}", cursor)

    async def list_forms(self, owner: str, cursor: str | None = None) -> Listed | Refused:
        """Forms of an ad account or an organization, with their questions. One page of them."""
        asked = _owned(owner)
        return await self._list(f"leadForms?{asked}", cursor) if asked else _NO_OWNER

    async def introspect(self, client_id: str, client_secret: str, oauth_url: str) -> Token | Refused:
        """What LinkedIn says of the token, to the app that got it.

        ``oauth_url`` is where it gives tokens out: ``https://www.linkedin.com``.
        """
        form = urlencode({"client_id": client_id, "client_secret": client_secret, "token": self._token}).encode()
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        url = f"{oauth_url}/oauth/v2/introspectToken"
        answer = await ask(self._http, "LinkedIn", "POST", url, headers, form)
        if isinstance(answer, Refused):
            return answer
        body = object_in(answer)
        refused = linkedin_refusal(answer, body)
        if refused and refused.act == "access":
            return Refused("access", refused.code, "LinkedIn does not know the client id, or its secret is another one")
        return refused or _token(body or {})

    async def _list(self, path: str, cursor: str | None) -> Listed | Refused:
        start = int(cursor) if cursor and _CURSOR.fullmatch(cursor) else 0
        found = await self._get(f"{path}&count={_PER_PAGE}&start={start}")
        if isinstance(found, Refused):
            return found
        elements = found.body.get("elements")
        if not isinstance(elements, list):
            return Refused("temporary", "answer_unfit", "LinkedIn answered without a list")
        total = _total(found.body.get("paging"))
        after = start + len(elements)
        is_last = not elements or (len(elements) < _PER_PAGE if total is None else after >= total)
        return Listed(objects(elements), None if is_last else str(after))

    async def _get(self, path: str) -> Fetched | Refused:
        answer = await ask(self._http, "LinkedIn", "GET", f"{self._base}/rest/{path}", self._headers)
        if isinstance(answer, Refused):
            return answer
        body = object_in(answer)
        return linkedin_refusal(answer, body) or Fetched(body or {})


_NO_OWNER = Refused(
    "access", "owner_unfit", "the owner must be urn:li:sponsoredAccount:<number> or urn:li:organization:<number>"
)


def _owned(owner: str) -> str | None:
    """Part of a query: what an owner has, by its URN, in the notation of Rest.li 2.0."""
    kind = _OWNER.fullmatch(owner)
    return f"q=owner&owner=({kind[1]}:{quote(owner, safe='')})" if kind else None


def _total(paging: object) -> int | None:
    total = paging.get("total") if isinstance(paging, dict) else None
    return total if isinstance(total, int) and not isinstance(total, bool) else None


def _token(said: dict[str, object]) -> Token:
    scope = said.get("scope")
    return Token(
        is_valid=said.get("active") is True,
        scopes=tuple(re.split("[ ,]+", scope.strip())) if isinstance(scope, str) and scope.strip() else (),
        expires_at=moment(said.get("expires_at")),
        app_id=client if isinstance(client := said.get("client_id"), str) else None,
        user_id=person if isinstance(person := said.get("authorized_user"), str) else None,
    )
