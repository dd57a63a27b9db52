"""Lists of the Graph API, page by page (developers.facebook.com/docs/graph-api/results)."""

from collections.abc import Mapping


def next_cursor(page: Mapping[str, object]) -> str | None:
    """Where the next page begins; ``None``: this was the last one.

    Meta also gives the next page's whole address, which is never followed: an answer must not lead elsewhere. That it
    is there tells that there is one: the last page has a cursor, too.
    """
    match page.get("paging"):
        case {"next": str(), "cursors": {"after": str(after)}} if after:
            return after
    return None
