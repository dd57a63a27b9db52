"""Makes ``panel/assets/pictures/icons.svg`` of the icons named below: ``python -m tests.panel.sprite FOLDER``.

FOLDER: ``icons`` of the npm package ``lucide-static`` (ISC licence), of the version in ``panel/assets/SOURCES.md``.
"""

import re
import sys
from pathlib import Path

SPRITE = Path(__file__).parent.parent.parent / "panel" / "assets" / "pictures" / "icons.svg"
NAMES = """
activity archive arrow-down arrow-right arrow-up badge-check ban bell book-open building-2 calendar calendar-clock check
chevron-down chevron-right circle-alert circle-check circle-dashed circle-help:circle-question-mark circle-pause
circle-play circle-x clock code coins copy download ellipsis external-link eye eye-off file-text filter
flask-conical folder git-branch git-fork globe history house inbox info key languages layers layout-template link
list list-checks loader lock log-in log-out mail mail-check mail-open megaphone menu message-circle message-square
message-square-text monitor moon mouse-pointer-click pause pencil percent phone play plug plus qr-code radio-tower
receipt refresh-cw repeat reply rocket rotate-ccw save scroll-text search send server settings shield shield-check
sliders-horizontal smartphone sparkles split square-pen sun sun-moon table tag target timer trash-2 triangle-alert
undo-2 upload user user-check user-cog user-plus users wallet webhook workflow x zap-off
"""


def main(folder: Path) -> None:
    """Write the sprite."""
    symbols = []
    for entry in NAMES.split():
        name, _, source = entry.partition(":")
        text = (folder / f"{source or name}.svg").read_text()
        inner = re.sub(
            r"\s+",
            " ",
            text.partition(">")[2] if text.startswith("<svg") else text.split("<svg", 1)[1].partition(">")[2],
        )
        inner = inner.rpartition("</svg>")[0].strip().replace("> <", "><").replace(" />", "/>")
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{inner}</symbol>')
    SPRITE.write_text('<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
