"""The look-up of API keys, shared by requests that come at the same time."""

from functools import partial

from store.accounts.api_keys import StoredKey, Wanted, find_keys
from store.pool import Pool
from store.shared_lookup import SharedLookup


class KeyLookup(SharedLookup[Wanted, StoredKey]):
    """Reads keys anew for each request: one that was revoked is refused from then on."""

    def __init__(self, pool: Pool) -> None:
        super().__init__(partial(find_keys, pool))
