"""``docs/errors.md`` lists every code that the API answers with, and none that it does not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from api.reference.error_codes import CODES

PAGE = Path("docs/errors.md").read_text()
DOORS = [path for folder in ("api", "services") for path in Path(folder).rglob("*.py")] + [
    *map(Path, ("domain/recipients.py", "domain/messages/schedule.py", "domain/text/json_faults.py")),
    Path("store/messages/resolving.py"),
    Path("store/callbacks/callback_endpoints.py"),
    *Path("store/accounts").glob("*.py"),
    *Path("store/credits").glob("*.py"),
    Path("store/access/staff.py"),
    Path("store/access/saved_views.py"),
    Path("store/settings/applied_objects.py"),
    Path("store/sending_pauses.py"),
    Path("store/audience/suppressions.py"),
    Path("store/access/approvals.py"),
    Path("domain/access/approvals.py"),
    Path("domain/mail/sender_domains.py"),
    Path("domain/audience/purposes.py"),
    *Path("domain/audience/conditions").glob("*.py"),
    *Path("store/audience/segments").glob("*.py"),
    Path("store/audience/templates/templates.py"),
    Path("domain/whatsapp/templates.py"),
    Path("store/audience/campaigns/campaigns.py"),
    Path("domain/automations/versions/changes.py"),
    *(Path("store/automations") / name for name in ("automations.py", "hooks/hooks.py", "waking.py")),
    Path("domain/audience/imports/columns.py"),
    Path("domain/leads/reading/values.py"),
    *Path("domain/audience/contacts").glob("*.py"),
    Path("domain/access/user_scopes.py"),
    *(Path("domain/access") / name for name in ("actors.py", "oidc.py", "passwords.py", "permissions.py")),
    Path("store/leads/sources.py"),
    Path("domain/links/keeping.py"),
    Path("store/links/link_domains.py"),
    Path("domain/request_rates.py"),
    *map(Path, ("store/gateways/gateways.py", "store/gateways/gateway_shares.py", "gateways/registry.py")),
    Path("gateways/config/redact.py"),
]
PLACE_OF_CODE = {
    "ApiError": 1,
    "OutcomeUnknownError": 1,
    "FieldError": 1,
    "ContactError": 1,
    "InvalidExtra": 1,
    "InvalidValue": 0,
    "NotFoundError": 0,
    "ConflictError": 0,
    "ForbiddenError": 0,
    "InvalidError": 0,
    "InsufficientCreditError": 0,
    "UnavailableError": 0,
    "InvalidRecipient": 0,
    "LogInError": 0,
    "TooSoonError": 0,
    "InvalidSchedule": 0,
    "StrictJsonError": 0,
    "_Refused": 0,
    "_refused": 0,
    "InvalidFrom": 0,
    "Problem": 1,
    "Fault": 1,
    "Unfit": 1,
}
"""The argument of each error that is its code."""
OF_THE_COMMAND_LINE = {
    *("cases", "version"),
    *("build_in_use", "build_is_current", "build_not_found", "deploy_refused"),
    *("no_builds", "no_current_build", "queues_missing"),
    *("workers_run", "forgotten", "kind_unknown"),
}
COMPUTED = {
    "account_suspended",
    "account_deleted",
    "oidc_refused",
    "http_404",
    "http_405",
    "too_large",
    "scope_missing",
    "gateway_config",
    *(f"list_{column}" for column in ("channel", "time", "uid", "state", "ip")),
}
"""Codes that are put together, or are given to functions of their own."""


def codes(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        place = PLACE_OF_CODE.get(name)
        if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
            yield node.args[place].value


def test_the_page_lists_every_code_and_no_other():
    found = {code for path in DOORS for code in codes(path)} - OF_THE_COMMAND_LINE | COMPUTED
    rows = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    listed = {code for row in rows for code in re.findall(r"`(\w+)`", row)}
    assert sorted(found - listed) == [], "not on the page"
    assert sorted(listed - found) == [], "on the page alone"


def test_the_reference_has_the_codes_of_the_page_by_status():
    on_page: dict[int, set[str]] = {}
    for line in PAGE.splitlines():
        if line.startswith("| `"):
            _, listed, statuses, _ = line.split("|", 3)
            for status in re.findall(r"\d{3}", statuses):
                on_page.setdefault(int(status), set()).update(re.findall(r"`(\w+)`", listed))
    of_no_operation = {"webhook", "webhook_not_configured", "provider_unknown", "http_404", "http_405"}
    expected = {status: codes - of_no_operation for status, codes in on_page.items()}
    assert {status: set(codes) for status, codes in CODES.items()} == {
        s: codes for s, codes in expected.items() if codes
    }
