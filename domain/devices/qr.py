"""Pairing tokens as pictures that phones scan: the text of the token, and nothing else."""

import io

import segno


def svg(text: str) -> str:
    """As SVG, to be put into a page."""
    out = io.BytesIO()
    segno.make_qr(text, error="m").save(out, kind="svg", xmldecl=False, svgns=True, scale=4, border=4)
    return out.getvalue().decode()


def terminal(text: str) -> str:
    """As characters for a terminal with a dark background, or a light one."""
    out = io.StringIO()
    segno.make_qr(text, error="m").terminal(out, compact=True, border=2)
    return out.getvalue()
