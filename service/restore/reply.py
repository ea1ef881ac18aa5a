"""Reply: a finished photo to HTTP: headers that say how it came about, or events on the way."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from starlette.responses import Response

from service.photo.formats import FORMATS, Format


@dataclass(frozen=True)
class Accepted:
    """A photo that has been read and is in line: what will be done, and of what size it is.

    Width and height are the result's as displayed, those of the input the photo's.
    """

    steps: int
    width: int
    height: int
    input_width: int
    input_height: int


@dataclass(frozen=True)
class Restored:
    """A restored photo and its story. `timing` is in milliseconds by stage.

    steps_done   of the plan's `steps`, fewer where the caller's deadline ended them
    """

    data: bytes
    format: Format
    width: int
    height: int
    input_width: int
    input_height: int
    seed: int
    network: str
    plan: str
    steps_done: int
    steps: int
    timing: Mapping[str, float]
    notes: tuple[str, ...]
    name: str | None = None
    insight: Mapping[str, Any] | None = None
    invention: bytes = b""

    @property
    def content_type(self) -> str:
        """The media type of `data`."""
        return FORMATS[self.format].content_type

    @property
    def filename(self) -> str:
        """The upload's name with `.rialto` before the new suffix; folders are dropped."""
        stem = PurePosixPath((self.name or "photo").replace("\\", "/")).stem or "photo"
        return f"{stem}.rialto.{FORMATS[self.format].extension}"

    def facts(self) -> dict[str, Any]:
        """What the `done` event says of it, beside where it lies."""
        return {
            "content_type": self.content_type,
            "width": self.width,
            "height": self.height,
            "input_width": self.input_width,
            "input_height": self.input_height,
            "bytes": len(self.data),
            "seed": self.seed,
            "network": self.network,
            "plan": self.plan,
            "steps_done": self.steps_done,
            "steps": self.steps,
            "timing": dict(self.timing),
            "notes": list(self.notes),
            "filename": self.filename,
        }


def photo_reply(restored: Restored, *, download: bool = False) -> Response:
    """The photo itself as the body."""
    stages = ", ".join(f"{stage};dur={ms:.1f}" for stage, ms in restored.timing.items())
    disposition = "attachment" if download else "inline"
    headers = {
        "X-Rialto-Seed": str(restored.seed),
        "X-Rialto-Network": restored.network,
        "X-Rialto-Plan": restored.plan,
        "X-Rialto-Steps": f"{restored.steps_done}/{restored.steps}",
        "Server-Timing": stages,
        "Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(restored.filename)}",
        "Cache-Control": "no-store",
    }
    return Response(restored.data, 200, headers, media_type=restored.content_type)


def event(name: str, data: Mapping[str, Any], number: int) -> bytes:
    """One server-sent event, known by its number."""
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()
