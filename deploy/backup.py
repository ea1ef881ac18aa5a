"""A back-up of a running archive: Redis' append-only file, then the blobs, into one folder.

`python -m deploy.backup redis://127.0.0.1:6379 REDIS_FOLDER BLOBS_FOLDER INTO`. Redis first: a blob
that no record names is swept some day, a record whose blob is missing would fail its photo. To
restore, put both back where they lay before anything is started. A bucket is backed up by itself.
"""

import argparse
import shutil
import time
from pathlib import Path

from redis import Redis

REWRITE = "auto-aof-rewrite-percentage"
PATIENCE_S = 600


def back_up(url: str, redis_folder: Path, blobs: Path, into: Path) -> None:
    """Copy while everything runs. `into` must not exist: a back-up is never half another's.

    Raises TimeoutError where a rewrite of the append-only file does not end.
    """
    into.mkdir(parents=True)
    with Redis.from_url(url, decode_responses=True) as redis:
        usual = redis.config_get(REWRITE)[REWRITE]
        redis.config_set(REWRITE, 0)  # or its files would be replaced under our hands
        try:
            _await_rewrite(redis)
            shutil.copytree(redis_folder / "appendonlydir", into / "appendonlydir")
        finally:
            redis.config_set(REWRITE, usual)
    shutil.copytree(blobs, into / "blobs", ignore=shutil.ignore_patterns("*#*"))


def restore(from_: Path, redis_folder: Path, blobs: Path) -> None:
    """Put a back-up where it lay, into folders that hold none yet; nothing may run there."""
    shutil.copytree(from_ / "appendonlydir", redis_folder / "appendonlydir")
    shutil.copytree(from_ / "blobs", blobs)


def _await_rewrite(redis: Redis) -> None:
    limit = time.monotonic() + PATIENCE_S
    while redis.info("persistence")["aof_rewrite_in_progress"]:
        if time.monotonic() > limit:
            raise TimeoutError("Redis' append-only file is still being rewritten")
        time.sleep(0.1)  # Redis tells nobody when a rewrite ends: it must be asked


def main() -> None:
    """Back up by the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    for folder in ("redis_folder", "blobs", "into"):
        parser.add_argument(folder, type=Path)
    back_up(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
