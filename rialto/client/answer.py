"""What the service said becomes a `Restoration`, a catalogue, or the error that it means."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rialto.client.errors import APIStatusError, Refusal, UnexpectedAnswerError, status_error
from rialto.client.restoration import Restoration

Model = TypeVar("Model", bound=BaseModel)

LONGEST_QUOTE = 200  # characters of an answer that is not ours, quoted in the error


@dataclass(frozen=True)
class Answer:
    """An answer that has been read to its end; `headers` ignore case.

    is_event  the body is the last event of a stream: where to fetch the photo, or a problem
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    request_id: str | None = None
    is_event: bool = False

    @property
    def content_type(self) -> str:
        """The media type alone, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Done(BaseModel):
    """The event that ends a restoration well: where the photo lies and how it was made."""

    href: str
    content_type: str
    seed: int
    network: str
    plan: str
    timing: dict[str, float]
    steps_done: int | None = None
    steps: int | None = None


class UnderWay(BaseModel):
    """The answer to a photo that nobody waits for: under which id it will be found."""

    id: str


def refusal_error(answer: Answer) -> APIStatusError:
    """The exception that an answer outside 2xx means, whoever wrote its body."""
    problem = problem_of(answer.body)
    kind = str(problem.get("type", ""))
    own = problem.get("request_id")
    return status_error(
        Refusal(
            status=answer.status,
            slug=kind.rstrip("/").rpartition("/")[2] or "unknown",
            title=str(problem.get("title", f"HTTP {answer.status}")),
            detail=str(problem.get("detail", "")) if problem else _quote(answer.body),
            request_id=own if isinstance(own, str) else answer.request_id,
            retry_after=seconds_to_wait(answer.headers.get("retry-after")),
        )
    )


def restoration_of(answer: Answer) -> Restoration:
    """The photo in an answer to `POST /restore`, from its body and headers."""
    _check_photo(answer)
    done, _, steps = answer.headers.get("x-rialto-steps", "").partition("/")
    try:
        return Restoration(
            content=answer.body,
            content_type=answer.content_type,
            seed=int(answer.headers["x-rialto-seed"]),
            network=answer.headers["x-rialto-network"],
            plan=answer.headers["x-rialto-plan"],
            timing=timing_of(answer.headers.get("server-timing", "")),
            request_id=answer.request_id,
            steps_done=int(done) if steps else None,
            steps=int(steps) if steps else None,
        )
    except (KeyError, ValueError) as error:
        raise unexpected(answer, "a photo without X-Rialto-Seed, -Network and -Plan") from error


def fetched_restoration(event: Answer, done: Done, answer: Answer) -> Restoration:
    """The photo fetched from `done.href`, with what the `done` event said of it."""
    _check_photo(answer)
    return Restoration(
        content=answer.body,
        content_type=answer.content_type,
        seed=done.seed,
        network=done.network,
        plan=done.plan,
        timing=done.timing,
        request_id=event.request_id,
        steps_done=done.steps_done,
        steps=done.steps,
    )


def document(answer: Answer, model: type[Model]) -> Model:
    """The JSON body as `model`, with the request id where the model has a place for it."""
    try:
        told = model.model_validate_json(answer.body)
    except ValidationError as error:
        raise unexpected(answer, f"no {model.__name__}: {_quote(answer.body)}") from error
    if "request_id" in model.model_fields:
        return told.model_copy(update={"request_id": answer.request_id})
    return told


def timing_of(server_timing: str) -> dict[str, float]:
    """`Server-Timing` as milliseconds by stage: `wait;dur=1.5, infer;dur=80` and so on."""
    found = re.findall(r"([\w-]+)\s*;[^,]*?\bdur=([\d.]+)", server_timing)
    return {stage: float(ms) for stage, ms in found}


def seconds_to_wait(retry_after: str | None) -> float | None:
    """`Retry-After` in seconds from now, whether told as seconds or as a date; else None."""
    if not retry_after:
        return None
    try:
        return max(float(retry_after), 0.0)
    except ValueError:
        pass
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    if moment.tzinfo is None:  # a zone of -0000
        moment = moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


def _check_photo(answer: Answer) -> None:
    if not answer.content_type.startswith("image/"):
        raise unexpected(answer, f"{answer.content_type or 'no media type'} instead of a photo")


def problem_of(body: bytes) -> dict[str, object]:
    """The fields of a problem document; none where `body` is something else."""
    try:
        told = json.loads(body)
    except ValueError:  # a proxy's HTML page, or nothing
        return {}
    return told if isinstance(told, dict) else {}


def _quote(body: bytes) -> str:
    text = " ".join(body[: 4 * LONGEST_QUOTE].decode(errors="replace").split())
    return text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…"


def unexpected(answer: Answer, what: str) -> UnexpectedAnswerError:
    """The error of an answer that this service would not give."""
    return UnexpectedAnswerError(
        f"the service answered {answer.status} with {what}", answer.request_id
    )
