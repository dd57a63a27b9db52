"""Who follows a link without being the recipient: programs that look at links before people do."""

import re
from collections.abc import Mapping

EARLIEST = 2.0
"""Seconds after delivery before which nobody can have read a message and followed its link."""

_PREFETCH = ("purpose", "sec-purpose", "x-moz", "x-purpose")
_PROGRAMS = re.compile(
    r"bot\b|bot/|bots\b|crawl|spider|slurp|scan|preview|prefetch|facebookexternalhit|facebot|whatsapp/|skypeuripreview"
    r"|slack-imgproxy|googleimageproxy|google-safety|google-read-aloud|apis-google|mediapartners|bingpreview"
    r"|barracuda|proofpoint|mimecast|messagelabs|symantec|fireeye|trendmicro|sophos|fortiguard|zscaler|urldefense"
    r"|safelinks|virustotal|headlesschrome|phantomjs|lighthouse|embedly|iframely|vkshare|snapchat|telegrambot"
    r"|yahoomailproxy|outlook-link|ms-?office|microsoft office|applebot",
    re.IGNORECASE,
)


def is_scanner(method: str, headers: Mapping[str, str]) -> bool:
    """Whether a request for a link surely is a program's."""
    if method == "HEAD" or any("prefetch" in headers.get(name, "").lower() for name in _PREFETCH):
        return True
    agent = headers.get("user-agent", "")
    return not agent or _PROGRAMS.search(agent) is not None
