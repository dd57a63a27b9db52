"""Why no connection came about, in words for the owner of a gateway or an endpoint.

They say what helps, and nothing of what only we can see: addresses behind names, or what is in our network.
"""

import errno
import ssl

from gateways.net.addresses import BlockedAddress
from gateways.net.names import UnresolvedName

_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "the connection was reset",
    errno.ECONNABORTED: "the connection was reset",
    errno.EPIPE: "the connection was reset",
    errno.ETIMEDOUT: "timed out",
    errno.ENETUNREACH: "the host cannot be reached",
    errno.EHOSTUNREACH: "the host cannot be reached",
}


def words_for(error: OSError) -> str:
    """Say why a connection failed."""
    if isinstance(error, BlockedAddress | UnresolvedName):
        return str(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return f"no TLS connection came about: {error.reason or 'the handshake failed'}"
    return _WORDS.get(error.errno or 0, "the connection failed")
