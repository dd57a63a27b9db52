"""Leads of Meta: what is asked of the Graph API (developers.facebook.com/docs/marketing-api/guides/lead-ads)."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import orjson

from gateways.answers import clean
from gateways.leads.fetching import Fetched, Listed, Refused, Token, ask, moment, object_in, objects
from gateways.leads.graph_errors import TOKEN_FAULTS, graph_refusal
from gateways.meta.paging import next_cursor
from gateways.meta.signing import appsecret_proof
from gateways.net.http import HttpClient
from gateways.net.http_answer import Answer

_ID = re.compile("[0-9]{1,32}")
_OF_PERSON = "id,created_time,form_id,field_data,custom_disclaimer_responses,is_organic,platform"
_OF_AD = "ad_id,ad_name,adset_id,adset_name,campaign_id,campaign_name,partner_name,retailer_item_id"
"""These take a permission for ads, besides: a lead is worth having without them."""
_WITHOUT_AD = "Meta does not say by which ad leads came: look whether the token has the permission ads_management"
_PER_PAGE = "25"
"""Leads or forms: an answer has to stay below a megabyte, and a form may have dozens of questions."""
_LEADS = "leads_retrieval"


class GraphApi:
    """The Graph API for one page, with a token of that page.

    ``base_url`` has no slash at its end, ``version`` is such as ``v26.0``. With the app's secret each request proves
    that it is the app's own.
    """

    def __init__(
        self, http: HttpClient, base_url: str, version: str, token: str, app_secret: str | None = None
    ) -> None:
        self._http = http
        self._base, self._version = f"{base_url}/{version}", version
        self._token, self._secret = token, app_secret

    async def fetch_lead(self, lead_id: str) -> Fetched | Refused:
        """One lead, with what is known of its ad."""
        found = await self._object(_path(lead_id), {"fields": f"{_OF_PERSON},{_OF_AD}"}, _LEADS)
        if not _may_be_for_ad(found):
            return found
        bare = await self._object(_path(lead_id), {"fields": _OF_PERSON}, _LEADS)
        return replace(bare, warnings=(*bare.warnings, _WITHOUT_AD)) if isinstance(bare, Fetched) else bare

    async def list_leads(self, form_id: str, since: datetime, cursor: str | None = None) -> Listed | Refused:
        """Leads of a form that were sent at or after a time, one page of them. Each is as ``fetch_lead`` gives it."""
        # Meta compares whole seconds, by "greater than".
        later = [{"field": "time_created", "operator": "GREATER_THAN", "value": int(since.timestamp()) - 1}]
        query = {"filtering": orjson.dumps(later).decode(), "limit": _PER_PAGE}
        found = await self._list(_path(form_id, "/leads"), query | {"fields": f"{_OF_PERSON},{_OF_AD}"}, _LEADS, cursor)
        if not _may_be_for_ad(found):
            return found
        bare = await self._list(_path(form_id, "/leads"), query | {"fields": _OF_PERSON}, _LEADS, cursor)
        return replace(bare, warnings=(*bare.warnings, _WITHOUT_AD)) if isinstance(bare, Listed) else bare

    async def list_forms(self, page_id: str, cursor: str | None = None) -> Listed | Refused:
        """Forms of a page: ``id``, ``name``, ``status`` and ``questions``. One page of them."""
        query = {"fields": "id,name,status,questions", "limit": _PER_PAGE}
        return await self._list(_path(page_id, "/leadgen_forms"), query, "pages_manage_ads", cursor)

    async def page_of_token(self) -> Fetched | Refused:
        """The page (``id``, ``name``) whose token it is."""
        return await self._object("me", {"fields": "id,name"}, "pages_show_list")

    async def debug_token(self, app_id: str | None = None) -> Token | Refused:
        """What Meta says of the token. It is asked in the app's name where its id and secret are known."""
        as_app = f"{app_id}|{self._secret}" if app_id and self._secret else None
        found = await self._object("debug_token", {"input_token": self._token}, "pages_show_list", as_app)
        if isinstance(found, Refused):
            return found
        data = found.body.get("data")
        return _token(data if isinstance(data, dict) else {})

    async def subscriptions(self, page_id: str) -> Listed | Refused:
        """The apps that a page reports to: ``id``, ``name`` and ``subscribed_fields``."""
        return await self._list(_path(page_id, "/subscribed_apps"), {}, "pages_manage_metadata", None)

    async def subscribe(self, page_id: str, app_id: str | None) -> Fetched | Refused:
        """Have the page report its leads to the app whose token it is.

        The fields that this app (``app_id``) has already are named again: Meta replaces what it knows of them.
        """
        known = await self.subscriptions(page_id)
        if isinstance(known, Refused):
            return known
        fields = {field for app in known.items if app.get("id") == app_id for field in _names(app)}
        query = {"subscribed_fields": ",".join(sorted(fields | {"leadgen"}))}
        path = _path(page_id, "/subscribed_apps")
        return await self._object(path, query, "pages_manage_metadata", method="POST")

    async def _list(
        self, path: str | None, query: Mapping[str, str], needed: str, cursor: str | None
    ) -> Listed | Refused:
        found = await self._object(path, {**query, "after": cursor} if cursor else query, needed)
        if isinstance(found, Refused):
            return found
        if not isinstance(found.body.get("data"), list):
            return Refused("temporary", "answer_unfit", "Meta answered without a list")
        after = next_cursor(found.body)
        # A cursor that leads back to itself would be followed without end.
        return Listed(objects(found.body["data"]), None if after == cursor else after, found.warnings)

    async def _object(
        self, path: str | None, query: Mapping[str, str], needed: str, token: str | None = None, method: str = "GET"
    ) -> Fetched | Refused:
        if path is None:
            return Refused("missing", "id_unfit", "this is no id of Meta's")
        proof = {"appsecret_proof": appsecret_proof(self._token, self._secret)} if self._secret and not token else {}
        asked = urlencode({**query, **proof})
        url = f"{self._base}/{path}{'?' if asked else ''}{asked}"
        headers = {"authorization": f"Bearer {token or self._token}", "accept": "application/json"}
        answer = await ask(self._http, "Meta", method, url, headers)
        if isinstance(answer, Refused):
            return answer
        body = object_in(answer)
        refused = graph_refusal(answer, body, needed)
        return refused or Fetched(body or {}, tuple(self._warnings(answer)))

    def _warnings(self, answer: Answer) -> Iterator[str]:
        if warning := clean(answer.headers.get("x-ad-api-version-warning", "")):
            yield f"Meta says of the version of its API: {warning}"
        served = clean(answer.headers.get("facebook-api-version", ""))
        if served and served != self._version:
            yield f"Meta answers with version {served} of its API instead of {self._version}, which has ended"


def _path(object_id: str, edge: str = "") -> str | None:
    """Where an object is, or what belongs to it; ``None``: this is no id, and might lead elsewhere."""
    return f"{object_id}{edge}" if _ID.fullmatch(object_id) else None


def _may_be_for_ad(found: Fetched | Listed | Refused) -> bool:
    """Whether a refusal may be about what was asked of the ad, and not about the lead."""
    if not isinstance(found, Refused) or found.act != "access":
        return False
    return found.code.startswith("meta_") and found.code not in TOKEN_FAULTS


def _names(app: Mapping[str, Any]) -> list[str]:
    fields = app.get("subscribed_fields")
    return [one for one in fields if isinstance(one, str)] if isinstance(fields, list) else []


def _token(data: Mapping[str, Any]) -> Token:
    scopes = data.get("scopes")
    return Token(
        is_valid=data.get("is_valid") is True,
        scopes=tuple(one for one in scopes if isinstance(one, str)) if isinstance(scopes, list) else (),
        expires_at=moment(data.get("expires_at")),
        data_access_expires_at=moment(data.get("data_access_expires_at")),
        app_id=_text(data.get("app_id")),
        user_id=_text(data.get("user_id")),
        page_id=_text(data.get("profile_id")),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
