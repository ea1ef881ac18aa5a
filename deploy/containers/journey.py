"""The containers' journey: built, brought up, used, killed, brought down, and nothing left behind.

`python -m deploy.containers.journey` prints what it does, with times and sizes, and fails where one
of its claims does not hold.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx2

from deploy.containers.engine import NoEngine, engine, make_base

ROOT = Path(__file__).parents[2]
BASE = "python:3.11-slim-bookworm"
IMAGE = "rialto:latest"
MOST_OVER_BASE = 400e6  # bytes
PORT = 18000  # published; 8000 may be taken by a service of this machine
PHOTOS = 24
PATIENCE_S = 600


class Journey:
    """One engine, one compose project, one client."""

    def __init__(self, host: str) -> None:
        published = {"DOCKER_HOST": host, "RIALTO_PUBLISHED_PORT": str(PORT)}
        self._env = {**os.environ, **published, "DOCKER_BUILDKIT": "0"}
        self._began = time.monotonic()
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=60)

    def say(self, text: str) -> None:
        """A line of the transcript."""
        print(f"{time.monotonic() - self._began:7.1f} s  {text}", flush=True)

    def run(self, *words: str, check: bool = True) -> str:
        """What a command prints."""
        done = subprocess.run(
            words, cwd=ROOT, env=self._env, capture_output=True, text=True, check=False
        )
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(words)}\n{done.stdout}\n{done.stderr}")
        return done.stdout.strip()

    def compose(self, *words: str) -> str:
        """What docker-compose prints."""
        return self.run(str(Path(sys.executable).parent / "docker-compose"), *words)

    def inspected(self, what: str) -> str:
        """A field of the service's container."""
        return self.run("docker", "inspect", "--format", what, self.compose("ps", "-aq", "rialto"))

    def until(self, told: str, holds: Callable[[], bool]) -> None:
        """Wait for an event of the containers', and say it."""
        limit = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < limit, f"never: {told}\n{self.compose('logs', 'rialto')}"
            time.sleep(0.2)  # between looks: each starts a docker client
        self.say(told)

    def build(self) -> None:
        """The image, held to its bound."""
        self.run("docker", "build", "--network=host", "--target=serve", "--tag", IMAGE, ".")
        size, base = (
            int(self.run("docker", "image", "inspect", "--format", "{{.Size}}", name))
            for name in (IMAGE, BASE)
        )
        self.say(f"built: {size / 1e6:.0f} MB, {(size - base) / 1e6:.0f} MB over its base")
        assert size - base <= MOST_OVER_BASE

    def up(self) -> None:
        """The default profile, and what its container may not do."""
        self.compose("--profile", "default", "up", "--detach")
        self.until("up and healthy", self.healthy)
        assert self.run("docker", "exec", self.compose("ps", "-q", "rialto"), "id", "-u") == "10001"
        words = ("sh", "-c", "touch /usr/bin/x 2>&1 || true")
        told = self.run("docker", "exec", self.compose("ps", "-q", "rialto"), *words)
        assert "Read-only file system" in told, told
        self.say("runs as user 10001 on a read-only root")
        tried = ("python", "-c", "import jwt, opentelemetry.exporter.otlp.proto.http")
        self.run("docker", "exec", self.compose("ps", "-q", "rialto"), *tried)
        self.say("has what traces and an identity provider's tokens need")

    def healthy(self) -> bool:
        """Whether Docker's own probe says so."""
        return self.inspected("{{.State.Health.Status}}") == "healthy"

    def restore_one(self) -> None:
        """A photo through the published port."""
        photo = (ROOT / "examples" / "market-q10.jpg").read_bytes()
        start = time.monotonic()
        answer = self.client.post("/restore?task=jpeg", content=photo)
        assert answer.status_code == 200, answer.text
        assert answer.content.startswith(b"\x89PNG")
        took = time.monotonic() - start
        self.say(f"restored a photo of {len(photo)} bytes in {took:.2f} s: {len(answer.content)}")

    def begin_job(self) -> str:
        """A closed job that has just begun; its id."""
        job: str = self.client.post("/jobs", json={"outputs": [{"task": "jpeg"}]}).json()["id"]
        photo = (ROOT / "examples" / "market-q10.jpg").read_bytes()
        for number in range(PHOTOS):
            sent = self.client.put(f"/jobs/{job}/photos/scan {number:02}.jpg", content=photo)
            assert sent.status_code == 201, sent.text
        self.client.post(f"/jobs/{job}/close").raise_for_status()
        self.say(f"sent a job of {PHOTOS} photos")
        return job

    def restored(self, job: str) -> int:
        """Photos of the job that are restored."""
        try:
            counts = self.client.get(f"/jobs/{job}").raise_for_status().json()["counts"]
        except httpx2.HTTPError:
            return 0  # between a death and a start
        assert counts["failed"] == 0
        return int(counts["restored"])

    def kill_in_the_midst(self, job: str) -> None:
        """The job outlives the container's process."""
        self.until("its first photos are restored", lambda: self.restored(job) >= 2)
        before = self.inspected("{{.RestartCount}}")
        os.kill(int(self.inspected("{{.State.Pid}}")), signal.SIGKILL)
        self.say("killed the container's process")
        self.until("Docker started it again", lambda: self.inspected("{{.RestartCount}}") != before)
        self.until("it is healthy again", self.healthy)
        self.until("the job's photos are all restored", lambda: self.restored(job) == PHOTOS)
        events = self.client.get(f"/jobs/{job}/events").text
        assert events.count("event: restored") == PHOTOS
        self.say("each of them exactly once")

    def down(self) -> None:
        """Stopped in order, and gone with all its volumes."""
        self.compose("stop")
        code = self.inspected("{{.State.ExitCode}}")
        self.say(f"stopped, exit code {code}")
        assert code == "0"
        self.compose("--profile", "default", "down", "--volumes")
        left = [
            json.loads(line)["Name"]
            for line in self.run("docker", "volume", "ls", "--format", "{{json .}}").splitlines()
        ]
        assert left == [], left
        self.say("down; no volume is left")


def main() -> None:
    """The whole journey."""
    parser = argparse.ArgumentParser(description=__doc__)
    cache = Path(os.environ.get("RIALTO_CACHE", "~/.cache/rialto")).expanduser()
    parser.add_argument("--folder", type=Path, default=cache / "containers")
    folder: Path = parser.parse_args().folder
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # and all is put back
    try:
        with engine(folder) as host:
            journey = Journey(host)
            journey.say("Docker's engine runs")
            journey.compose("--profile", "default", "down", "--volumes")  # of one that was cut off
            make_base(host, folder, BASE)
            journey.say(f"there is a base called {BASE}")
            journey.build()
            try:
                journey.up()
                journey.restore_one()
                journey.kill_in_the_midst(journey.begin_job())
                journey.down()
            finally:
                journey.compose("--profile", "default", "down", "--volumes")
    except NoEngine as error:
        sys.exit(f"skipped: {error}")
    print("the engine has ended; packet filter, forwarding, bridges and mounts are as they were")


if __name__ == "__main__":
    main()
