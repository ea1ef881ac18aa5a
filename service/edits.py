"""The door for programs that speak OpenAI's image API: `POST /v1/images/edits` fills holes.

It is the task `inpaint` in that API's form: the mask's transparent pixels, or without a mask the
photo's own, are what is to be repaired. A prompt is taken and not followed, and that is told.
"""

import time
from base64 import b64encode
from contextlib import ExitStack
from typing import Final, Literal

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import JSONResponse, Response

from bridge.contract import PresetName
from service.requests import unless_gone
from service.restore import Order, Restorer
from service.restore.accept import Upload, upload_of
from service.restore.attend import finished
from service.restore.pack import Wrapping
from service.tasks import Choice

router = APIRouter()

TASK: Final = "inpaint"


class Edit(BaseModel):
    """The text parts that mean something here; others are taken and left aside.

    n                  pictures, of the seeds `seed`, `seed` + 1 and so on
    preset and seed    our own, beside that API's
    """

    prompt: str = ""
    n: int = Field(default=1, ge=1, le=4)
    response_format: Literal["b64_json"] = "b64_json"
    output_format: Literal["png", "jpeg", "webp"] = "png"
    preset: PresetName = "fast"
    seed: int = Field(default=0, ge=0, lt=2**53 - 4)


class Picture(BaseModel):
    """One repaired photo, and the seed that makes it again."""

    b64_json: str
    seed: int


class Pictures(BaseModel):
    """The answer. `notes` say what was not done as it was asked."""

    created: int
    data: list[Picture]
    notes: list[str]


@router.post(
    "/v1/images/edits",
    response_model=Pictures,
    openapi_extra={
        "requestBody": {"content": {"multipart/form-data": {"schema": {"type": "object"}}}}
    },
)
async def edit(request: Request) -> Response:
    """Fill the holes of the form's `image`; they are where `mask`, or else it, is transparent."""
    restorer: Restorer = request.state.restorer
    restorer.tasks.choose(Choice(TASK))  # without such a network refused before the photo is read
    request.state.task = TASK
    with ExitStack() as place:
        place.enter_context(restorer.line.place())
        upload = await upload_of(request)
        try:
            wish = Edit.model_validate(upload.fields)
        except ValidationError as error:
            raise RequestValidationError(error.errors()) from error
        return await unless_gone(request, _repaired(restorer, upload, wish))


async def _repaired(restorer: Restorer, upload: Upload, wish: Edit) -> Response:
    """One after the other, so that memory does not grow with their number."""
    photo, mask = bytes(upload.photo), upload.mask
    pictures, notes = [], []
    for seed in range(wish.seed, wish.seed + wish.n):
        order = Order(Choice(TASK, wish.preset), seed, Wrapping(wish.output_format))
        one = Upload(photo, mask or photo, "transparent", upload.name)
        made = await finished(restorer, one, order)
        pictures.append(Picture(b64_json=b64encode(made.data).decode(), seed=seed))
        notes = [*made.notes]
    if wish.prompt:
        notes.append("The prompt was not followed: holes are filled from what is around them.")
    body = Pictures(created=int(time.time()), data=pictures, notes=notes)
    return JSONResponse(body.model_dump())
