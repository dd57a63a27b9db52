"""A tenant whose key may do what marketing needs."""

from typing import Any

import orjson

from bench.install import Install
from bench.tenant import Tenant, new_tenant
from domain.access.api_keys import KeyKind
from store.accounts import api_keys

_SCOPES = ("contacts", "templates", "send", "read")


class Marketer:
    """See the module."""

    def __init__(self, install: Install, tenant: Tenant, key: str) -> None:
        self.install = install
        self.tenant = tenant
        self._headers = {"Api-key": key}

    @classmethod
    async def new(cls, install: Install) -> "Marketer":
        """One with an account of its own."""
        tenant = await new_tenant(install)
        key = await api_keys.create(install.pool, KeyKind.USER, tenant.id, scopes=_SCOPES)
        return cls(install, tenant, key.text)

    async def call(self, path: str, body: Any = None) -> Any:
        """``POST`` to the API. Returns the ``data`` of the answer."""
        url, data = f"/api{path}", orjson.dumps(body or {})
        async with self.install.http.post(url, data=data, headers=self._headers) as answer:
            assert answer.status == 200, await answer.text()
            return orjson.loads(await answer.read())["data"]
