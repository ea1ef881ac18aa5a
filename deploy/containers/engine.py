"""A Docker engine of our own: a folder into a running dockerd, and the machine as it was before.

The engine's data, socket and log lie in the folder. What it changes outside (packet filter,
forwarding, bridges, mounts) is put back when it ends. Needs root, and Debian's docker.io.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

READY_S = 60
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")


class NoEngine(Exception):
    """Docker's engine cannot run here; the message says why."""


@contextmanager
def engine(folder: Path) -> Iterator[str]:
    """Run dockerd on `folder`; yields what DOCKER_HOST must be. Raises NoEngine."""
    folder.mkdir(parents=True, exist_ok=True)
    socket = folder / "docker.sock"
    with (
        _network_as_before(),
        (folder / "dockerd.log").open("w") as log,
        subprocess.Popen(
            [
                *("dockerd", "--data-root", folder / "root", "--exec-root", folder / "exec"),
                *("--host", f"unix://{socket}", "--pidfile", folder / "dockerd.pid"),
                *("--storage-driver", "overlay2"),
            ],
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            _await(socket, process, folder / "dockerd.log")
            yield f"unix://{socket}"
        finally:
            process.terminate()
            process.wait(60)
            _unmount(folder)


def _await(socket: Path, process: "subprocess.Popen[bytes]", log: Path) -> None:
    limit = time.monotonic() + READY_S
    while time.monotonic() < limit and process.poll() is None:
        asked = ["docker", "--host", f"unix://{socket}", "version"]
        if subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.1)  # dockerd does not say when it is ready
    raise NoEngine(f"dockerd did not start: {log.read_text()[-600:]}")


def _unmount(folder: Path) -> None:
    """Take away what dockerd leaves mounted below its folder, the last one first."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed(places):
        if Path(place).is_relative_to(folder.resolve()):
            subprocess.run(["umount", place], check=True)


@contextmanager
def _network_as_before() -> Iterator[None]:
    """Put back the packet filter and forwarding, and take away bridges that were not there."""
    if os.geteuid() != 0:
        raise NoEngine("dockerd needs root")
    rules = subprocess.run(["iptables-save"], capture_output=True, check=True).stdout
    forwarding, bridges = FORWARDING.read_text(), _bridges()
    try:
        yield
    finally:
        for name in _bridges() - bridges:
            subprocess.run(["ip", "link", "delete", name], check=True)
        subprocess.run(["iptables-restore"], input=rules, check=True)
        FORWARDING.write_text(forwarding)


def _bridges() -> set[str]:
    return {link.name for link in Path("/sys/class/net").iterdir() if (link / "bridge").is_dir()}


def make_base(host: str, folder: Path, name: str) -> None:
    """An image called `name`, of this system's own packages, unless there is one."""
    docker = ["docker", "--host", host]
    if subprocess.run([*docker, "inspect", name], capture_output=True, check=False).returncode == 0:
        return
    tar = folder / "base.tar"
    if not tar.exists():
        packages = "--include=python3,python3-venv,ca-certificates"
        made = tar.with_suffix(".part")
        making = ["mmdebstrap", "--quiet", "--variant=minbase", "--format=tar", packages]
        subprocess.run([*making, "bookworm", made], check=True)
        made.rename(tar)
    subprocess.run([*docker, "import", tar, "rialto-debian:bookworm"], check=True)
    context = folder / "base"
    context.mkdir(exist_ok=True)
    certificates = Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    (context / "ca-certificates.crt").write_bytes(certificates)
    recipe = Path(__file__).with_name("base.Dockerfile")
    build = [*docker, "build", "--quiet", "--tag", name, "--file", recipe, context]
    subprocess.run(build, check=True, env={**os.environ, "DOCKER_BUILDKIT": "0"})
