"""The machine as the service finds it: Python, processor, memory, disk, open files."""

import os
import resource
import shutil
import sys
from importlib.metadata import metadata
from pathlib import Path

from packaging.specifiers import SpecifierSet

from rialto.commands.doctor.finding import Finding

VECTOR_FLAGS = (
    *("avx2", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8", "amx_bf16"),
    *("asimd", "asimddp"),
)
NEEDED_FLAGS = {"avx2", "asimd"}  # one of them: without, a step takes some ten times as long
NETWORKS_MB = 1024  # of a running service beside its decoders: interpreter, runtime, networks
LEAST_FREE_MB = 2048  # of disk: the queue's file, photos as sent, results
LEAST_FILES = 1024


def check_python() -> Finding:
    """The interpreter's version against what the package asks for."""
    version = ".".join(map(str, sys.version_info[:3]))
    wanted = metadata("rialto")["Requires-Python"]
    if version not in SpecifierSet(wanted):
        return Finding(
            "python", "broken", f"{version}, but {wanted} is needed", "install Python 3.11"
        )
    return Finding("python", "fine", f"{version} at {sys.executable}")


def check_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Finding:
    """Cores that this process may use, and the vector instructions that networks run on."""
    cores = len(os.sched_getaffinity(0))
    lines = cpuinfo.read_text().splitlines()
    words = {
        word for line in lines if line.startswith(("flags", "Features")) for word in line.split()
    }
    model = next(
        (line.split(":")[1].strip() for line in lines if line.startswith("model name")), ""
    )
    found = [flag for flag in VECTOR_FLAGS if flag in words]
    told = f"{cores} cores of {model or 'a processor without a name'}; {', '.join(found) or 'none'}"
    if not NEEDED_FLAGS & words:
        mend = "take a processor with AVX2 or NEON, or a Triton (RIALTO_ENGINE=triton)"
        return Finding("processor", "note", f"{told}: networks will be very slow", mend)
    return Finding("processor", "fine", told)


def check_memory(decoders: int, decode_memory_mb: int, held_mb: int) -> Finding:
    """Memory that is left, against what the settings allow to be used at most."""
    free_mb = _free_memory_mb()
    most_mb = NETWORKS_MB + decoders * decode_memory_mb + held_mb
    told = f"{free_mb:,} MiB free; the settings' bounds add up to {most_mb:,} MiB"
    if free_mb < NETWORKS_MB:
        mend = f"free memory: a service without photos takes up to {NETWORKS_MB:,} MiB"
        return Finding("memory", "broken", told, mend)
    if free_mb < most_mb:
        mend = "lower RIALTO_DECODERS, RIALTO_DECODE_MEMORY_MB or RIALTO_MAX_HELD_MB"
        return Finding("memory", "note", f"{told}: large photos at once may meet the end", mend)
    return Finding("memory", "fine", told)


def check_disk(folder: Path) -> Finding:
    """Whether `folder`, or the next above it that exists, can be written, and the room there."""
    there = _existing(folder)
    if not os.access(there, os.W_OK | os.X_OK):
        told = f"{there} cannot be written by this user"
        return Finding("disk", "broken", told, "mend its rights, or set RIALTO_DATA")
    free_mb = shutil.disk_usage(there).free // 2**20
    told = f"{free_mb:,} MiB free in {folder}"
    if free_mb < LEAST_FREE_MB:
        mend = f"free some room, or set RIALTO_DATA: {LEAST_FREE_MB:,} MiB are little already"
        return Finding("disk", "broken", told, mend)
    return Finding("disk", "fine", told)


def check_files() -> Finding:
    """How many files a process may hold open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    told = f"{soft:,} may be open ({hard:,} where raised)"
    if soft < LEAST_FILES:
        return Finding("files", "note", told, f"ulimit -n {LEAST_FILES}: each connection holds one")
    return Finding("files", "fine", told)


def _free_memory_mb() -> int:
    lines = Path("/proc/meminfo").read_text().splitlines()
    free = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable")) // 1024
    limit = Path("/sys/fs/cgroup/memory.max")  # of a container; "max" where there is none
    used = limit.with_name("memory.current")
    if limit.exists() and used.exists() and (text := limit.read_text().strip()).isdecimal():
        free = min(free, (int(text) - int(used.read_text())) // 2**20)
    return free


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    return next(path for path in (folder, *folder.parents) if path.exists())
