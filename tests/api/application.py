"""The application, which needs nothing before it is started, and its OpenAPI document: once for all, as each takes a
second to make."""

from functools import cache
from typing import Any

from fastapi import FastAPI

from api.app import create_app
from domain.keyring import Keyring
from runtime.settings import Settings


@cache
def application() -> FastAPI:
    """An application that is not started."""
    return create_app(Settings(keys=Keyring.generate()))


@cache
def document() -> dict[str, Any]:
    """Its OpenAPI document, which nobody may change."""
    return application().openapi()
