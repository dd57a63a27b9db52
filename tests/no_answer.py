"""What httpx raises when a server dies before it has answered."""

import httpx

NO_ANSWER = (httpx.TransportError, AttributeError)
"""The second one when a connection is reset as soon as it stands: anyio asks uvloop for a socket that is gone."""
