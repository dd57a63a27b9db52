"""Which part of the documentation is about which pages of the panel."""

HOME = "/panel/help"
PLACES = {
    "/": "panel#what-is-where",
    "/account": "admin#working-in-an-account",
    "/approvals": "admin#approvals",
    "/attention": "alerts",
    "/audit": "admin#audit-log",
    "/automations": "automations",
    "/automations/*/add": "automations#steps",
    "/automations/*/json": "automations/publishing#definitions-as-files",
    "/automations/*/publish": "automations/publishing",
    "/automations/*/rules": "automations#the-whole",
    "/automations/*/runs": "automations#runs",
    "/automations/*/steps": "automations#steps",
    "/automations/*/test": "automations/simulate",
    "/automations/*/trigger": "automations#triggers",
    "/automations/*/versions": "automations#changes",
    "/batches": "batches#watching",
    "/callbacks": "callbacks",
    "/campaigns": "campaigns",
    "/confirm": "login#typing-the-password-again",
    "/consent": "consent",
    "/consent/suppressions": "consent#suppressions",
    "/contacts": "contacts",
    "/credit-requests": "credits#asking-for-credits",
    "/credits": "credits",
    "/devices": "devices",
    "/domains": "domains",
    "/domains/*/warm-up": "reputation#warm-up",
    "/failures": "replay",
    "/fields": "contacts#groups-and-custom-fields",
    "/gateways": "gateways",
    "/gateways/*/warm-up": "reputation#warm-up",
    "/gateways/new": "gateways#every-type",
    "/groups": "contacts#groups-and-custom-fields",
    "/hooks": "automations/hooks",
    "/imports": "imports",
    "/keys": "keys",
    "/leads": "leads",
    "/leads/sources": "leads#connecting",
    "/links": "links",
    "/messages": "receipts#what-a-receipt-does",
    "/operations": "admin#many-at-once-and-long-work",
    "/persons": "persons",
    "/plans": "credits#what-messages-cost",
    "/purposes": "consent",
    "/reference": "errors",
    "/replies": "receipts#messages-from-people",
    "/reputation": "reputation",
    "/requests": "admin#log-of-requests",
    "/roles": "admin#staff-roles-and-keys",
    "/runs": "automations#runs",
    "/sample-data": "contacts#sample-data",
    "/sandbox": "gateways#sandbox-delivers-nowhere-fails-on-demand",
    "/search": "panel#good-to-know",
    "/secrets": "automations/calls#secrets",
    "/security": "login#second-factor",
    "/segments": "segments",
    "/send": "templates#texts",
    "/settings": "settings",
    "/settings/mail": "settings#the-systems-own-mail",
    "/settings/oidc": "login#log-in-at-a-provider-of-identities",
    "/staff": "admin#staff-roles-and-keys",
    "/system": "accounts#pausing-all-sending",
    "/system/builds": "upgrading#two-builds-beside-each-other",
    "/system/doctor": "doctor",
    "/system/operations": "admin#many-at-once-and-long-work",
    "/system/queues": "batches#lanes",
    "/system/schedules": "automations#triggers",
    "/system/workflows": "workflows",
    "/templates": "templates",
    "/users": "accounts",
    "/users/*/gateways": "keys#keys-and-gateways-of-ones-own",
    "/users/*/guards": "guards",
    "/users/*/journal": "credits#moving-credits",
    "/users/*/keys": "keys",
    "/users/*/persons": "persons",
    "/users/*/reputation": "reputation",
    "/views": "login#saved-views",
}
"""By the beginning of a page's path, in which ``*`` is any one part: a page of the documentation, with a heading of it.

The longest beginning counts."""
_BY_LENGTH = sorted(PLACES, key=lambda beginning: (-beginning.count("/"), "*" in beginning))


def help_for(path: str) -> str:
    """The address of what is about the page at this path; of all of the documentation if nothing is."""
    parts = path.removeprefix("/panel").strip("/").split("/")
    for beginning in _BY_LENGTH:
        wanted = beginning.strip("/").split("/")
        if len(parts) >= len(wanted) and all(one in ("*", part) for one, part in zip(wanted, parts, strict=False)):
            return f"{HOME}/{PLACES[beginning]}"
    return HOME
