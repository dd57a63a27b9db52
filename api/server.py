"""The process ``xsender api``."""

import os

import uvicorn

from api.app import create_app
from api.proxies import VARIABLE, check_proxies
from runtime.logs import configure_logs
from runtime.settings import Settings

BACKLOG = 2048


def run(settings: Settings) -> None:
    """Serve the API until SIGTERM or SIGINT, then let requests under way finish."""
    configure_logs(settings.log_level, settings.log_json)
    server = uvicorn.Server(server_config(settings))
    server.run()
    if not server.started:
        raise SystemExit("the API could not start")


def server_config(settings: Settings) -> uvicorn.Config:
    """How the API is served, by the process and in tests."""
    check_proxies(os.environ.get(VARIABLE, ""))
    return uvicorn.Config(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=20,
    )
