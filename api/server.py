"""The process ``xsender api``."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from api.app import create_app
from api.limits.client_certificates import OnlyFromProxies
from api.limits.connections import ConnectionLimits, Connections
from api.limits.protocol import LimitedHttp
from api.limits.proxies import VARIABLE, check_proxies
from runtime.descriptors import descriptor_limit, raise_descriptor_limit
from runtime.garbage import freeze_startup_objects
from runtime.logs import configure_logs
from runtime.metrics.serving import metrics_served
from runtime.settings import Settings
from runtime.traces.tracing import traces_sent

Part = Callable[[FastAPI], None]
"""What is served beside the API: it adds its routes to the application."""


def run(settings: Settings, *parts: Part) -> None:
    """Serve the API until SIGTERM or SIGINT, then let requests in progress finish."""
    configure_logs(settings.log_level, settings.log_json)
    raise_descriptor_limit()
    server = uvicorn.Server(server_config(settings, *parts))
    freeze_startup_objects()
    with metrics_served(settings.metrics_address), traces_sent("api"):
        server.run()
    if not server.started:
        raise SystemExit("the API could not start")


def server_config(settings: Settings, *parts: Part) -> uvicorn.Config:
    """How the API is served, by the process and in tests."""
    check_proxies(os.environ.get(VARIABLE, ""))
    limits = ConnectionLimits.within(descriptor_limit())
    app: Any = create_app(settings)
    for attach in parts:
        attach(app)
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        loop="uvloop",
        ws="none",  # it would bypass the limits
        proxy_headers=False,  # done below
        access_log=False,
        log_config=None,
        server_header=False,
        backlog=limits.backlog,
        timeout_graceful_shutdown=20,
    )
    behind_proxies: Any = ProxyHeadersMiddleware(app, config.forwarded_allow_ips)
    proxies = behind_proxies.trusted_hosts
    config.app = OnlyFromProxies(behind_proxies, proxies.__contains__)
    protocol: Any = partial(LimitedHttp, connections=Connections(limits, proxies.__contains__))
    config.http = protocol  # called as a class would be
    return config
