"""What the pages refer to is there: other pages, and files of the code."""

import re
from pathlib import Path

import pytest

PAGES = [*sorted(Path("docs").rglob("*.md")), Path("README.md"), Path("CONTRIBUTING.md")]
FOLDERS = "activities|api|bench|cli|domain|embedded|gateways|phones|runtime|services|store|tests|worker|workflows"
CODE = re.compile(rf"`((?:{FOLDERS})/[\w/.]+\.(?:py|sql))`")
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_and_files_of_a_page_are_there(page: Path):
    text = page.read_text()
    links = [page.parent / link for link in LINK.findall(text) if "://" not in link]
    missing = [str(path) for path in [*links, *map(Path, CODE.findall(text))] if not path.exists()]
    assert missing == []
