"""Texts that the API answers and the panel shows: what its errors say, what alerts say, what permissions are for.

They stand in the code that says them, and are found there. An f-string becomes a text with ``%(name)s`` for each value,
by which the panel knows it again (``panel.rendering.api_texts``).
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from domain.access.permissions import PERMISSIONS
from domain.validation.sentences import EMPTY, SENTENCES
from gateways.config.schemas import config_schema
from gateways.registry import GATEWAY_TYPES
from services.doctor.work import _WHY

ROOT = Path(__file__).parent.parent.parent
FOLDERS = (
    *("api/admin", "api/auth", "api/automations", "api/callbacks", "api/campaigns", "api/consent", "api/contacts"),
    *("api/credits", "api/devices", "api/domains", "api/gateways", "api/leads", "api/limits", "api/links"),
    *("api/messages", "api/operations", "api/resources", "api/sending", "api/templates"),
    *("domain/access", "domain/audience", "domain/automations", "domain/devices", "domain/leads", "domain/links"),
    *("domain/mail", "domain/messages", "domain/recipients.py", "domain/request_rates.py", "domain/whatsapp"),
    *("gateways/config", "gateways/email", "gateways/leads", "gateways/net", "gateways/whatsapp"),
    *("gateways/generic.py", "gateways/registry.py", "gateways/sandbox.py"),
    *("services/access", "services/accounts", "services/audience", "services/automations", "services/contacts"),
    *("services/devices", "services/domains", "services/failures", "services/leads", "services/links"),
    *("services/messages", "services/operations", "services/reputation", "services/sending", "services/settings"),
    *("services/batches.py", "services/gateways.py", "services/sending_pauses.py", "services/suppressions.py"),
)
"""Whose errors people meet in the panel."""
_SAY = {
    **dict.fromkeys(("InvalidError", "ConflictError", "NotFoundError", "ForbiddenError", "LogInError"), (1,)),
    **dict.fromkeys(("TooSoonError", "UnavailableError", "InsufficientCreditError", "PydanticCustomError"), (1,)),
    **dict.fromkeys(("FieldError", "ContactError", "ApiError"), (2,)),
    "ValueError": (0,),
}
"""Errors, and which argument of each is for people."""
_FIND = {"ok": (1,), "warning": (1, 2), "failure": (1, 2), "level": (1, 2), "_level": (2, 3)}
"""The same for what the checks of ``services.doctor`` find."""

_CODE = re.compile("[a-z]+(_[a-z]+)*")
_PARTS = ("check_header", "getattr", "ok", "_mailbox", "_wrong_channel")
"""Calls with a name, or what is not shown."""
_VALUE = re.compile(r"%\(\w+\)s")
_Scope = Mapping[str, Sequence[ast.expr]]


def texts() -> set[str]:
    """All of them."""
    found = {EMPTY, *SENTENCES.values()}
    found |= set(PERMISSIONS.values())
    for entry in GATEWAY_TYPES.values():
        found |= {
            field["description"] for field in config_schema(entry)["properties"].values() if "description" in field
        }
    for name in FOLDERS:
        place = ROOT / name
        for path in [place] if place.suffix else sorted(place.rglob("*.py")):
            found |= set(_said(path, _SAY))
    for path in sorted((ROOT / "services" / "doctor").glob("*.py")):
        found |= set(_said(path, _FIND))
    found |= {text for reason in _WHY.values() for text in reason}
    found |= {f"%(count)s {unit}" for unit in ("days", "hours", "minutes")}  # services.doctor.words.span
    filled = {re.sub(r"{(\w+)}", r"%(\1)s", text) for text in found}  # as pydantic's errors are
    return {text for text in filled if " " in text and re.search("[a-z]", _VALUE.sub("", text))}


def _said(path: Path, calls: Mapping[str, Sequence[int]]) -> Iterator[str]:
    tree = ast.parse(path.read_text())
    whole = _assigned(tree.body)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    for within in (*functions, tree):
        scope = {**whole, **_assigned(list(ast.walk(within)))}
        for node in ast.walk(within):
            if isinstance(node, ast.Call):
                for place in calls.get(_name(node.func), ()) or _after_codes(node):
                    if place < len(node.args):
                        yield from _variants(node.args[place], scope)


def _after_codes(call: ast.Call) -> list[int]:
    """Where a call has a sentence, if it does: behind a code for programs."""
    if _name(call.func) in _PARTS:
        return []
    codes = [isinstance(one, ast.Constant) and bool(_CODE.fullmatch(str(one.value))) for one in call.args]
    return [place + 1 for place, is_code in enumerate(codes) if is_code]


def _assigned(nodes: Sequence[ast.AST]) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = defaultdict(list)
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id].append(node.value)
    return found


def _variants(said: ast.expr, scope: _Scope) -> Iterator[str]:
    """The texts that an expression can be; of a name, what it is assigned."""
    match said:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr():
            yield _pattern(said)
        case ast.IfExp():
            yield from _variants(said.body, scope)
            yield from _variants(said.orelse, scope)
        case ast.Name(id=name):
            for value in scope.get(name, ()):
                yield from _variants(value, {})


def _pattern(said: ast.JoinedStr) -> str:
    parts, used = [], Counter[str]()
    for part in said.values:
        if isinstance(part, ast.Constant):
            parts.append(str(part.value))
        else:
            assert isinstance(part, ast.FormattedValue)
            name = _name(part.value) or "value"
            used[name] += 1
            parts.append(f"%({name}{used[name] if used[name] > 1 else ''})s")
    return "".join(parts)


def _name(of: ast.expr) -> str:
    """What an expression is about: ``count`` of ``count``, ``one.count`` and ``len(count)``."""
    match of:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(args=[first, *_]):
            return _name(first)
        case ast.Call(func=called):
            return _name(called)
    return ""
