"""Whether all that a source names is there."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.audience.named_template import TemplateUse
from domain.channels import Channel
from domain.errors import FieldError, InvalidError, pointer
from domain.leads.mapping import Rule, parse_rules
from domain.leads.source import HOSTS
from gateways.outgoing_call import site_of
from services.audience.consent import purposes
from services.audience.templates.named import NamedTemplates
from services.automations.telling.checking import is_own
from services.settings.current import read_current
from store.audience.contacts import fields, groups
from store.automations import automations
from store.gateways.gateways import unknown_identifiers
from store.pool import Connections

OF_KIND: Mapping[str, frozenset[str]] = {
    "page_id": frozenset({"meta"}),
    "owner": frozenset({"linkedin"}),
    "api_version": frozenset(HOSTS),
    "api_url": frozenset(HOSTS),
    **dict.fromkeys(("origins", "redirects", "honeypot", "min_seconds"), frozenset({"form"})),
}
"""Settings that only sources of these kinds have."""
_NEEDED: Mapping[str, tuple[str, str]] = {
    "meta": ("page_id", "give the id of the page"),
    "linkedin": ("owner", "give the URN of the ad account or the organization"),
}
_VERSION: Mapping[str, tuple[str, str]] = {"meta": ("v", "v26.0"), "linkedin": ("20", "202609")}


def unfit(kind: str, settings: Mapping[str, Any]) -> list[FieldError]:
    """What sources of this kind do not have, or lack."""
    faults = [
        FieldError(pointer(name), "source_setting", f"a source of the kind {kind} has no {name}")
        for name in sorted(settings)
        if name in OF_KIND and kind not in OF_KIND[name]
    ]
    if kind in _NEEDED and not settings.get(_NEEDED[kind][0]):
        name, words = _NEEDED[kind]
        faults.append(FieldError(pointer(name), "missing", words))
    if kind in _VERSION and (version := settings.get("api_version")) is not None:
        start, example = _VERSION[kind]
        if not version.startswith(start):
            faults.append(FieldError("/api_version", "source_setting", f"write a version of this API: {example}"))
    return faults


async def unknown(store: Connections, account_id: int, settings: Mapping[str, Any]) -> list[FieldError]:
    """What settings name that there is not, each with its place."""
    return [
        *await _of_address(store, settings.get("api_url")),
        *await _of_mapping(store, account_id, settings.get("mapping") or []),
        *await _of_groups(store, account_id, settings.get("groups") or ()),
        *await _of_consents(store, account_id, settings.get("consents") or ()),
        *await _of_automation(store, account_id, settings.get("automation")),
        *await _of_reply(store, account_id, settings.get("reply")),
        *await _of_notify(store, account_id, settings.get("notify") or {}),
    ]


async def _of_address(store: Connections, url: str | None) -> list[FieldError]:
    site = None if url is None else site_of(url)
    if site is None or site.scheme == "https":
        return []  # where a public name leads is looked at with each connection
    allowed = (await read_current(store, {})).private_call_hosts
    if site.host in allowed or site.name in allowed:
        return []
    return [FieldError("/api_url", "https_required", "must begin with https://")]


async def _of_mapping(store: Connections, account_id: int, given: Any) -> list[FieldError]:
    try:
        rules = parse_rules(given)
    except InvalidError as error:
        return error.fields
    return await mapping_faults(store, account_id, rules)


async def mapping_faults(store: Connections, account_id: int, rules: Sequence[Rule]) -> list[FieldError]:
    """Where rules name custom fields or purposes that the account does not have."""
    known = await fields.types(store, account_id) if rules else {}
    purposes_known = {one.key for one in await purposes.all_of(store, account_id)} if rules else set()
    faults = []
    for place, rule in enumerate(rules):
        kind, _, key = rule.to.partition(":")
        if kind == "field" and key not in known:
            words = f"there is no custom field {key!r}: POST /api/contact-fields makes one"
            faults.append(FieldError(pointer("mapping", place, "to"), "field_unknown", words))
        if kind == "consent" and key not in purposes_known:
            words = f"there is no purpose {key!r}: GET /api/purposes lists yours"
            faults.append(FieldError(pointer("mapping", place, "to"), "purpose_unknown", words))
    return faults


async def _of_groups(store: Connections, account_id: int, named: Any) -> list[FieldError]:
    known = await groups.ids(store, account_id) if named else {}
    return [
        FieldError(pointer("groups", place), "group_unknown", f"there is no group {key!r}: POST /api/groups makes one")
        for place, key in enumerate(named)
        if key not in known
    ]


async def _of_consents(store: Connections, account_id: int, rules: Any) -> list[FieldError]:
    known = {one.key: one for one in await purposes.all_of(store, account_id)} if rules else {}
    faults = []
    for place, rule in enumerate(rules):
        purpose = known.get(rule["purpose"])
        if purpose is None or purpose.transactional:
            what = "there is no purpose" if purpose is None else "nobody is asked for consent to"
            words = f"{what} {rule['purpose']!r}: GET /api/purposes lists yours"
            faults.append(FieldError(pointer("consents", place, "purpose"), "purpose_unknown", words))
        elif unused := sorted(set(rule["channels"]) - set(purpose.channels)):
            words = f"the purpose {purpose.key!r} is not used on {', '.join(unused)}"
            faults.append(FieldError(pointer("consents", place, "channels"), "purpose_channel", words))
    return faults


async def _of_automation(store: Connections, account_id: int, key: str | None) -> list[FieldError]:
    if key is None:
        return []
    found = await automations.find(store, account_id, key)
    if found is not None and found.state != "archived":
        return []
    words = f"there is no automation {key!r}: GET /api/automations lists yours"
    return [FieldError("/automation", "automation_unknown", words)]


async def _of_reply(store: Connections, account_id: int, reply: Mapping[str, Any] | None) -> list[FieldError]:
    if reply is None:
        return []
    faults = []
    try:
        await NamedTemplates(store).read(account_id, Channel(reply["channel"]), TemplateUse(reply["template"]))
    except InvalidError as error:
        faults.append(FieldError("/reply/template", error.code, error.message))
    gateway = reply.get("gateway")
    if gateway is not None and await unknown_identifiers(store, account_id, reply["channel"], [gateway]):
        words = f"there is no {reply['channel']} gateway {gateway!r} for this account"
        faults.append(FieldError("/reply/gateway", "gateway_not_found", words))
    return faults


async def _of_notify(store: Connections, account_id: int, notify: Mapping[str, Any]) -> list[FieldError]:
    named = [(pointer("notify", "emails", place), one) for place, one in enumerate(notify.get("emails", ()))]
    for country, emails in notify.get("countries", {}).items():
        named += [(pointer("notify", "countries", country, place), one) for place, one in enumerate(emails)]
    words = "name the account's own address, or one at a domain that it has verified: GET /api/domains"
    own = {one: await is_own(store, account_id, one) for one in {one for _, one in named}}
    return [FieldError(at, "notify_recipient", words) for at, one in named if not own[one]]
