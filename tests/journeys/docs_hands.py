"""What the docs tell people to type: every command line of a page's code blocks, in order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

COMMAND = re.compile(r"(\w+=\S* )*(make|curl|rialto|python|pip|docker|npm|cd|exiftool|kubectl)\b")
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))


@dataclass(frozen=True)
class Typed:
    """One command line of a page, continuation lines joined."""

    page: str
    line: str


def typed() -> Iterator[Typed]:
    """Every command line of every page."""
    for page in PAGES:
        for line in _lines(page.read_text()):
            if COMMAND.match(line):
                yield Typed(str(page.relative_to(ROOT)), line)


def python_blocks(page: Path) -> list[str]:
    """The Python of a page."""
    return re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def inline_commands() -> Iterator[Typed]:
    """`rialto …` within a sentence or a table."""
    for page in PAGES:
        for line in re.findall(r"`(?:RIALTO_\w+=\S+ )?(rialto [a-z][^`]*)`", page.read_text()):
            yield Typed(str(page.relative_to(ROOT)), line)


def _lines(text: str) -> Iterator[str]:
    """Lines of fenced blocks (but Python's) and indented ones, without comments."""
    fence: str | None = None
    for line in text.replace("\\\n", " ").splitlines():
        if found := re.match(r"```(\w*)", line):
            fence = found[1] or "sh" if fence is None else None
        elif fence not in (None, "python") or (fence is None and line.startswith("    ")):
            yield re.sub(r"\s+", " ", re.sub(r"\s{2,}#.*", "", line)).strip()
