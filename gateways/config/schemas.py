"""How each type of gateway is configured, as a JSON Schema for people and forms."""

import ast
import inspect
from itertools import pairwise
from textwrap import dedent
from typing import Any

from gateways.base import GatewayConfig, GatewayType


def config_schema(entry: GatewayType) -> dict[str, Any]:
    """The schema of a type's configuration. Secrets are ``writeOnly``: they go in and are never shown again."""
    schema = entry.config.model_json_schema()
    schema["description"] = _plain(schema["description"])
    meanings = _meanings(entry.config)
    for name, field in schema["properties"].items():
        field.pop("title", None)
        if name in meanings:
            field["description"] = meanings[name]
        if name in entry.config.SECRETS:
            field["writeOnly"] = True
    return schema


def _meanings(config: type[GatewayConfig]) -> dict[str, str]:
    """The docstrings of a configuration's fields, from its source, as Python drops them.

    Pydantic could keep them, but would read the source of every class each time a process starts.
    """
    found: dict[str, str] = {}
    for base in reversed(config.__mro__):
        if issubclass(base, GatewayConfig):
            (definition,) = ast.parse(dedent(inspect.getsource(base))).body
            assert isinstance(definition, ast.ClassDef)
            for field, said in pairwise(definition.body):
                match field, said:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        found[name] = _plain(text)
    return found


def _plain(text: str) -> str:
    return " ".join(text.replace("``", "`").split())
