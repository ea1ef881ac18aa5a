"""What the service must reach, and who may reach it: port, keys, Redis, storage, Triton."""

import asyncio
import errno
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx2
from redis import Redis
from redis.exceptions import RedisError
from tritonclient.grpc.aio import InferenceServerClient
from tritonclient.utils import InferenceServerException

from rialto.commands.doctor.finding import Finding
from service.archive.blobs import Blobs
from service.auth.policy import AuthUndecided, keys_wanted
from service.engine.repository import RepositoryError
from service.engine.triton.networks import Served, read_networks
from service.problems import Problem
from service.settings import AuthMode
from service.valkey import server_binary

PATIENCE_S = 3.0


def check_port(host: str, port: int) -> Finding:
    """Whether the service could listen there, or does."""
    name, where = "port", f"{host}:{port}"
    try:
        with socket.create_server((host, port)):
            return Finding(name, "fine", f"{where} is free")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            if _is_rialto(host, port):
                return Finding(name, "fine", f"a Rialto answers at {where}")
            mend = "end it, or set RIALTO_PORT"
            return Finding(name, "broken", f"another program listens on {where}", mend)
        told = f"{where} cannot be listened on: {error.strerror}"
        return Finding(name, "broken", told, "set RIALTO_HOST and RIALTO_PORT")


def _is_rialto(host: str, port: int) -> bool:
    host = "127.0.0.1" if host in ("0.0.0.0", "") else host  # noqa: S104 -- compared, not bound
    try:
        url = httpx2.URL(scheme="http", host=host, port=port, path="/openapi.json")
        answer = httpx2.get(url, timeout=PATIENCE_S, trust_env=False)
        return bool(answer.json()["info"]["title"] == "Rialto")
    except (httpx2.HTTPError, ValueError, KeyError, TypeError):
        return False


def check_keys(mode: AuthMode, host: str) -> Finding:
    """Whether it has been said who may come."""
    try:
        wanted = keys_wanted(mode, host)
    except AuthUndecided as error:
        told = f"RIALTO_HOST={host} can be reached from other machines, and RIALTO_AUTH is auto"
        return Finding("keys", "broken", told, str(error))
    return Finding("keys", "fine", "every caller needs one" if wanted else "nobody needs one")


def check_redis(url: str) -> Finding:
    """The archive's queue: reached, and set so that it forgets nothing."""
    if not url:
        return _own_valkey()
    mend = "start it, or mend RIALTO_REDIS_URL; empty starts a Valkey of our own"
    try:
        with Redis.from_url(
            url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S, decode_responses=True
        ) as redis:
            info = redis.info()
    except (RedisError, ValueError, OSError) as error:
        return Finding("redis", "broken", f"{_shown(url)}: {error}", mend)
    server = info.get("server_name", "redis")
    told = f"{server} {info.get('valkey_version') or info['redis_version']} at {_shown(url)}"
    if (policy := info.get("maxmemory_policy", "noeviction")) != "noeviction":
        told = f"{told} drops keys when it is full (maxmemory-policy {policy})"
        return Finding("redis", "broken", told, "CONFIG SET maxmemory-policy noeviction")
    if not info.get("aof_enabled"):
        told = f"{told} keeps no append-only file: a crash loses what was acknowledged"
        return Finding("redis", "note", told, "CONFIG SET appendonly yes")
    return Finding("redis", "fine", f"{told}, append-only file on, evicts nothing")


def _own_valkey() -> Finding:
    try:
        done = subprocess.run(  # noqa: S603 -- our own binary
            [server_binary(), "--version"], capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError, RuntimeError) as error:
        mend = "set RIALTO_REDIS_URL to a Redis or Valkey that runs"
        return Finding("redis", "broken", f"our own Valkey does not run: {error}", mend)
    return Finding("redis", "fine", f"our own: {' '.join(done.stdout.split()[:3])}")


def check_blobs(where: str | Path) -> Finding:
    """The photos' storage: a small object is written, read and deleted."""
    mend = "mend RIALTO_BLOBS, its rights and credentials"
    if isinstance(where, Path) and not where.exists():
        return Finding("blobs", "fine", f"{where} will be made at the first start")
    try:
        asyncio.run(asyncio.wait_for(_round_trip(where), 5 * PATIENCE_S))
    except Problem as problem:
        return Finding("blobs", "broken", f"{where}: {problem.detail}", mend)
    except (OSError, ValueError, TimeoutError) as error:
        return Finding("blobs", "broken", f"{where}: {error or 'no answer'}", mend)
    return Finding("blobs", "fine", f"{where}: an object was written, read and deleted")


async def _round_trip(where: str | Path) -> None:
    blobs = Blobs.open(where, create=False, timeout_s=PATIENCE_S)
    key, content = f"doctor/{uuid4().hex}", b"rialto doctor"
    await blobs.put(key, content)
    try:
        if await blobs.get(key) != content:
            raise ValueError("what was read is not what was written")
    finally:
        await blobs.delete([key])


def check_triton(url: str, wanted: bool) -> Iterator[Finding]:
    """The Triton that evaluates networks: reached, with networks of ours that can be read."""
    if not wanted:
        yield Finding("triton", "unused", "RIALTO_ENGINE=local: this process evaluates")
        return
    mend = "start it (rialto triton), or mend RIALTO_TRITON_URL"
    try:
        served = asyncio.run(asyncio.wait_for(_served(url), 2 * PATIENCE_S))
    except (InferenceServerException, TimeoutError) as error:
        told = getattr(error, "message", lambda: "no answer")()
        yield Finding("triton", "broken", f"{url}: {told}", mend)
        return
    except RepositoryError as error:
        yield Finding("triton", "broken", str(error), "export it again, then rialto models load")
        return
    if not served:
        mend = "point it to a model repository of ours: rialto triton --model-repo model_repo"
        yield Finding("triton", "broken", f"{url} serves no network with a card", mend)
        return
    keys = sorted({network.key for network in served.values()})
    yield Finding("triton", "fine", f"{url} serves {', '.join(keys)}")


async def _served(url: str) -> dict[str, Served]:
    async with InferenceServerClient(url) as client:
        return await read_networks(client, PATIENCE_S)


def _shown(url: str) -> str:
    """A URL without its password."""
    shown = httpx2.URL(url) if "://" in url else None
    if shown is None or not shown.userinfo:
        return url
    return str(shown.copy_with(userinfo=b"***"))
