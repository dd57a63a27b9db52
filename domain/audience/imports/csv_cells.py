"""Cells of CSV files that spreadsheets open: what a spreadsheet would compute as a formula begins with ``'``."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def neutral(text: str) -> str:
    """Text that a spreadsheet does not compute."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_it_was(cell: str) -> str:
    """The text of which ``neutral`` made this cell."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith(_FORMULA) else cell
