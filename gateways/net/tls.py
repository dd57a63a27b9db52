"""TLS contexts, made once per process: reading the certificate store takes a tenth of a second."""

import ssl
from functools import cache

import httpx


@cache
def client_context(*, verify: bool = True) -> ssl.SSLContext:
    """Return the context for connections to gateways.

    The store is certifi's, or what the operator names in ``SSL_CERT_FILE`` or ``SSL_CERT_DIR`` (for an own CA).
    """
    return httpx.create_ssl_context(verify=verify)
