"""The command line as shells and programs use it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT


def rialto(*words: str, **environment: str) -> str:
    done = subprocess.run(
        [Path(sys.executable).with_name("rialto"), *words],  # completion goes by its name
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize(
    ("typed", "offered"), [("doc", ["doctor"]), ("restore --over", ["--overwrite"])]
)
def test_a_shell_completes_commands_and_options(typed: str, offered: list[str]) -> None:
    words = f"rialto {typed}"
    told = rialto(
        _RIALTO_COMPLETE="complete_bash",
        _TYPER_COMPLETE_ARGS=words,
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )
    assert told.split() == offered


def test_the_networks_of_a_repository_are_told_as_json() -> None:
    told = json.loads(rialto("models", "list", "--files", "--json"))
    folders = {path.parent.name for path in (ROOT / "model_repo").glob("*/config.pbtxt")}
    assert {model["name"] for model in told["models"]} == folders
    cards = (Path(ROOT / f"model_repo/{model['name']}/README.md") for model in told["models"])
    for model, card in zip(told["models"], cards, strict=True):
        assert model["network"] in card.read_text()
