"""Provider's templates of one gateway, for staff: by the admin API and by the command line."""

from collections.abc import Sequence
from uuid import UUID

from store.gateways import gateways
from store.pool import Pool
from store.whatsapp import templates
from store.whatsapp.templates import Listed

START = ("", "", "")


async def list_templates(
    pool: Pool, gateway_id: UUID, after: tuple[str, str, str] = START, limit: int = 10_000
) -> Sequence[Listed]:
    """As they were read last, by name and language, those after a gateway's identifier, a name and a language.

    Raises:
        NotFoundError: there is no such gateway.
    """
    await gateways.get(pool, gateway_id)
    return await templates.of_gateway(pool, gateway_id, after, limit)
