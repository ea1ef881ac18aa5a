"""Five hundred photos through `rialto archive`, command and service killed on the way.

    python -m benchmarks.archive_killed FOLDER_OF_PHOTOGRAPHS

Prints a transcript. The photos are shrunk and saved as JPEGs of low quality, in the folders they
came in. The command is killed by SIGKILL at a third of the work, the service at two thirds; the
same command goes on, and bagit.py judges what it leaves.
"""

import hashlib
import json
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path

import httpx2
from PIL import Image

from benchmarks.machine import machine_line
from tests.conftest import LiveService, start_service

PHOTOS, SIDE, QUALITIES = 500, 480, (8, 12, 18, 25, 35)
BIN = Path(sys.executable).parent
COMMAND = ["rialto", "archive", "scans", "--out", "restored", "--task", "jpeg", "--bag"]
SETTINGS = {"lease_s": "5"}


def damaged(source: Path, scans: Path, most: int = PHOTOS) -> dict[str, str]:
    """Up to `most` damaged photos of `source`, spread evenly, to `scans`; name to SHA-256."""
    made = {}
    files = sorted(path for path in source.rglob("*") if path.suffix in (".jpg", ".png"))
    chosen = [files[number * len(files) // most] for number in range(most)]
    for file, quality in zip(chosen, cycle(QUALITIES), strict=False):
        target = (scans / file.relative_to(source)).with_suffix(".jpg")
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(file) as photo:
            photo.thumbnail((SIDE, SIDE))
            photo.convert("RGB").save(target, "JPEG", quality=quality)
        made[target.relative_to(scans).as_posix()] = digest(target)
    return made


def digest(file: Path) -> str:
    """Of a file's bytes."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def wait_until(url: str, share: float) -> dict[str, int]:
    """The one job's counts, once `share` of PHOTOS is restored; its events tell when."""
    with httpx2.Client(base_url=url, timeout=60) as client:
        while not (jobs := client.get("/jobs").json()["jobs"]):
            pass
        with client.stream("GET", f"/jobs/{jobs[0]['id']}/events") as answer:
            for event in httpx2.EventSource(answer):
                if event.event == "progress":
                    counts: dict[str, int] = json.loads(event.data)["counts"]
                    if counts["restored"] >= share * PHOTOS:
                        return counts
    raise RuntimeError("the job ended too early")


class Story:
    """Says what is done, and when."""

    def __init__(self) -> None:
        self.start = time.monotonic()

    def say(self, text: str) -> None:
        """One line."""
        print(f"[{time.monotonic() - self.start:3.0f} s] {text}", flush=True)

    def ran(self, folder: Path, *words: str) -> None:
        """Run a command to its end, and say the last that it said."""
        self.say(f"$ {' '.join(words)}")
        done = subprocess.run(
            [BIN / words[0], *words[1:]], cwd=folder, capture_output=True, text=True, check=True
        )
        print((done.stdout + done.stderr).splitlines()[-1])


def main() -> None:
    """Print the transcript."""
    print(machine_line())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sent = damaged(Path(sys.argv[1]), folder / "scans")
        assert len(sent) == PHOTOS, len(sent)
        told(folder, sent)


def told(folder: Path, sent: dict[str, str]) -> None:
    """The story, in a folder with `scans`."""
    service, story = start_service(folder, data=str(folder / "data"), **SETTINGS), Story()
    words = [*COMMAND, "--url", service.url]
    try:
        first = started(story, folder, words)
        counts = wait_until(service.url, 1 / 3)
        first.kill()
        first.wait()
        story.say(f"kill -9 the command: {counts['total']} sent, {counts['restored']} restored")
        second = started(story, folder, words)
        counts = wait_until(service.url, 2 / 3)
        service.process.kill()
        service.process.wait()
        story.say(f"kill -9 the service: {counts['total']} sent, {counts['restored']} restored")
        service = again(service, folder)
        story.say("$ rialto serve &")
        _, said = second.communicate()
        print(said.rstrip())
        story.say(f"the command has ended with {second.returncode}")
        story.ran(folder, "bagit.py", "--validate", "restored")
        lines = (folder / "restored/metadata/events.jsonl").read_text().splitlines()
        records = [json.loads(line) for line in lines]
        assert {record["photo"]: record["input"]["sha256"] for record in records} == sent
        assert {name: digest(folder / "scans" / name) for name in sent} == sent
        attempts = sum(record["attempts"] > 1 for record in records)
        story.say(
            f"{len(records)} event records, of {len({one['photo'] for one in records})} photos,"
            f" {sum(one['outcome'] == 'restored' for one in records)} restored, {attempts} of them"
            " begun more than once; every original as it was"
        )
    finally:
        service.stop()


def started(story: Story, folder: Path, words: list[str]) -> subprocess.Popen[str]:
    """The command in the background."""
    story.say(f"$ {' '.join(words[:-2])} &")
    command = [BIN / words[0], *words[1:]]
    return subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)


def again(service: LiveService, folder: Path) -> LiveService:
    """The service on the port and with the data that it had."""
    port = service.url.rpartition(":")[2]
    return start_service(folder, port=port, data=str(folder / "data"), **SETTINGS)


if __name__ == "__main__":
    main()
