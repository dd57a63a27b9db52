"""Requests of providers, and answers to them, in the form in which ``gateways`` verifies them."""

import time

from fastapi import Request, Response

from gateways.webhooks.webhook import Post, Reply


def head_of(request: Request, url: str | None = None) -> Post:
    """A request without its body. ``url`` is the address that its provider knows, if that is signed."""
    return Post(request.method, url or str(request.url), dict(request.headers), b"", time.time())


def answer_reply(reply: Reply) -> Response:
    """What its provider expects."""
    return Response(reply.body, reply.status, dict(reply.headers), reply.content_type)
