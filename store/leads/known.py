"""Which leads of a source are known."""

from collections.abc import Sequence
from uuid import UUID

from store.leads.leads import digest_of
from store.pool import Connections


async def known_among(store: Connections, source_id: UUID, provider_ids: Sequence[str]) -> set[str]:
    """Those of the providers' ids under which a lead of the source is stored."""
    by_digest = {digest_of(provider_id): provider_id for provider_id in provider_ids}
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select digest from leads where source_id = %s and digest = any(%s)", (source_id, list(by_digest))
        )
        return {by_digest[bytes(digest)] for (digest,) in await cursor.fetchall()}
