"""Whose messages a benchmark sends: an account of its own, with a test key while it runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.access.actors import Actor
from domain.keyring import Keyring
from services.accounts.keys import NewKey, issue_user_key, revoke_key
from services.accounts.users import put_account
from services.changes import change
from store.pool import Pool

_ACCOUNT = "xsender-benchmark"
_WANTED = {"email": "benchmark@xsender.example.com", "name": "Benchmark"}


@asynccontextmanager
async def benchmark_key(pool: Pool, keyring: Keyring, actor: Actor) -> AsyncIterator[str]:
    """A key whose messages go through everything but a provider, and cost nothing. It is revoked at the end."""
    async with change(pool, actor, "user.put", only_if_changed=True) as made:
        account, _ = await put_account(made, _ACCOUNT, _WANTED)
    async with change(pool, actor, "key.issued") as made:
        new = NewKey("benchmark", ["send", "read"], test=True, rate_class="unlimited")
        key = await issue_user_key(made, keyring, account.id, new)
    try:
        yield key.text
    finally:
        async with change(pool, actor, "key.revoked") as made:
            await revoke_key(made, key.id)
