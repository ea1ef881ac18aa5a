"""The events of one restoration become progress, previews and, with the last, an answer.

What was heard is kept, so that a broken connection goes on behind it and a caller who leaves
can say so.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar, Unpack
from urllib.parse import quote

from pydantic import TypeAdapter, ValidationError

from rialto.client.answer import Answer, problem_of, unexpected
from rialto.client.call import Call, PhotoInput, Previews, RestoreOptions, restore_call
from rialto.client.restoration import Preview, Progress

T = TypeVar("T")
OnProgress = Callable[[Progress], None]
OnPreview = Callable[[Preview], None]

PROGRESS = TypeAdapter(Progress)
PREVIEW = TypeAdapter(Preview)
ACCEPTED = TypeAdapter(dict[str, object])


@dataclass
class Walk:
    """A listener to the events of `POST /restore`.

    restoration  the id under which the service knows the work; None until it told
    submitted    the work goes on where this listener leaves
    last_event   the id of the last event, for `Last-Event-ID`
    events       how many were heard that a resumed answer will not repeat
    """

    on_progress: OnProgress | None = None
    on_preview: OnPreview | None = None
    restoration: str | None = None
    submitted: bool = False
    last_event: str = field(default="", init=False)
    events: int = field(default=0, init=False)

    def hear(self, name: str, data: str, key: str, head: Answer) -> Answer | None:
        """Take one event; returns the answer that it completes."""
        self.last_event = key or self.last_event
        if name == "accepted":
            told = _read(ACCEPTED, data, head).get("id")
            self.restoration = told if isinstance(told, str) else None
        elif self.restoration is not None:
            self.events += 1
        if name == "progress" and self.on_progress is not None:
            self.on_progress(_read(PROGRESS, data, head))
        elif name == "preview" and self.on_preview is not None:
            self.on_preview(_read(PREVIEW, data, head))
        return _answered(name, data.encode(), head)

    def resumed(self, call: Call) -> Call:
        """What to send after a broken connection: `call` again, or what goes on behind it."""
        if self.restoration is None:
            return call
        headers = {"Accept": "text/event-stream"}
        if self.last_event:
            headers["Last-Event-ID"] = self.last_event
        path = f"/restorations/{quote(self.restoration)}/events"
        return replace(
            call, method="GET", path=path, params={}, headers=headers, body=None, listener=self
        )

    def farewell(self) -> Call | None:
        """What to send where nobody waits for the photo any more."""
        if self.restoration is None or self.submitted:
            return None
        return Call("DELETE", f"/restorations/{quote(self.restoration)}")

    def forget(self) -> None:
        """Begin anew: the service knows this restoration no longer."""
        self.restoration, self.last_event = None, ""


def watched_call(
    photo: PhotoInput,
    on_progress: OnProgress | None,
    on_preview: OnPreview | None,
    previews: Previews,
    *,
    task: str,
    **options: Unpack[RestoreOptions],
) -> Call:
    """The call that restores `photo`, with a `Walk` that listens where anybody wants to hear."""
    if on_progress is None and on_preview is None:
        return restore_call(photo, task=task, **options)
    shown = previews if on_preview is not None else None
    walk = Walk(on_progress, on_preview)
    return restore_call(photo, walk, task=task, previews=shown, **options)


def _read(kind: TypeAdapter[T], data: str, head: Answer) -> T:
    try:
        return kind.validate_json(data)
    except ValidationError as error:
        raise unexpected(head, f"an event that cannot be read: {data[:200]}") from error


def _answered(name: str, body: bytes, head: Answer) -> Answer | None:
    if name == "done":
        return replace(head, body=body, is_event=True)
    if name == "problem":
        status = problem_of(body).get("status")
        if not isinstance(status, int):
            raise unexpected(head, f"a problem without a status: {body.decode()[:200]}")
        return replace(head, status=status, body=body, is_event=True)
    return None
