"""An endpoint on loopback that keeps what it is sent and answers as a test tells it to."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from service.archive.records import Job, JobCounts, JobSpec, OutputSpec
from service.archive.webhooks import Guard, JobEvent, Signer, WebhookStore, job_event
from service.archive.webhooks.deliver import deliver
from service.archive.webhooks.guard import Resolve
from service.archive.webhooks.sending import Sender

SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ENDED_AT = 1_700_000_000.25


@dataclass(frozen=True)
class Received:
    """One request; header names in lower case."""

    line: str
    headers: dict[str, str]
    body: bytes


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def answering(status: int, *headers: str) -> Answer:
    """An answer without a body."""

    async def answer(writer: asyncio.StreamWriter) -> None:
        lines = (f"HTTP/1.1 {status} X", "Content-Length: 0", "Connection: close", *headers)
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())

    return answer


@dataclass
class Receiver:
    """`answer` may be changed between requests; `let_go` is for answers that wait."""

    answer: Answer = field(default_factory=lambda: answering(204))
    requests: asyncio.Queue[Received] = field(default_factory=asyncio.Queue)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    scheme: str = "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/hook?token=1"

    def guard(self) -> Guard:
        return Guard([f"127.0.0.1:{self.port}"])

    def sender(self, attempt_s: float = 20) -> Sender:
        return Sender(self.guard(), Signer([SECRET]), attempt_s=attempt_s)

    async def silent(self, _writer: asyncio.StreamWriter) -> None:
        """An answer that does not come."""
        await self.let_go.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            line, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            pairs = (each.split(": ", 1) for each in lines if each)
            headers = {name.lower(): value for name, value in pairs}
            body = await reader.readexactly(int(headers["content-length"]))
            await self.requests.put(Received(line, headers, body))
            await self.answer(writer)
            await writer.drain()
        writer.close()
        with suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()


@asynccontextmanager
async def receiving(
    *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Receiver]:
    """An endpoint at `host`; its connections have ended when the block has."""
    receiver = Receiver()
    at_work: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(receiver.serve(reader, writer))
        at_work.add(task)
        task.add_done_callback(at_work.discard)

    server = await asyncio.start_server(connected, host, port, ssl=tls)
    async with server:
        receiver.port = server.sockets[0].getsockname()[1]
        receiver.scheme = "https" if tls else "http"
        try:
            yield receiver
        finally:
            receiver.let_go.set()
            await asyncio.gather(*at_work)


def resolving(*answers: Sequence[str]) -> Resolve:
    """A resolver that has other addresses each time, and at last always the same."""
    left = list(answers)

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@dataclass
class Clock:
    """A clock that a test moves."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def ended_job(job_id: str, url: str | None, ended_at: float = ENDED_AT) -> Job:
    return Job(
        id=job_id,
        state="finished",
        spec=JobSpec(outputs=(OutputSpec(task="jpeg"),), title="Köln", webhook=url),
        counts=JobCounts(total=2, restored=2),
        created_at=ENDED_AT - 60,
        closed_at=ENDED_AT - 30,
        ended_at=ended_at,
    )


def event_of(job_id: str, url: str, ended_at: float = ENDED_AT) -> JobEvent:
    event = job_event(ended_job(job_id, url, ended_at))
    assert event is not None
    return event


async def deliver_due(store: WebhookStore, sender: Sender) -> int:
    """Make every delivery that is due now, once; returns how many."""
    claims, _ = await store.claim(100)
    await asyncio.gather(*(deliver(store, sender, claim) for claim in claims))
    return len(claims)
