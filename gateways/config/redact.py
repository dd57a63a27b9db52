"""Showing a configuration without its secrets, and taking it back without losing them."""

from typing import Any

from gateways.base import GatewayConfig
from gateways.config.problems import InvalidGatewayConfig, Problem

HIDDEN = "********"
"""Stands in for a secret that is set."""


def shown(config: GatewayConfig) -> dict[str, Any]:
    """Return the configuration as JSON data, with ``HIDDEN`` for each secret that is set."""
    data: dict[str, Any] = config.model_dump(mode="json")
    return {name: _hidden(value) if name in config.SECRETS else value for name, value in data.items()}


def merged(old: GatewayConfig, new: dict[str, Any]) -> dict[str, Any]:
    """Fill the secrets that ``new`` leaves out, or gives as ``HIDDEN``, from the configuration in force.

    Raises ``InvalidGatewayConfig`` when ``new`` also sends them somewhere else: otherwise who may edit a gateway
    could read its secrets by pointing it at a server of their own.
    """
    data: dict[str, Any] = old.model_dump(mode="json")
    result = dict(new)
    for name in sorted(old.SECRETS):
        if not data[name]:
            continue
        result[name] = _restored(new.get(name, HIDDEN), data[name])
        if result[name] != new.get(name) and _moved(old, data, new):
            message = "must be given again, because the place it is sent to changes"
            raise InvalidGatewayConfig([Problem(f"/config/{name}", "secret_needed", message)])
    return result


def _moved(old: GatewayConfig, data: dict[str, Any], new: dict[str, Any]) -> bool:
    defaults = {name: field.get_default(call_default_factory=True) for name, field in type(old).model_fields.items()}
    return any(new.get(name, defaults[name]) != data[name] for name in old.DESTINATION)


def _restored(value: Any, secret: Any) -> Any:
    """Put the secret back where ``HIDDEN`` stands, alone or as a value of an object."""
    if value == HIDDEN:
        return secret
    if isinstance(value, dict) and isinstance(secret, dict):
        return {key: secret.get(key, item) if item == HIDDEN else item for key, item in value.items()}
    return value


def _hidden(value: Any) -> Any:
    if isinstance(value, dict):
        return dict.fromkeys(value, HIDDEN)
    return HIDDEN if value else value
