"""Rooms import one way only, and serving needs no torch."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.architecture import picture
from benchmarks.imports import circle, files, module_graph, part_graph

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "bridge": set(),
    "export": {"bridge"},
    "service": {"bridge"},
    "rialto": {"bridge", "export", "service"},
}
STAGES = ["accept", "decode", "enqueue", "infer", "pack", "reply"]


def imported(file: Path) -> set[str]:
    """Every module that a file imports, wherever in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_the_rooms_below_it(room: str) -> None:
    for file in (ROOT / room).rglob("*.py"):
        rooms = {name.split(".")[0] for name in imported(file)} & set(ALLOWED)
        assert rooms - {room} <= ALLOWED[room], file


def test_nothing_imports_itself_by_a_way_round() -> None:
    known = files()
    assert len(known) > 200
    assert circle(module_graph(known)) == []
    assert circle(part_graph(known)) == []


def test_the_picture_of_the_architecture_is_that_of_these_imports() -> None:
    drawn = (ROOT / "docs/architecture.svg").read_text()
    assert drawn == picture(), "python -m benchmarks.architecture docs/architecture.svg"


def test_the_spine_names_the_stages_in_the_order_a_photo_meets_them() -> None:
    tree = ast.parse((ROOT / "service/restore/__init__.py").read_text())
    froms = [node.module for node in tree.body if isinstance(node, ast.ImportFrom)]
    stages = [module.rsplit(".")[-1] for module in froms if module and "service.restore." in module]
    assert [stage for stage in stages if stage in STAGES] == STAGES == sorted(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_takes_no_work_of_another_stage(stage: str) -> None:
    """It may name what another hands on, an `Upload` with its mask's colour, and nothing else."""
    tree = ast.parse((ROOT / f"service/restore/{stage}.py").read_text())
    taken = {
        alias.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("service.restore.")
        for alias in node.names
    }
    assert taken <= {"Upload", "HoleColour"}


def test_serving_loads_no_torch() -> None:
    code = "import service.app, service.inprocess, rialto.cli, sys; print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


@pytest.mark.parametrize("room", ALLOWED)
def test_no_file_has_grown_a_second_job(room: str) -> None:
    for file in (ROOT / room).rglob("*.py"):
        assert len(file.read_text().splitlines()) <= 300, file
        assert file.stem not in {"utils", "core", "common", "base", "helpers", "misc"}, file
