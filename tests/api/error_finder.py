"""Which errors each operation may answer: ``python -m tests.api.error_finder`` writes them for the OpenAPI document.

It reads the syntax trees: from the function of a route and its dependencies to all that they name, and what those name,
and so on. An error that is raised there counts, whether or not this operation can come to it; what is only known while
the program runs, such as which of several classes an object is of, is looked for by the name of the method.
"""

import ast
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from api.reference.error_codes import CODES
from api.reference.openapi import operation_id
from tests.api.application import application, document

ROOT = Path(__file__).parents[2]
WRITTEN = ROOT / "api" / "reference" / "errors_found.json"
PACKAGES = ("api", "services", "store", "domain", "gateways")
STATUS_OF = {
    "ConflictError": 409,
    "ForbiddenError": 403,
    "InsufficientCreditError": 402,
    "LogInError": 401,
    "NotFoundError": 404,
    "TooSoonError": 429,
    "UnavailableError": 503,
}
"""Of errors that are answered with one status; all others are of the one that their code has."""
FIRST = {*STATUS_OF, "InvalidError", "InvalidValue", "InvalidRecipient", "InvalidSchedule", "InvalidFrom"}
FIRST |= {"__init__", "StrictJsonError", "PydanticCustomError", "_Refused", "_refused"}
SECOND = {"ApiError", "OutcomeUnknownError", "FieldError", "ContactError", "InvalidExtra", "Problem", "Fault", "Unfit"}
"""Errors by which argument their code is."""
TELLING = {"style"}
"""Methods of one word that one class alone has."""
_COMMON = 0.3
"""Share of the operations from which on an error is one of every request, or of every one with a body."""

OF_EVERY = {(403, "account_suspended"), (403, "account_deleted"), (422, "missing"), (422, "extra_forbidden")}
"""Of every request, too: their codes are made of an account's state, or by what validates bodies."""

Key = tuple[str, str]
"""A module, and a name in it: ``function``, ``Class`` or ``Class.method``."""
Error = tuple[int, str]
"""A status and a code."""
STORED: set[tuple[Key, Key]] = {
    (("api.auth.routes", "_shown"), ("services.access.staff", "permissions_of")),
    (("api.auth.signed_in", "_signed_in"), ("store.access.people", "get")),
    (("api.resources.access", "_staff"), ("store.access.staff", "get")),
    (("api.resources.access", "_staff"), ("services.access.staff", "permissions_of")),
    (("domain.request_rates", "RATE_CLASSES"), ("domain.request_rates", "Rate")),
    (("services.accounts.acting", "check_acting"), ("services.access.staff", "permissions_of")),
    (("services.changes", "settle_approval"), ("store.access.approvals", "decide")),
    (("services.settings.current", "CurrentSettings"), ("services.settings.models", "InstallSettings")),
    (("services.settings.current", "CurrentSettings._read"), ("services.settings.current", "effective")),
    (("store.accounts.request_rates", "take"), ("domain.request_rates", "Rate")),
}
"""Who names what without any error of it being answered: what is stored was checked before."""


@dataclass
class Module:
    """A file."""

    imported: dict[str, Key] = field(default_factory=dict)
    """What names mean that come from elsewhere; of a module the second part is empty."""
    defined: dict[str, ast.AST] = field(default_factory=dict)


@cache
def modules() -> dict[str, Module]:
    """All of ours, by their dotted names."""
    found = {}
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = _module(path)
    return found


def _module(path: Path) -> Module:
    module = Module()
    for node in ast.parse(path.read_text()).body:
        match node:
            case ast.ImportFrom(module=str(source)):
                for alias in node.names:
                    module.imported[alias.asname or alias.name] = (source, alias.name)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                module.defined[node.name] = node
            case ast.ClassDef():
                module.defined[node.name] = node
                for part in node.body:
                    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef):
                        module.defined[f"{node.name}.{part.name}"] = part
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                module.defined[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                module.defined[name] = value
    return module


@cache
def _methods() -> dict[str, list[Key]]:
    """Where methods of a name are."""
    found = defaultdict(list)
    for name, module in modules().items():
        for defined in module.defined:
            if "." in defined:
                found[defined.partition(".")[2]].append((name, defined))
    return found


def _meant(module: str, name: str) -> Key | None:
    """What a name means in a module of ours."""
    here = modules().get(module)
    if here is None:
        return None
    if name in here.defined:
        return module, name
    if name not in here.imported:
        return None
    source, imported = here.imported[name]
    if f"{source}.{imported}" in modules():
        return f"{source}.{imported}", ""
    return _meant(source, imported)


def _named(key: Key) -> Iterator[Key]:
    """All that something names."""
    module, own = key
    node = modules()[module].defined[own]
    parts = list(_parts(node))
    for part in parts:
        if isinstance(part, ast.Name) and (meant := _meant(module, part.id)):
            yield meant
        elif isinstance(part, ast.Attribute):
            yield from _of_attribute(module, own, part)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """Of a class what validates its fields; of a function all but its decorators, which describe its answers."""
    if isinstance(node, ast.ClassDef):
        for part in [*node.bases, *node.body]:
            if not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) or _validates(part):
                yield from ast.walk(part)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        for part in [node.args, *node.body]:
            yield from ast.walk(part)
    else:
        yield from ast.walk(node)


def _validates(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return method.name in ("__init__", "__post_init__", "__call__") or any(
        "validator" in ast.unparse(decorator) for decorator in method.decorator_list
    )


def _of_attribute(module: str, own: str, node: ast.Attribute) -> Iterator[Key]:
    if isinstance(node.value, ast.Name):
        if node.value.id in ("self", "cls") and "." in own:
            mine = module, f"{own.partition('.')[0]}.{node.attr}"
            if mine[1] in modules()[module].defined:
                yield mine
                return
        if base := _meant(module, node.value.id):
            found = _meant(base[0], node.attr) if not base[1] else (base[0], f"{base[1]}.{node.attr}")
            if found and found[1] in modules()[found[0]].defined:
                yield found
                return
    if node.attr.startswith("_"):
        return
    methods = _methods().get(node.attr, [])
    known = _known(module)
    fitting = [one for one in methods if one[0] == module or (one[0], one[1].partition(".")[0]) in known]
    # no method of the language's own is called so
    is_telling = len(methods) == 1 and ("_" in node.attr or node.attr in TELLING)
    yield from fitting or (methods if is_telling else ())


@cache
def _known(module: str) -> set[Key | None]:
    """What it imports."""
    return {_meant(module, name) for name in modules()[module].imported}


@cache
def _raised(key: Key) -> frozenset[Error]:
    return frozenset(
        error
        for part in _parts(modules()[key[0]].defined[key[1]])
        if isinstance(part, ast.Call)
        for error in _errors_of(part)
    )


def _errors_of(call: ast.Call) -> Iterator[Error]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    status = STATUS_OF.get(name)
    place = 0 if name in FIRST else 1
    if len(call.args) <= place or not (place == 0 or name in SECOND or _is_status(call.args[0])):
        return
    if _is_status(call.args[0]):
        status = call.args[0].value  # type: ignore[attr-defined] # it is a constant
    for part in ast.walk(call.args[place]):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            known = [one for one, codes in CODES.items() if part.value in codes]
            yield from ((one, part.value) for one in ([status] if status in known else known) if one is not None)


def _is_status(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int) and 400 <= node.value < 600


def reached(roots: Iterable[Key]) -> set[Key]:
    """All that these come to."""
    seen: set[Key] = set()
    waiting = [root for root in roots if root[1] in modules().get(root[0], Module()).defined]
    while waiting:
        key = waiting.pop()
        if key not in seen:
            seen.add(key)
            waiting += _named_once(key) - seen
    return seen


@cache
def _named_once(key: Key) -> frozenset[Key]:
    return frozenset(one for one in _named(key) if one[1] and (key, one) not in STORED)


def _roots(dependant: Dependant) -> Iterator[Key]:
    waiting = [dependant]
    while waiting:
        one = waiting.pop()
        waiting += one.dependencies
        if one.call is not None and hasattr(one.call, "__qualname__"):
            yield one.call.__module__, one.call.__qualname__.partition(".<locals>")[0]


@cache
def errors() -> dict[str, set[Error]]:
    """Of each operation, by its id: those of the statuses that it documents."""
    told = [one for methods in document()["paths"].values() for one in methods.values()]
    answered = {one["operationId"]: {int(status) for status in one["responses"]} for one in told}
    found = {}
    for context in iter_route_contexts(application().routes):
        if isinstance(context.original_route, APIRoute) and context.include_in_schema:
            id_ = operation_id(context.original_route)
            raised = {error for key in reached(_roots(context.dependant)) for error in _raised(key)}
            found[id_] = {(status, code) for status, code in raised if status in answered[id_]}
    return found


def common() -> set[Error]:
    """Those of every request."""
    counted = Counter(error for one in errors().values() for error in one)
    return OF_EVERY | {error for error, count in counted.items() if count > _COMMON * len(errors())}


def text() -> str:
    """What is written: the common ones under ``*``, further ones under each operation's id."""
    every = common()
    told = {"*": every} | {name: found - every for name, found in sorted(errors().items()) if found - every}
    shown = {name: [f"{status} {code}" for status, code in sorted(found)] for name, found in told.items()}
    return "{\n" + ",\n".join(f"{json.dumps(name)}: {json.dumps(codes)}" for name, codes in shown.items()) + "\n}\n"


if __name__ == "__main__":
    WRITTEN.write_text(text())
