"""A double of LinkedIn's Lead Sync API: owners with a token, forms with questions, leads.

async with serving(LinkedInDouble()) as linkedin:
    linkedin.tokens["member-token"] = {"urn:li:sponsoredAccount:5"}
    linkedin.add_form("urn:li:sponsoredAccount:5", 7, "Offer", EMAIL="E-mail")
    linkedin.add_lead(7, "52dc-1", EMAIL="ann@example.com")
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.leads.provider_double import Asked, Given, ProviderDouble

CLIENT = ("client", "client-secret")
SCOPE = "r_marketing_leadgen_automation,r_ads"
_OWNER = re.compile(r"\((sponsoredAccount|organization):(.+)\)")


@dataclass
class Fault(Exception):
    """An error of the API."""

    status: int
    code: str = "ERROR"
    headers: dict[str, str] = field(default_factory=dict)


class LinkedInDouble(ProviderDouble):
    """See the module. What it knows may be changed at any time."""

    def __init__(self, version: str = "202609") -> None:
        super().__init__()
        self.version = version
        self.tokens: dict[str, set[str]] = {}
        """URNs of what each token may see."""
        self.killed: dict[str, str] = {}
        """By token that is no longer valid: ``EXPIRED_ACCESS_TOKEN`` or ``REVOKED_ACCESS_TOKEN``."""
        self.forms: dict[int, dict[str, Any]] = {}
        self.leads: dict[str, dict[str, Any]] = {}
        self.fetched: list[str] = []
        """Ids of leads that were given one by one, in order."""
        self.fault: Fault | None = None
        """What every request gets while it is set."""

    def kill_token(self, token: str, why: str = "REVOKED_ACCESS_TOKEN") -> None:
        self.killed[token] = why

    def add_form(self, owner: str, form_id: int, name: str, **questions: str) -> None:
        """Questions are labels by their predefined fields. Their ids are as large as LinkedIn's."""
        asked = [
            {
                "questionId": form_id * 10**10 + number,
                "name": label,
                "predefinedField": field_,
                "question": {"localized": {"en_US": label}},
                "questionDetails": {"textQuestionDetails": {"maxResponseLength": 300}},
            }
            for number, (field_, label) in enumerate(questions.items())
        ]
        kind = owner.split(":")[2]
        content = {"questions": asked, "legalInfo": {"consents": []}}
        self.forms[form_id] = {
            "id": form_id,
            "name": name,
            "owner": {kind: owner},
            "state": "PUBLISHED",
            "hiddenFields": [],
            "content": content,
        }

    def add_lead(
        self, form_id: int, lead_id: str, *, at: datetime | None = None, lead_type: str = "SPONSORED", **answers: str
    ) -> None:
        """A lead of a form; answers are by predefined field."""
        form, when = self.forms[form_id], at or datetime.now(UTC)
        ids = {one["predefinedField"]: one["questionId"] for one in form["content"]["questions"]}
        self.leads[lead_id] = {
            "id": lead_id,
            "owner": form["owner"],
            "leadType": lead_type,
            "versionedLeadGenFormUrn": f"urn:li:versionedLeadGenForm:(urn:li:leadGenForm:{form_id},1)",
            "submittedAt": int(when.timestamp() * 1000),
            "testLead": False,
            "formResponse": {
                "answers": [
                    {"questionId": ids[name], "answerDetails": {"textQuestionAnswer": {"answer": value}}}
                    for name, value in answers.items()
                ],
                "consentResponses": [],
            },
            "form": form,
        }

    def delete_lead(self, lead_id: str) -> None:
        del self.leads[lead_id]

    def limit(self, seconds: int | None = None) -> None:
        """Refuse all requests for their number."""
        self.fault = Fault(429, "TOO_MANY_REQUESTS", {} if seconds is None else {"Retry-After": str(seconds)})

    def respond(self, asked: Asked) -> Given:
        try:
            return Given(200, self._object(asked), {})
        except Fault as fault:
            words = {"status": fault.status, "code": fault.code, "message": f"refused {asked.token}"}
            return Given(fault.status, words, fault.headers)

    def _object(self, asked: Asked) -> Any:
        if self.fault:
            raise self.fault
        if asked.path == "/oauth/v2/introspectToken":
            return self._introspected(asked)
        owners = self._owners(asked)
        if asked.headers.get("linkedin-version") != self.version:
            raise Fault(426, "NONEXISTENT_VERSION")
        if asked.headers.get("x-restli-protocol-version") != "2.0.0":
            raise Fault(400, "ILLEGAL_ARGUMENT")
        match asked.path.split("/")[1:]:
            case ["rest", "leadFormResponses"]:
                return _paged(self._between(self._owner(asked, owners), asked), asked)
            case ["rest", "leadForms"]:
                owner = self._owner(asked, owners)
                return _paged([one for one in self.forms.values() if owner in one["owner"].values()], asked)
            case ["rest", "leadFormResponses", lead_id] if lead_id in self.leads:
                lead = self.leads[lead_id]
                if not owners & set(lead["owner"].values()):
                    raise Fault(403, "ACCESS_DENIED")
                self.fetched.append(lead_id)
                return lead
        raise Fault(404, "RESOURCE_NOT_FOUND")

    def _owners(self, asked: Asked) -> set[str]:
        if asked.token in self.killed or asked.token not in self.tokens:
            raise Fault(401, self.killed.get(asked.token, "INVALID_ACCESS_TOKEN"))
        return self.tokens[asked.token]

    def _owner(self, asked: Asked, owners: set[str]) -> str:
        """Whose things are asked for, read from the query as it was sent: colons in it are Rest.li's own."""
        sent = dict(part.split("=", 1) for part in asked.raw_query.split("&"))
        found = _OWNER.fullmatch(sent["owner"])
        if sent["q"] != "owner" or found is None or ":" in found[2] or unquote(found[2]).split(":")[2] != found[1]:
            raise Fault(400, "ILLEGAL_ARGUMENT")
        if unquote(found[2]) not in owners:
            raise Fault(403, "ACCESS_DENIED")
        return unquote(found[2])

    def _between(self, owner: str, asked: Asked) -> list[dict[str, Any]]:
        """Newest first, as LinkedIn lists them."""
        span = re.fullmatch(r"\(start:([0-9]+),end:([0-9]+)\)", asked.query["submittedAtTimeRange"])
        kind = re.fullmatch(r"\(leadType:([A-Z_]+)\)", asked.query["leadType"])
        assert span
        assert kind
        found = [
            one
            for one in self.leads.values()
            if owner in one["owner"].values()
            and one["leadType"] == kind[1]
            and int(span[1]) <= one["submittedAt"] <= int(span[2])
        ]
        return sorted(found, key=lambda one: -int(one["submittedAt"]))

    def _introspected(self, asked: Asked) -> dict[str, Any]:
        form = dict(parse_qsl(asked.body.decode()))
        if (form["client_id"], form["client_secret"]) != CLIENT:
            raise Fault(401, "invalid_client")
        if form["token"] in self.killed or form["token"] not in self.tokens:
            return {"active": False, "status": "revoked"}
        return {"active": True, "client_id": CLIENT[0], "scope": SCOPE, "expires_at": 1_900_000_000, "status": "active"}


def _paged(items: list[dict[str, Any]], asked: Asked) -> dict[str, Any]:
    start, count = int(asked.query["start"]), int(asked.query["count"])
    paging = {"start": start, "count": count, "links": [], "total": len(items)}
    return {"elements": items[start : start + count], "paging": paging}
