"""Rules of the project that no linter checks, by the syntax tree."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "activities",
    "api",
    "cli",
    "domain",
    "embedded",
    "gateways",
    "panel",
    "runtime",
    "services",
    "store",
    "worker",
    "workflows",
)

HTTP_LIBRARIES = {"httpx", "httpx_aiohttp", "aiohttp", "aiosmtplib", "httptools", "aiohappyeyeballs"}

_SQL = re.compile(
    r"""^\s*(
        select\s+\S.*\s+from\s+\w | insert\s+into\s+\w | update\s+\w+(\s+\w+)?\s+set\s | delete\s+from\s+\w
        | with\s+\w+\s+as\s*\( | (create|alter|drop)\s+(table|database|role|index|function)\s | truncate\s+\w
    )""",
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)

# Time, chance and the outside world: on replay they would answer otherwise.
_NONDETERMINISTIC = {
    "datetime.now",
    "datetime.utcnow",
    "datetime.today",
    "date.today",
    "time.time",
    "time.time_ns",
    "time.monotonic",
    "time.perf_counter",
    "time.sleep",
    "uuid.uuid1",
    "uuid.uuid4",
    "os.urandom",
    "os.environ",
    "os.getenv",
    "asyncio.to_thread",
    "asyncio.wait",
    "asyncio.as_completed",
}
_NONDETERMINISTIC_MODULES = {"random", "secrets", "threading", "subprocess", "socket"}
_LOG_METHODS = {"debug", "info", "warning", "error", "exception", "critical", "log"}
_LOG_KEYWORDS = {"exc_info", "stack_info", "stacklevel", "extra"}


def sources(*packages: str) -> list[Path]:
    """All Python files of these packages."""
    return [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]


def sql_in(tree: ast.AST) -> Iterator[int]:
    """Lines of string literals that look like SQL. Docstrings may mention it."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose
        if text and _SQL.match(node.value):
            yield node.lineno


def imports_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines and top-level names of all imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.lineno, node.module.partition(".")[0]


def nondeterminism_in(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Lines of workflow code that would not do the same again on replay."""
    yield from ((line, name) for line, name in imports_in(tree) if name in _NONDETERMINISTIC_MODULES)
    bare = {dotted.partition(".")[2] for dotted in _NONDETERMINISTIC if dotted.startswith(("uuid.", "time.", "os."))}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and (dotted := ast.unparse(node)) in _NONDETERMINISTIC:
            yield node.lineno, dotted
        elif isinstance(node, ast.ImportFrom) and node.module in ("uuid", "time", "os"):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in bare)
        elif isinstance(node, ast.For | ast.comprehension) and _is_set(node.iter):
            yield node.iter.lineno, "iteration over a set"


def _is_set(node: ast.expr) -> bool:
    made = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("set", "frozenset")
    return made or isinstance(node, ast.Set | ast.SetComp)


def loose_fields_in(tree: ast.AST) -> Iterator[int]:
    """Lines where a logger of Temporal gets keyword fields: it raises, but only where the level is enabled."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        logs = node.func.attr in _LOG_METHODS and ast.unparse(node.func.value) in ("workflow.logger", "activity.logger")
        if logs and any(keyword.arg not in _LOG_KEYWORDS for keyword in node.keywords):
            yield node.lineno
