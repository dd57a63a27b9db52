"""Showing a stored configuration without its secrets, and changing it without losing them."""

from collections.abc import Iterator, Mapping
from typing import Any

from domain.errors import pointer
from domain.merge_patch import KEPT, merge
from gateways.base import GatewayConfig
from gateways.config.problems import InvalidGatewayConfig, Problem

_MOVED = "must be given again, because the place it is sent to changes"

SET = {"set": True}
"""Stands in for a secret that is set."""


def shown(kind: type[GatewayConfig], stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a stored configuration, with ``SET`` for each secret, and nothing for one that is empty."""
    fields = {name: value for name, value in stored.items() if name in kind.model_fields}
    return {
        name: _hidden(value) if name in kind.SECRETS else value
        for name, value in fields.items()
        if value or name not in kind.SECRETS
    }


def patched(kind: type[GatewayConfig], stored: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Apply a JSON Merge Patch (RFC 7396). Secrets that it does not name stay. The result is still to be checked.

    Raises ``InvalidGatewayConfig`` when secrets that stay would be sent somewhere else: otherwise who may edit a
    gateway could read its secrets by pointing it at a server of their own.
    """
    result: dict[str, Any] = merge(stored, patch)
    if _moved(kind, stored, result):
        kept = [Problem(place, "secret_needed", _MOVED) for place in _kept(kind, stored, patch)]
        if kept:
            raise InvalidGatewayConfig(kept)
    return result


def replaced(kind: type[GatewayConfig], stored: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """A whole configuration, with the stored secret in each place of ``KEPT``. The result is still to be checked.

    Raises ``InvalidGatewayConfig`` when there is none, and as ``patched``.
    """
    result, missing = _filled(wanted, stored), list(_places_of_kept(wanted, stored, is_there=False))
    if missing:
        raise InvalidGatewayConfig([Problem(place, "secret_missing", "nothing is stored here") for place in missing])
    if _moved(kind, stored, result) and (kept := list(_places_of_kept(wanted, stored, is_there=True))):
        raise InvalidGatewayConfig([Problem(place, "secret_needed", _MOVED) for place in kept])
    return result


def _filled(wanted: Mapping[str, Any], stored: Any) -> dict[str, Any]:
    inner = stored if isinstance(stored, Mapping) else {}
    result: dict[str, Any] = {}
    for name, value in wanted.items():
        if value is KEPT:
            result[name] = inner.get(name)
        else:
            result[name] = _filled(value, inner.get(name)) if isinstance(value, Mapping) else value
    return result


def _places_of_kept(wanted: Any, stored: Any, *, is_there: bool, path: tuple[str, ...] = ("config",)) -> Iterator[str]:
    if wanted is KEPT and (stored is not None) is is_there:
        yield pointer(*path)
    elif isinstance(wanted, Mapping):
        for name, value in wanted.items():
            inner = stored.get(name) if isinstance(stored, Mapping) else None
            yield from _places_of_kept(value, inner, is_there=is_there, path=(*path, name))


def _moved(kind: type[GatewayConfig], stored: Mapping[str, Any], result: Mapping[str, Any]) -> bool:
    defaults = {name: kind.model_fields[name].get_default(call_default_factory=True) for name in kind.DESTINATION}
    return any(stored.get(name, default) != result.get(name, default) for name, default in defaults.items())


def _kept(kind: type[GatewayConfig], stored: Mapping[str, Any], patch: Mapping[str, Any]) -> Iterator[str]:
    """Where the stored secrets are that a patch does not name."""
    for name in sorted(kind.SECRETS):
        secret, given = stored.get(name), patch.get(name)
        if not secret:
            continue
        if name not in patch:
            yield pointer("config", name)
        elif isinstance(secret, Mapping) and isinstance(given, Mapping):
            yield from (pointer("config", name, inner) for inner in secret if inner not in given)


def _hidden(value: Any) -> Any:
    return dict.fromkeys(value, SET) if isinstance(value, Mapping) else SET
