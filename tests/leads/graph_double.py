"""A double of Meta's Graph API for lead ads: pages with tokens, forms with questions, leads.

async with serving(GraphDouble()) as graph:
    graph.add_page("1", "Shop", token="page-token")
    graph.add_form("1", "10", "Offer", email="E-mail", phone_number="Phone")
    graph.add_lead("10", "100", email="ann@example.com")
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from gateways.meta.signing import appsecret_proof
from tests.leads.provider_double import Asked, Given, ProviderDouble

SCOPES = ("leads_retrieval", "pages_manage_metadata", "pages_show_list", "pages_read_engagement", "ads_management")
APP_ID = "4242"
_ADS = frozenset(
    {"ad_id", "ad_name", "adset_id", "adset_name", "campaign_id", "campaign_name", "partner_name", "retailer_item_id"}
)


@dataclass
class Page:
    id: str
    name: str
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    expires_at: int = 0
    data_access_expires_at: int = 0
    apps: list[dict[str, Any]] = field(default_factory=list)
    """Those that it reports to."""


@dataclass
class Form:
    id: str
    page_id: str
    name: str
    questions: list[dict[str, str]]
    status: str = "ACTIVE"


@dataclass
class Fault(Exception):
    """An error of the API."""

    code: int
    subcode: int | None = None
    message: str = "an error"
    status: int = 400
    headers: dict[str, str] = field(default_factory=dict)
    transient: bool = False


class GraphDouble(ProviderDouble):
    """See the module. What it knows may be changed at any time."""

    def __init__(self, version: str = "v26.0", app_secret: str | None = None) -> None:
        super().__init__()
        self.version, self.app_secret = version, app_secret
        """With a secret, requests need its proof."""
        self.pages: dict[str, Page] = {}
        self.tokens: dict[str, str] = {}
        """The page of each token that is valid."""
        self.killed: dict[str, int] = {}
        """By token that no longer is: the subcode that says why."""
        self.forms: dict[str, Form] = {}
        self.leads: dict[str, dict[str, Any]] = {}
        self.fetched: list[str] = []
        """Ids of leads that were given one by one, in order."""
        self.fault: Fault | None = None
        """What every request gets while it is set."""
        self.is_hidden = False
        """Leads are there, but the token may not see them: 100/33 for each."""

    def add_page(self, page_id: str, name: str, token: str) -> Page:
        page = self.pages[page_id] = Page(page_id, name)
        self.tokens[token] = page_id
        return page

    def kill_token(self, token: str, subcode: int = 460) -> None:
        self.killed[token] = subcode

    def set_token(self, page_id: str, token: str) -> None:
        """Another token of a page; the others stay what they are."""
        self.tokens[token] = page_id
        self.killed.pop(token, None)

    def add_form(self, page_id: str, form_id: str, name: str, **questions: str) -> Form:
        """Questions are labels by their keys."""
        asked = [{"key": key, "label": label, "type": "CUSTOM"} for key, label in questions.items()]
        form = self.forms[form_id] = Form(form_id, page_id, name, asked)
        return form

    def add_lead(
        self,
        form_id: str,
        lead_id: str,
        *,
        at: datetime | None = None,
        more: dict[str, Any] | None = None,
        **answers: str,
    ) -> None:
        """A lead of a form. ``more`` are other fields of it, such as ``campaign_name``."""
        when = at or datetime.now(UTC)
        self.leads[lead_id] = {
            "id": lead_id,
            "created_time": when.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            "form_id": form_id,
            "field_data": [{"name": name, "values": [value]} for name, value in answers.items()],
            "is_organic": False,
            "platform": "fb",
            "_at": int(when.timestamp()),
        } | (more or {})

    def delete_lead(self, lead_id: str) -> None:
        del self.leads[lead_id]

    def limit(self, minutes: int | None = None) -> None:
        """Refuse all requests for their number; the header says for how long."""
        usage = [{"type": "leadgen", "call_count": 100, "estimated_time_to_regain_access": minutes}]
        headers = {} if minutes is None else {"X-Business-Use-Case-Usage": orjson.dumps({"77": usage}).decode()}
        self.fault = Fault(80005, 2446079, "There have been too many leadgen api calls", 400, headers)

    def respond(self, asked: Asked) -> Given:
        try:
            return Given(200, self._object(asked), {"facebook-api-version": self.version})
        except Fault as fault:
            error = {"message": fault.message, "type": "OAuthException", "code": fault.code, "fbtrace_id": "A1"}
            error |= {"error_subcode": fault.subcode} if fault.subcode is not None else {}
            error |= {"is_transient": True} if fault.transient else {}
            return Given(fault.status, {"error": error}, fault.headers)

    def _object(self, asked: Asked) -> Any:
        if self.fault:
            raise self.fault
        _, version, *path = asked.path.split("/")
        if version != self.version:
            raise Fault(2635, message=f"You are calling a deprecated version: {version}")
        if path == ["debug_token"]:
            return {"data": self._debugged(asked)}
        page = self._page_of(asked)
        match path:
            case ["me"]:
                return {"id": page.id, "name": page.name}
            case [page_id, "leadgen_forms"] if page_id == page.id:
                return self._paged([self._form(one) for one in self.forms.values() if one.page_id == page.id], asked)
            case [page_id, "subscribed_apps"] if page_id == page.id:
                return self._subscribed(page, asked)
            case [form_id, "leads"] if self._is_of(page, form_id):
                return self._paged([self._shown(one, page, asked) for one in self._later(form_id, asked)], asked)
            case [lead_id] if lead_id in self.leads and self._is_of(page, self.leads[lead_id]["form_id"]):
                shown = self._shown(self.leads[lead_id], page, asked)
                self.fetched.append(lead_id)
                return shown
        raise _no_such(path[0])

    def _page_of(self, asked: Asked) -> Page:
        token = asked.token
        if token in self.killed or token not in self.tokens:
            message = f"Error validating access token: {token}"
            raise Fault(190, self.killed.get(token, 467), message, 401)
        if self.app_secret and asked.query.get("appsecret_proof") != appsecret_proof(token, self.app_secret):
            raise Fault(100, message="API calls from the server require an appsecret_proof argument")
        return self.pages[self.tokens[token]]

    def _is_of(self, page: Page, form_id: str) -> bool:
        form = self.forms.get(form_id)
        return form is not None and form.page_id == page.id and not self.is_hidden

    def _shown(self, lead: dict[str, Any], page: Page, asked: Asked) -> dict[str, Any]:
        fields = set(asked.query["fields"].split(","))
        if "leads_retrieval" not in page.scopes:
            raise Fault(200, message="(#200) Requires leads_retrieval permission to manage the object", status=403)
        if fields & _ADS and "ads_management" not in page.scopes:
            raise Fault(200, message="(#200) Requires ads_management permission to manage the object", status=403)
        return {name: value for name, value in lead.items() if name in fields}

    def _later(self, form_id: str, asked: Asked) -> Iterator[dict[str, Any]]:
        """Newest first, as Meta lists them."""
        [rule] = orjson.loads(asked.query["filtering"])
        assert (rule["field"], rule["operator"]) == ("time_created", "GREATER_THAN")
        found = [one for one in self.leads.values() if one["form_id"] == form_id and one["_at"] > rule["value"]]
        yield from sorted(found, key=lambda one: -int(one["_at"]))

    def _form(self, form: Form) -> dict[str, Any]:
        return {"id": form.id, "name": form.name, "status": form.status, "questions": form.questions}

    def _subscribed(self, page: Page, asked: Asked) -> Any:
        if asked.method == "GET":
            return {"data": page.apps}
        fields = asked.query["subscribed_fields"].split(",")
        others = [one for one in page.apps if one["id"] != APP_ID]
        page.apps = [*others, {"id": APP_ID, "name": "App", "subscribed_fields": fields}]
        return {"success": True}

    def _debugged(self, asked: Asked) -> dict[str, Any]:
        token = asked.query["input_token"]
        as_app = self.app_secret is not None and asked.token == f"{APP_ID}|{self.app_secret}"
        if not as_app:
            self._page_of(asked)
        if token in self.killed or token not in self.tokens:
            return {"is_valid": False, "error": {"code": 190, "subcode": self.killed.get(token, 467)}, "scopes": []}
        page = self.pages[self.tokens[token]]
        ends = {"expires_at": page.expires_at, "data_access_expires_at": page.data_access_expires_at}
        who = {"app_id": APP_ID, "type": "PAGE", "profile_id": page.id, "user_id": "9007199254740993"}
        return who | ends | {"is_valid": True, "scopes": page.scopes}

    def _paged(self, items: list[dict[str, Any]], asked: Asked) -> Any:
        begin, limit = int(asked.query.get("after") or 0), int(asked.query.get("limit") or 25)
        end = begin + limit
        paging: dict[str, Any] = {"cursors": {"before": str(begin), "after": str(min(end, len(items)))}}
        if end < len(items):
            paging["next"] = f"{self.url}{asked.path}?after={end}"
        return {"data": items[begin:end], "paging": paging} if items else {"data": []}


def _no_such(object_id: str) -> Fault:
    words = (
        f"Unsupported get request. Object with ID '{object_id}' does not exist, cannot be loaded due to missing"
        " permissions, or does not support this operation"
    )
    return Fault(100, 33, words)
