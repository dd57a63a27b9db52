"""Posting a text to a chat: an incoming webhook of Slack, or of what takes the same posts.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
"""

import json

import httpx

from gateways.answers import error_text
from gateways.net.http import HttpClient, call
from gateways.net.http_answer import Answer

ANSWER_SECONDS = 15.0
LONGEST = 3000
"""Characters: Slack shows up to 40,000, Discord 2,000; nobody reads so many in a chat."""
_ESCAPED = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
"""What Slack reads as markup, such as ``<!channel>``, which would call everybody."""


async def post_text(http: HttpClient, url: str, text: str) -> str | None:
    """Post a plain text. Returns why it was not taken; ``None``: it was. The address, a secret, is never in it."""
    short = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    escaped = "".join(_ESCAPED.get(character, character) for character in short)
    body = json.dumps({"text": escaped}).encode()
    try:
        request = call("POST", url, {"content-type": "application/json"}, ANSWER_SECONDS)
    except httpx.InvalidURL:
        return "its address is none"
    answer = await http.exchange(request, body)
    if not isinstance(answer, Answer):
        return answer.reason
    return None if 200 <= answer.status < 300 else error_text(answer)
