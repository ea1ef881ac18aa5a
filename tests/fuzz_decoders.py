"""Damaged files into the real decoders for as long as is wished: `make fuzz`.

python -m tests.fuzz_decoders [seconds] [seed]

Any bytes are a photo, or a problem of the photo's own, within SECONDS and MEGABYTES of a decoder. A
file for which that does not hold is kept in tests/service/photo/corpus, where the suite finds it.
"""

import asyncio
import hashlib
import resource
import sys
import time
from collections import Counter
from collections.abc import Iterator

from service.photo.codec import Codec
from service.photo.limits import CodecLimits
from service.problems import Problem
from tests.service.photo.mutate import CORPUS, damaged

SECONDS, MEGABYTES, MEGAPIXELS = 30, 1024, 20
AT_ONCE = 2
GROWN_MOST_MIB = 100  # of this process, which holds no photo for longer than it takes
LIMITS = CodecLimits(
    max_input_megapixels=MEGAPIXELS,
    decode_timeout_s=SECONDS,
    child_memory_bytes=MEGABYTES * 2**20,
    processes=AT_ONCE,
)


async def outcome(codec: Codec, data: bytes) -> tuple[str, bool]:
    """What became of a file, in a word, and whether it may become that."""
    try:
        photo = await codec.decode(data)
    except Problem as problem:
        return problem.slug, problem.status < 500 and problem.slug != "decode-timeout"
    sound = photo.megapixels <= MEGAPIXELS and photo.pixels.ndim == 3
    return "photo", sound


async def fuzz(seconds: float, seed: int) -> int:
    """Decode until the time is over; returns how many files broke the promise."""
    counts, broken, codec = Counter[str](), 0, Codec(LIMITS)
    await codec.start()
    files, until = damaged(seed), time.monotonic() + seconds

    async def work(files: Iterator[bytes]) -> None:
        nonlocal broken
        while time.monotonic() < until:
            data = next(files)
            word, kept = await outcome(codec, data)
            if word == "decode-timeout":  # the machine's fault, perhaps: once more
                word, kept = await outcome(codec, data)
            counts[word] += 1
            if not kept:
                broken += 1
                name = f"{word}-{hashlib.sha256(data).hexdigest()[:12]}.bin"
                (CORPUS / name).write_bytes(data)
                print(f"{name}: {len(data)} bytes", flush=True)

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await asyncio.gather(*(work(files) for _ in range(AT_ONCE)))
    await codec.close()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(f"{counts.total()} files, seed {seed}: {dict(counts.most_common())}")
    print(f"{broken} broke the promise; this process grew by {grown:.0f} MiB")
    return broken + (grown > GROWN_MOST_MIB)


def main() -> None:
    """Exit code 1 where a file was found."""
    given = [*sys.argv[1:], *["3600", str(time.time_ns() % 2**32)][len(sys.argv) - 1 :]]
    sys.exit(bool(asyncio.run(fuzz(float(given[0]), int(given[1])))))


if __name__ == "__main__":
    main()
