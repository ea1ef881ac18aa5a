"""Accept: a request's body, raw or a form, to the bytes of a photo and perhaps of a mask.

Bytes are counted as they arrive, so that a body beyond the limit is refused before it lies
in memory whole, whatever its headers say.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from service.problems import Problem
from service.settings import Settings


class BodyTooLarge(Problem):
    """More bytes than the service takes."""

    status = 413
    slug = "body-too-large"
    title = "The upload is too large"


class UploadTimeout(Problem):
    """A body that trickles in for longer than a place in line may be held for it."""

    status = 408
    slug = "upload-timeout"
    title = "The upload took too long"


class BadForm(Problem):
    """A multipart body that cannot be read, or without the part that holds the photo."""

    status = 422
    slug = "bad-form"
    title = "The form holds no photo"


MOST_FIELDS = 16  # text parts of a form
HoleColour = Literal["white", "transparent"]


@dataclass
class Upload:
    """What was sent: the photo's file, and the mask's where there is one.

    holes   what of the mask is to be repaired
    fields  the text parts of a form, by name

    The one thing here that changes: `drop` lets the bytes go once they are pixels, since many
    frames still hold the upload then.
    """

    photo: bytes | bytearray
    mask: bytes | None = None
    holes: HoleColour = "white"
    name: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    def drop(self) -> None:
        """Forget the files, keep the name."""
        self.photo, self.mask = b"", None


@asynccontextmanager
async def upload_within(seconds: float) -> AsyncIterator[None]:
    """Read a body inside. Raises UploadTimeout where it trickles in for longer."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise UploadTimeout(
            f"The body did not arrive within {seconds:g} seconds. Send a smaller"
            " file, or try over a faster connection."
        ) from error


async def upload_of(request: Request) -> Upload:
    """What a request sends. Raises as `accept` does, or UploadTimeout."""
    settings: Settings = request.state.settings
    async with upload_within(settings.upload_timeout_s):
        return await accept(request, settings.max_body_bytes)


async def accept(request: Request, max_bytes: int) -> Upload:
    """Read the body. Raises BodyTooLarge, BadForm, or starlette's ClientDisconnect."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        return Upload(await accept_raw(request, max_bytes))
    _check_announced(request, max_bytes)
    return await _form(_counted(request, max_bytes))


async def accept_raw(request: Request, max_bytes: int) -> bytearray:
    """The raw body, whatever its content type. Raises BodyTooLarge or ClientDisconnect."""
    _check_announced(request, max_bytes)
    body = bytearray()
    async for chunk in _counted(request, max_bytes).stream():
        body += chunk
    return body


def _check_announced(request: Request, max_bytes: int) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(max_bytes)


def _counted(request: Request, max_bytes: int) -> Request:
    """The same request, whose body stops at `max_bytes`."""
    received = 0

    async def receive() -> Message:
        nonlocal received
        message = await request.receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise _too_large(max_bytes)
        return message

    return Request(request.scope, receive)


async def _form(request: Request) -> Upload:
    try:
        form = await request.form(max_files=2, max_fields=MOST_FIELDS)
    except HTTPException as error:  # how starlette tells of a MultiPartException
        raise BadForm(f"The multipart body cannot be read: {error.detail}") from error
    try:
        image, mask = form.get("image"), form.get("mask")
        if not isinstance(image, UploadFile):
            raise BadForm("Send the photo as a file in the part `image`, or as the raw body.")
        if mask is not None and not isinstance(mask, UploadFile):
            raise BadForm("Send the mask as a file in the part `mask`.")
        hole = await mask.read() if mask is not None else None
        fields = {name: text for name, text in form.items() if isinstance(text, str)}
        return Upload(await image.read(), hole, name=image.filename, fields=fields)
    finally:
        await form.close()


def _too_large(max_bytes: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The limit is {max_bytes / 2**20:.0f} MiB. Send a smaller file, or the same photo in a"
        " compressed format."
    )
