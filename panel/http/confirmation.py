"""Asking for the password once more, before a form is sent that changes keys, credentials or staff."""

from starlette.responses import Response

from panel.http.view import View

PASSWORD = "confirm_password"  # noqa: S105 - the name of a field
_OURS = (PASSWORD, "confirm_username", "csrf")
"""No fields of the form that waits."""


def confirmation(view: View, to: str, status: int = 403) -> Response:
    """A page that asks for it. What was sent stands in its form, and is sent on when the password is right.

    ``to``: where it was sent.
    """
    waiting = [(name, value) for name, value in view.form.sent() if name not in _OURS]
    return view.page("security/confirm.html", status, to=to, waiting=waiting, password=PASSWORD)
