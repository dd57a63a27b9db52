"""``xsender gateway templates``."""

from typing import Any

from cli.gateway_lookup import OnChannel, Which, find
from cli.options import AsJson, OwnerOption
from cli.output import emit
from cli.session import Session, run


def templates(gateway: Which, channel: OnChannel = None, owner: OwnerOption = 0, as_json: AsJson = False) -> None:
    """List the WhatsApp templates of a gateway, as Meta had them when they were read last."""
    from services.whatsapp.listing import list_templates

    async def work(session: Session) -> list[dict[str, Any]]:
        found = await list_templates(session.pool, await find(session.pool, gateway, channel, owner))
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
