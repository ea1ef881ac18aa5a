"""The architecture as a picture, drawn from the imports in the sources.

python -m benchmarks.architecture docs/architecture.svg

A room is a band, a part of it a box; what is imported lies below what imports it. Within a room
a line is an import that no longer way makes plain; between rooms one arrow stands for all of them.
"""

import sys
from collections import defaultdict
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path
from xml.sax.saxutils import escape

from benchmarks.imports import Graph, circle, files, part_graph, reduced

LETTER, HEIGHT, GAP, WIDEST_GAP, ROW, PAD, HEAD = 6.7, 24, 10, 56, 48, 18, 34  # px
GUTTER = 56  # between bands, for the arrows
COLOURS = {"rialto": "#b4552d", "service": "#2f6f8f", "export": "#6b6f2a", "bridge": "#5b4a8a"}
CLAIMS = {
    "rialto": "the door for people",
    "service": "the doors of HTTP and the archive",
    "export": "checkpoint to network file",
    "bridge": "the method",
}
SWEEPS = 12


@dataclass
class Box:
    """A part: its label and where it lies within its room's band."""

    label: str
    is_folder: bool
    x: float = 0
    y: float = 0

    @property
    def width(self) -> float:
        """Pixels, by the label's letters."""
        return len(self.label) * LETTER + (30 if self.is_folder else 16)


@dataclass
class Band:
    """A room's boxes in rows, the importing ones above, and the lines between them."""

    room: str
    boxes: dict[str, Box]
    lines: Graph
    width: float
    height: float


def band_of(room: str, parts: Graph, folders: set[str], width: float) -> Band:
    """Lay a room out within `width` pixels."""
    own = {name: {one for one in below if _room(one) == room} for name, below in parts.items()}
    own = {name: below for name, below in own.items() if _room(name) == room}
    boxes = {name: Box(name.partition(".")[2], name in folders) for name in own}
    rows = _rows(own)
    _order(rows, own, boxes, width)
    lines: list[list[str]] = []
    for row in reversed(rows):
        lines += _wrapped(row, boxes, width)
    for number, line in enumerate(lines):
        total = sum(boxes[name].width for name in line)
        gap = min((width - 2 * PAD - total) / max(len(line) - 1, 1), WIDEST_GAP)
        x = (width - total - gap * (len(line) - 1)) / 2
        for name in line:
            boxes[name].x, boxes[name].y = x, HEAD + number * ROW
            x += boxes[name].width + gap
    return Band(room, boxes, reduced(own), width, HEAD + len(lines) * ROW - (ROW - HEIGHT) + PAD)


def _rows(own: Graph) -> list[list[str]]:
    """Parts by height: 0 imports nothing of its room, the next only what lies below."""
    level: dict[str, int] = {}
    for name in TopologicalSorter(own).static_order():
        level[name] = 1 + max((level[below] for below in own[name]), default=-1)
    rows: list[list[str]] = [[] for _ in range(max(level.values()) + 1)]
    for name in sorted(own):
        rows[level[name]].append(name)
    return rows


def _order(rows: list[list[str]], own: Graph, boxes: dict[str, Box], width: float) -> None:
    """Order each row by the mean place of what it imports and of what imports it."""
    above: dict[str, set[str]] = defaultdict(set)
    for name, below in own.items():
        for one in below:
            above[one].add(name)
    place = {name: (i + 0.5) / len(row) * width for row in rows for i, name in enumerate(row)}
    for _ in range(SWEEPS):
        for row in rows:
            near = {name: sorted(own[name] | above[name]) or [name] for name in row}
            mean = {n: sum(place[one] for one in near[n]) / len(near[n]) for n in row}
            row.sort(key=lambda name: (round(mean[name], 3), name))
            total, x = sum(boxes[name].width for name in row), 0.0
            for name in row:
                place[name] = (x + boxes[name].width / 2) / total * width
                x += boxes[name].width


def _wrapped(row: list[str], boxes: dict[str, Box], width: float) -> list[list[str]]:
    """A row, cut where it would be wider than the band."""
    lines: list[list[str]] = [[]]
    x = 0.0
    for name in row:
        if x + boxes[name].width > width - 2 * PAD and lines[-1]:
            lines.append([])
            x = 0.0
        lines[-1].append(name)
        x += boxes[name].width + GAP
    return lines


def drawn(band: Band, left: float, top: float) -> list[str]:
    """A band as SVG elements."""
    colour = COLOURS[band.room]
    made = [
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{band.width:.0f}" height="{band.height:.0f}"'
        f' rx="8" fill="{colour}" fill-opacity=".08" stroke="{colour}" stroke-opacity=".5"/>',
        f'<text x="{left + PAD}" y="{top + 21}" class="room" fill="{colour}">{band.room}'
        f'<tspan class="claim" dx="10">{CLAIMS[band.room]}</tspan></text>',
    ]
    for name, below in sorted(band.lines.items()):
        for other in sorted(below):
            one, two = band.boxes[name], band.boxes[other]
            x1, y1 = left + one.x + one.width / 2, top + one.y + HEIGHT
            x2, y2 = left + two.x + two.width / 2, top + two.y
            bend = (y2 - y1) / 2
            made.append(
                f'<path d="M{x1:.1f} {y1:.1f}C{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f}'
                f' {x2:.1f} {y2:.1f}" stroke="{colour}"/>'
            )
    for _, box in sorted(band.boxes.items()):
        x, y = left + box.x, top + box.y
        weight = ' font-weight="600"' if box.is_folder else ""
        label = escape(box.label + ("/" if box.is_folder else ""))
        made.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{box.width:.1f}" height="{HEIGHT}" rx="4"'
            f' class="part" stroke="{colour}"/>'
            f'<text x="{x + box.width / 2:.1f}" y="{y + 16:.1f}" class="label"{weight}>'
            f"{label}</text>"
        )
    return made


def arrow(x: float, top: float, bottom: float) -> str:
    """An arrow from one band to another below it."""
    return f'<path d="M{x:.0f} {top:.0f}V{bottom - 6:.0f}" class="between" marker-end="url(#tip)"/>'


def picture() -> str:
    """The whole picture. Raises ValueError where parts import in a circle."""
    known = files()
    parts = part_graph(known)
    if around := circle(parts):
        raise ValueError(f"imports in a circle: {' → '.join(around)}")
    folders = {part for part in parts if known[part].name == "__init__.py"}
    width, side = 1060.0, 330.0
    rialto = band_of("rialto", parts, folders, width)
    service = band_of("service", parts, folders, width - side - GUTTER)
    export = band_of("export", parts, folders, side)
    bridge = band_of("bridge", parts, folders, width)
    middle = rialto.height + GUTTER
    bottom = middle + max(service.height, export.height) + GUTTER
    export_left = width - side
    body = [
        *drawn(rialto, 0, 0),
        *drawn(service, 0, middle),
        *drawn(export, export_left, middle),
        *drawn(bridge, 0, bottom),
        arrow(service.width / 2, rialto.height, middle),
        arrow(export_left + side / 2, rialto.height, middle),
        arrow(export_left - GUTTER / 2, rialto.height, bottom),
        arrow(service.width / 2, middle + service.height, bottom),
        arrow(export_left + side / 2, middle + export.height, bottom),
    ]
    height = bottom + bridge.height
    return HEADER.format(width=width + 16, height=height + 16) + "\n".join(body) + "\n</svg>\n"


def _room(name: str) -> str:
    return name.partition(".")[0]


HEADER = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="-8 -8 {width:.0f} {height:.0f}" \
font-family="ui-sans-serif,system-ui,sans-serif" font-size="12">
<title>Rialto: what imports what</title>
<style>
.room{{font-size:16px;font-weight:700}}.claim{{font-size:12px;font-weight:400}}
.part{{fill:#fff}}.label{{text-anchor:middle;fill:#222}}
path{{fill:none;stroke-opacity:.45}}.between{{stroke:#666;stroke-width:2;stroke-opacity:.9}}
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="5" markerHeight="5" \
orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#666;stroke:none"/></marker></defs>
<rect x="-8" y="-8" width="100%" height="100%" fill="#fff"/>
"""


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(picture())
