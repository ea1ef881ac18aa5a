"""Whether a tritonserver can evaluate what it calls ready.

A Python model that is killed stays dead, and Triton keeps calling it ready: what shows it is
a version that is ready and has no process.
"""

import re
from pathlib import Path

import httpx2

Version = tuple[str, str]  # name, version

_ASK_SECONDS = 1.0
_MODEL = re.compile(r"/([^/\0]+)/(\d+)/model\.py\0")


def answers(url: str) -> bool:
    """Whether all networks are loaded; `url` is Triton's own HTTP."""
    try:
        return httpx2.get(f"{url}/v2/health/ready", timeout=_ASK_SECONDS).status_code == 200
    except httpx2.HTTPError:
        return False


def ready_versions(url: str) -> set[Version]:
    """What Triton calls ready; nothing where it does not answer."""
    try:
        answer = httpx2.post(
            f"{url}/v2/repository/index", json={"ready": True}, timeout=_ASK_SECONDS
        )
        return {(one["name"], one["version"]) for one in answer.raise_for_status().json()}
    except httpx2.HTTPError:
        return set()


def running_versions(pid: int) -> set[Version]:
    """The networks that have a living process below tritonserver's `pid`."""
    running = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == pid:
                # One that died and was not collected has no command line.
                found = _MODEL.search((folder / "cmdline").read_text())
                running |= {(found[1], found[2])} if found else set()
        except OSError:  # it ended in this moment
            continue
    return running
