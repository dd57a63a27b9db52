"""Pictures of pages, and one sheet of them all: ``build/panel/sheet-….jpg``."""

import re
from pathlib import Path

from PIL import Image, ImageDraw
from playwright.async_api import Page

FOLDER = Path(__file__).parent.parent.parent / "build" / "panel"
_THUMB_HEIGHT, _MARGIN, _ROW = 520, 12, 20
_MOST_HEIGHT = 2_400
_WIDEST_ROW = 4_200


async def shoot(page: Page, name: str, width: int, theme: str) -> Path:
    """Keep a picture of the whole page."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / f"{re.sub('[^a-z0-9]+', '-', name.lower()).strip('-')}.{width}.{theme}.jpg"
    await page.screenshot(path=path, full_page=True, animations="disabled", type="jpeg", quality=80)
    return path


def write_sheet() -> None:
    """One picture for each theme, of all that there are so far: a look at all pages at once."""
    for theme in ("light", "dark"):
        if found := sorted(FOLDER.glob(f"*.{theme}.jpg")):
            _sheet(found).save(FOLDER / f"sheet-{theme}.jpg", quality=80)


def _sheet(paths: list[Path]) -> Image.Image:
    rows: list[list[tuple[str, Image.Image]]] = [[]]
    used = 0
    for path in paths:
        with Image.open(path) as opened:
            picture = opened.convert("RGB").crop((0, 0, opened.width, min(opened.height, _MOST_HEIGHT)))
        picture.thumbnail((10_000, _THUMB_HEIGHT))
        if used + picture.width > _WIDEST_ROW:
            rows.append([])
            used = 0
        rows[-1].append((path.stem, picture))
        used += picture.width + _MARGIN
    sheet = Image.new("RGB", (_WIDEST_ROW, len(rows) * (_THUMB_HEIGHT + _ROW + _MARGIN)), "#777")
    draw = ImageDraw.Draw(sheet)
    for number, row in enumerate(rows):
        left, top = _MARGIN, number * (_THUMB_HEIGHT + _ROW + _MARGIN)
        for name, picture in row:
            draw.text((left, top + 4), name, fill="#fff")
            sheet.paste(picture, (left, top + _ROW))
            left += picture.width + _MARGIN
    return sheet
