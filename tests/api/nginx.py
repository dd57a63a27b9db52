"""A real nginx in front of the API, that ends TLS and asks for a client certificate. Debian's, see the Makefile."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from embedded.ports import free_port

NGINX = Path("tests/gateways/peers/nginx/usr/sbin/nginx").resolve()

_CONF = """
daemon off; master_process off; pid {folder}/pid; error_log stderr; worker_rlimit_nofile 512;
events {{ worker_connections 128; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key; ssl_verify_client optional_no_ca;
    location / {{
      proxy_pass {api};
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Client-Certificate $ssl_client_escaped_cert;
    }}
  }}
}}
"""


def certificate(folder: Path, name: str) -> str:
    """Make a certificate of its own; returns its SHA-256."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    (folder / f"{name}.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made.fingerprint(SHA256()).hex(":")


@asynccontextmanager
async def nginx(api: str, folder: Path) -> AsyncIterator[str]:
    """Yields the address of a running one."""
    certificate(folder, "server")
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(_CONF.format(folder=folder, port=port, api=api))
    process = await asyncio.create_subprocess_exec(NGINX, "-c", conf, "-p", folder, "-e", "stderr")
    try:
        async with asyncio.timeout(10):
            while True:
                try:
                    (await asyncio.open_connection("127.0.0.1", port))[1].close()
                    break
                except ConnectionRefusedError:
                    await asyncio.sleep(0.02)
        yield f"https://127.0.0.1:{port}"
    finally:
        process.terminate()
        await process.wait()


def client(url: str, folder: Path, name: str | None) -> httpx.AsyncClient:
    """A client with a certificate, or without one."""
    context = ssl.create_default_context(cafile=folder / "server.pem")
    context.check_hostname = False
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return httpx.AsyncClient(base_url=url, verify=context)
