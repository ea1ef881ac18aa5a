"""Every command line in the docs is run here against a real service, or named with the reason."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
import typer
from PIL import Image

from rialto.cli import app
from tests.conftest import EXAMPLES, ROOT, LiveService, environment_of, start_service
from tests.journeys.docs_hands import inline_commands, python_blocks, typed

# What is not run here, and who stands in for it. The beginning of a line names it.
NOT_RUN = {
    "make run": "it never ends; the live service of these tests is what it starts",
    "make test": "it is running",
    "make test-long": "it would run itself",
    "make format": "it would change the sources under the tests; make check fails where it should",
    "make fuzz": "an hour by default; tests/fuzz_decoders.py is run by a test of its own",
    "pip install": "extras are installed already: test_doctor.py holds them to pyproject.toml",
    "docker compose": "no container runs here; test_compose.py has the files parsed",
    "python -m deploy.backup": "it needs a fleet; tests/deploy/test_operations.py runs it on one",
    "kubectl": "no cluster is here; the manifests are validated by tests/deploy",
    "curl -F image=@scan.png -F mask=@mask.png": "no network fills holes here; test_edits.py",
    "cd examples/typescript": "npm needs a network; test_typescript.py runs the same, offline",
    "rialto --install-completion": "it would write to the shell's own files",
}
CURL = 'curl() { command curl --silent --show-error --fail-with-body "$@"; }'  # a refusal is one
RUN_HERE = (
    "README.md",
    "docs/03-http.md",
    "docs/07-security.md",
    "docs/08-your-archive.md",
    "docs/09-clients.md",
)
ELSEWHERE = {"docs/00-tutorial.md": "test_tutorial.py, which trains for a moment only"}


@pytest.fixture(scope="module")
def service(cache: Path) -> Iterator[LiveService]:
    started = start_service(cache)
    yield started
    started.stop()


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    """A folder with scans, examples and `rialto` in the path, and the environment to use it."""
    (tmp_path / "examples").symlink_to(EXAMPLES)
    (tmp_path / "bin").mkdir()
    rialto = tmp_path / "bin/rialto"
    rialto.write_text(f'#!/bin/sh\nexec {sys.executable} -m rialto.cli "$@"\n')
    rialto.chmod(0o755)
    with Image.open(EXAMPLES / "market-q10.jpg") as photo:
        piece = photo.crop((0, 0, 96, 64))
        for name in ("scan.jpg", "holiday.jpg", "scans/one.jpg", "scans/box 1/two.jpg"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            piece.save(tmp_path / name, quality=15)
    shutil.copy(EXAMPLES / "parrots-small.png", tmp_path / "photo.png")
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    environment = environment_of(tmp_path / "cache", data=str(tmp_path / "data"))
    return {**environment, "PATH": path, "PYTHONPATH": str(ROOT), "DESK": str(tmp_path)}


def is_left_out(line: str) -> bool:
    return any(line.startswith(name) for name in NOT_RUN)


def test_every_command_in_the_docs_is_run_or_left_out_for_a_reason() -> None:
    lines = list(typed())
    assert len(lines) > 30
    run = {*RUN_HERE, *ELSEWHERE}
    forgotten = [one for one in lines if one.page not in run and not is_left_out(one.line)]
    assert forgotten == []


@pytest.mark.parametrize("page", RUN_HERE)
def test_what_a_page_tells_people_to_type_works(
    page: str, service: LiveService, desk: dict[str, str]
) -> None:
    folder = Path(desk["DESK"])
    lines = [one.line for one in typed() if one.page == page and not is_left_out(one.line)]
    assert lines
    job = ""
    for line in lines:
        words = re.sub(r"(?<!//)(localhost|127\.0\.0\.1):8000", service.url, line)
        if words.startswith("rialto ") and re.match(r"rialto (restore|archive|jobs|health)", words):
            words += f" --url {service.url}"
        words = re.sub(r"\b(JOB|ID)\b", job, words)
        done = subprocess.run(
            # The colon keeps bash alive as the parent, as it is where a person types: a last
            # command takes its place, and completion asks its parent which shell it is for.
            ["bash", "-euc", f"{CURL}\n{words}\n:"],
            cwd=folder,
            env=desk,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        job = job_in(done.stdout) or job
        if "/close" in line:
            wait_for(service, job)
        if line.startswith("rialto archive"):
            job = json.loads((folder / "restored/.rialto-job.json").read_text())["job"]


def job_in(text: str) -> str:
    """The id of a job that a command answered as JSON."""
    try:
        told = json.loads(text)
    except ValueError:
        return ""
    return str(told.get("id", "")) if isinstance(told, dict) else ""


def wait_for(service: LiveService, job: str) -> None:
    """Return when the job's events have ended, as they do with the job."""
    with httpx2.stream("GET", f"{service.url}/jobs/{job}/events", timeout=60) as events:
        for _ in events.iter_raw():
            pass


@pytest.mark.parametrize("page", ["README.md", "docs/09-clients.md"])
def test_the_python_of_a_page_runs(page: str, service: LiveService, desk: dict[str, str]) -> None:
    for block in python_blocks(ROOT / page):
        program = "from rialto import *\n" + block.replace("Client()", f'Client("{service.url}")')
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=desk["DESK"],
            env=desk,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_every_rialto_command_that_the_docs_mention_exists_with_its_options() -> None:
    group = typer.main.get_command(app)
    mentioned = [*inline_commands(), *(one for one in typed() if one.line.startswith("rialto "))]
    assert len(mentioned) > 20
    for one in mentioned:
        words = one.line.split()[1:]
        command = group
        while words and words[0] in getattr(command, "commands", {}):
            command = command.commands[words.pop(0)]  # type: ignore[attr-defined]
        assert command is not group or words[0].startswith("--"), one
        known = {option for parameter in command.params for option in parameter.opts}
        known |= {option for parameter in command.params for option in parameter.secondary_opts}
        for word in words:
            if found := re.match(r"--[a-z][a-z-]*", word):
                assert found[0] in known | {"--help"}, one


def test_every_make_target_that_the_docs_mention_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for named in re.findall(r"(?:`|^    )make ([a-z][a-z -]*)", page.read_text(), re.MULTILINE):
            assert set(named.split()) <= targets, f"{page}: {named}"
