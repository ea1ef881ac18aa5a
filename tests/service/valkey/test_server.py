"""Valkey of our own: it starts, comes back with what it acknowledged, and leaves with us."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from service.valkey import ValkeyFailed, embedded_valkey, open_redis, server


async def pid_of(redis: Redis) -> int:
    return int((await redis.info("server"))["process_id"])


async def test_a_killed_server_comes_back_with_all_that_it_acknowledged(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path) as url, open_redis(url) as redis:
        for number in range(100):
            await redis.set(f"key-{number}", number)
        first = await pid_of(redis)
        os.kill(first, signal.SIGKILL)
        redis.set_retry(Retry(ConstantBackoff(0.01), 1000))
        assert await pid_of(redis) != first
        assert await redis.dbsize() == 100


async def test_what_was_stored_is_there_when_the_folder_is_opened_again(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path / "new" / "folder") as url, open_redis(url) as redis:
        await redis.set("key", "value")
    async with embedded_valkey(tmp_path / "new" / "folder") as url, open_redis(url) as redis:
        assert await redis.get("key") == "value"


async def test_the_server_ends_with_the_block_and_listens_to_its_user_only(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path / "v") as url, open_redis(url) as redis:
        pid = await pid_of(redis)
        assert (await redis.config_get("port"))["port"] == "0"
        assert (tmp_path / "v").stat().st_mode & 0o077 == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_folder_whose_name_is_too_long_for_a_socket_works(tmp_path: Path) -> None:
    async with embedded_valkey(tmp_path / ("long" * 40)) as url, open_redis(url) as redis:
        assert await redis.ping()


async def test_a_second_service_is_refused_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "STOP_S", 0.1)
    async with embedded_valkey(tmp_path):
        with pytest.raises(ValkeyFailed, match="Another service holds"):
            async with embedded_valkey(tmp_path):
                pass


async def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").write_text("not a folder")
    with pytest.raises(ValkeyFailed, match="appendonlydir"):
        async with embedded_valkey(tmp_path):
            pass


def test_the_server_ends_when_its_service_is_killed_and_the_next_one_takes_over(
    tmp_path: Path,
) -> None:
    program = (
        "import asyncio, pathlib, sys\n"
        "from service.valkey import embedded_valkey, open_redis\n"
        "async def main():\n"
        "    async with embedded_valkey(pathlib.Path(sys.argv[1])) as url, open_redis(url) as r:\n"
        "        print(await r.incr('starts'), flush=True)\n"
        "        await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    for start in (1, 2):
        with subprocess.Popen(
            [sys.executable, "-c", program, tmp_path], stdout=subprocess.PIPE, text=True
        ) as service:
            assert service.stdout is not None
            assert service.stdout.readline() == f"{start}\n"
            service.kill()
