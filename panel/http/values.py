"""What is written in a field, as the API takes it: what does not fit is passed on, as the API says what is wrong."""

from panel.http.forms import Form


def number(text: str) -> int | float | str | None:
    """``None``: nothing was entered."""
    plain = text.strip().replace("\u2212", "-")
    if not plain:
        return None
    for kind in (int, float):
        try:
            return kind(plain)
        except ValueError:
            continue
    return plain


def listed(text: str) -> list[str]:
    """Of a field with one entry a line, or several between commas."""
    return [entry.strip() for line in text.splitlines() for entry in line.split(",") if entry.strip()]


def local_time(form: Form, name: str) -> str | None:
    """Of a field with a date and a time, or with a date alone; by the clock of UTC."""
    text = form.text(name)
    if not text:
        return None
    return f"{text}:00Z" if "T" in text and len(text) == len("2026-01-01T00:00") else text
