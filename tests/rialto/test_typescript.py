"""The TypeScript recipe: a client generated from what the service says of itself."""

import json
import subprocess
from pathlib import Path

import httpx2
import pytest

from bridge.cache import cache_folder
from tests.conftest import EXAMPLES, LiveService

RECIPE = EXAMPLES / "typescript"


@pytest.fixture
def project(live_service: LiveService, tmp_path: Path) -> Path:
    """The recipe with the packages of `make typescript` and the service's description."""
    installed = cache_folder("typescript") / "node_modules"
    assert installed.is_dir(), "make typescript"
    (tmp_path / "node_modules").symlink_to(installed)
    for file in RECIPE.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_text(file.read_text())
    (tmp_path / "openapi.json").write_text(httpx2.get(f"{live_service.url}/openapi.json").text)
    return tmp_path


def node(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    program = project / "node_modules/.bin" / words[0]
    return subprocess.run(
        [program, *words[1:]], cwd=project, capture_output=True, text=True, check=False
    )


@pytest.mark.long
def test_the_recipe_generates_a_client_that_the_compiler_takes(project: Path) -> None:
    script = json.loads((RECIPE / "package.json").read_text())["scripts"]["generate"].split()
    assert script[1] == "http://127.0.0.1:8000/openapi.json"
    generated = node(project, script[0], "openapi.json", *script[2:])
    assert generated.returncode == 0, generated.stderr
    checked = node(project, "tsc")
    assert checked.returncode == 0, checked.stdout
    wrong = (project / "restore.ts").read_text().replace('preset: "best"', 'preset: "bset"')
    (project / "restore.ts").write_text(wrong)
    assert '"bset"' in node(project, "tsc").stdout


def test_the_recipes_versions_are_pinned_and_its_lock_names_no_host() -> None:
    package = json.loads((RECIPE / "package.json").read_text())
    lock = json.loads((RECIPE / "package-lock.json").read_text())
    wanted = package["dependencies"] | package["devDependencies"]
    found = {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted}
    assert found == wanted
    packages = [one for name, one in lock["packages"].items() if name]
    assert all("integrity" in one and "resolved" not in one for one in packages)
