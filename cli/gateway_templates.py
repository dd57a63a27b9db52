"""``xsender gateway templates``."""

from typing import Any

from cli.gateway_lookup import OnChannel, Which, find
from cli.options import AsJson, OwnerOption
from cli.output import emit
from cli.session import Session, run

_MOST = 10_000


def templates(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """List the WhatsApp templates of a gateway, as Meta had them when they were read last."""
    from store.gateways import gateways
    from store.whatsapp.templates import of_gateway

    async def work(session: Session) -> list[dict[str, Any]]:
        wanted = await find(session.pool, gateway, channel, owner)
        await gateways.get(session.pool, wanted)
        found = await of_gateway(session.pool, wanted, ("", "", ""), _MOST)
        return [
            {
                "name": one.template.name,
                "language": one.template.language,
                "category": one.template.category,
                "status": one.template.status,
                "quality": one.template.quality,
                "rejected_reason": one.template.rejected_reason,
                "synced_at": one.synced_at,
            }
            for one in found
        ]

    emit(run(work), as_json)
