"""Finding the gateway that a command names."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from domain.channels import Channel
from domain.errors import InvalidError, NotFoundError

if TYPE_CHECKING:
    from store.pool import Connections

Which = Annotated[str, typer.Argument(metavar="GATEWAY", help="Its identifier or id.")]
OnChannel = Annotated[Channel | None, typer.Option("--channel", help="Needed if it exists on several.")]


async def find(pool: "Connections", gateway: str, channel: Channel | None, owner: int) -> UUID:
    """The id of a gateway that is named by its id, or by its owner's identifier.

    Raises:
        NotFoundError: there is none.
        InvalidError: the owner has several of this identifier, on different channels.
    """
    from store.gateways.gateways import named

    try:
        return UUID(gateway)
    except ValueError:
        found = await named(pool, owner, gateway, channel)
    if not found:
        whose = f"User {owner}" if owner else "The admin"
        raise NotFoundError(
            "gateway_not_found", f"{whose} has no gateway {gateway}{f' on {channel}' if channel else ''}."
        )
    if len(found) > 1:
        channels = ", ".join(info.channel for info in found)
        raise InvalidError("channel", f"There are gateways {gateway} on {channels}: choose one with --channel.")
    return found[0].id
