"""The callers of a soak: what they send, how they leave, and how each photo of theirs ended."""

import asyncio
import random
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from benchmarks.batching import jpeg_bytes

PATIENCE_S = 600.0
GIVES_UP_S = 4.0  # at most; the callers that leave do so at any moment before
OUTCOMES = ("finished", "cancelled", "refused", "failed")
LINE_FULL, RETRY_AFTER_S = "/problems/line-full", 2.0
RUBBISH = b"\xff\xd8\xff\xe0 no photo at all"

SIDES, SIDE_WEIGHTS = (64, 160, 320), (4, 3, 1)
STEPS, STEP_WEIGHTS = (1, 4, 12, 40), (8, 4, 2, 1)
MANNERS = {"waits": 9, "listens": 4, "leaves": 3, "hangs up": 2, "is killed": 2, "rubbish": 1}


@dataclass
class Tally:
    """Photos begun, how they ended, and why; `broken` connections may never have been photos."""

    started: int = 0
    broken: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)  # of those that were waited for

    def end(self, outcome: str, reason: str = "") -> None:
        """One photo is over."""
        self.ended[outcome] += 1
        if reason:
            self.reasons[f"{outcome}: {reason}"] += 1

    def answered(self, status: int, reason: str) -> None:
        """By the status of an answer: a line that is full refuses, as a bad photo is refused."""
        if status == 200:
            self.end("finished")
        elif status < 500 or reason == LINE_FULL:
            self.end("refused", reason)
        else:
            self.end("failed", f"{status} {reason}")


class Caller:
    """One caller after another's photo, each with a manner of its own, until time is up."""

    def __init__(self, number: int, url: str, tally: Tally, folder: Path) -> None:
        self._rng = random.Random(number)  # noqa: S311 -- a trace, no secret
        self._url, self._tally = url, tally
        self._photos = {side: jpeg_bytes(side) for side in SIDES}
        self._file = folder / f"caller-{number}.jpg"
        self._pause_s = 0.0
        self._client = httpx2.AsyncClient(base_url=url, timeout=PATIENCE_S)

    async def call_until(self, end: float) -> None:
        """Photo after photo; the last is waited for."""
        async with self._client:
            while time.monotonic() < end:
                (manner,) = self._rng.choices(list(MANNERS), list(MANNERS.values()))
                self._tally.started += 1
                try:
                    await self._photo(manner)
                except httpx2.TransportError as error:
                    self._tally.broken += 1
                    self._tally.end("failed", type(error).__name__)
                await asyncio.sleep(self._pause_s)
                self._pause_s = 0.0

    async def _photo(self, manner: str) -> None:
        (side,) = self._rng.choices(SIDES, SIDE_WEIGHTS)
        (steps,) = self._rng.choices(STEPS, STEP_WEIGHTS)
        task = self._rng.choice(["jpeg", "sr4x"] if side == SIDES[0] else ["jpeg"])
        path = f"/restore?task={task}&steps={steps}&seed={self._rng.randrange(1000)}"
        photo = self._photos[side] if manner != "rubbish" else RUBBISH
        if manner == "listens":
            await self._listen(path, photo, leave_at=0.0)
        elif manner == "hangs up":
            await self._listen(path, photo, leave_at=self._rng.random())
        elif manner == "is killed":
            await self._killed(path, photo)
        else:
            gives_up = self._rng.uniform(0, GIVES_UP_S) if manner == "leaves" else None
            await self._wait(path, photo, gives_up)

    def _answered(self, status: int, reason: str) -> None:
        self._tally.answered(status, reason)
        if reason == LINE_FULL:
            self._pause_s = self._rng.uniform(0, 2 * RETRY_AFTER_S)

    async def _wait(self, path: str, photo: bytes, gives_up: float | None) -> None:
        start = time.monotonic()
        try:
            async with asyncio.timeout(gives_up):
                answer = await self._client.post(path, content=photo)
        except TimeoutError:
            self._tally.end("cancelled")
            return
        self._answered(answer.status_code, problem_of(answer))
        if gives_up is None and answer.status_code == 200:
            self._tally.seconds.append(time.monotonic() - start)

    async def _listen(self, path: str, photo: bytes, leave_at: float) -> None:
        """Server-sent events, to the photo; or until the share `leave_at` of the steps is done."""
        headers, last = {"Accept": "text/event-stream"}, ""
        async with self._client.stream("POST", path, content=photo, headers=headers) as stream:
            if stream.status_code != 200:
                await stream.aread()
                self._answered(stream.status_code, problem_of(stream))
                return
            async for line in stream.aiter_lines():
                if line.startswith("event:"):
                    last = line.partition(":")[2].strip()
                    if leave_at and last == "progress" and self._rng.random() < leave_at:
                        self._tally.end("cancelled")
                        return
        if last == "done":
            self._tally.end("finished")
        else:
            self._tally.end("failed", f"the events ended with {last or 'none'}")

    async def _killed(self, path: str, photo: bytes) -> None:
        """A client in a process of its own, which is killed while it waits."""
        self._file.write_bytes(photo)
        curl = await asyncio.create_subprocess_exec(
            *("curl", "--silent", "--output", "/dev/null", "--write-out", "%{http_code}"),
            *("--data-binary", f"@{self._file}", self._url + path),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(self._rng.uniform(0, GIVES_UP_S)):
                told, _ = await curl.communicate()
        except TimeoutError:
            with suppress(ProcessLookupError):  # it has just ended by itself
                curl.kill()
            await curl.wait()
            self._tally.end("cancelled")
            return
        status = int(told or 0)
        self._answered(status, "by curl" if status != 503 else LINE_FULL)


def problem_of(answer: httpx2.Response) -> str:
    """The type of a problem, or nothing."""
    if "problem+json" not in answer.headers.get("content-type", ""):
        return ""
    return str(answer.json()["type"])
