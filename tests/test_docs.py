"""What the docs say is what the code does."""

import re
import tomllib
from pathlib import Path

from service.app import create_app
from service.errors import every_problem
from service.settings import PREFIX, Settings
from tests.bridge.cards import card

ROOT = Path(__file__).parents[1]


def test_every_setting_stands_in_the_docs_with_its_default_and_nothing_else_does() -> None:
    page = (ROOT / "docs/04-settings.md").read_text()
    rows = dict(re.findall(r"^\| `(RIALTO_\w+)` \| `([^`]*)` \|", page, re.MULTILINE))
    fields = Settings.model_fields
    assert rows == {f"{PREFIX}{name.upper()}": str(field.default) for name, field in fields.items()}
    for field in fields.values():
        assert str(field.description) in page


def test_every_problem_stands_in_the_docs_with_its_status() -> None:
    page = (ROOT / "docs/03-http.md").read_text()
    rows = {
        (slug, int(status))
        for slug, status in re.findall(r"^\| `([\w-]+)` \| (\d{3}) \|", page, re.MULTILINE)
    }
    assert rows == {(slug, kind.status) for slug, kind in every_problem().items()}


def test_every_route_stands_in_the_docs() -> None:
    page = (ROOT / "docs/03-http.md").read_text()
    for path in create_app(Settings()).openapi()["paths"]:
        assert path in page, path


def test_the_model_cards_are_those_of_the_networks() -> None:
    from export.model_card import model_card
    from export.onnx_file import read_card
    from export.triton_config import triton_config

    folders = [path.parent for path in (ROOT / "model_repo").glob("*/config.pbtxt")]
    assert folders
    for folder in folders:
        of = read_card(folder / "1" / "model.onnx")
        assert (folder / "README.md").read_text() == model_card(of)
        assert (folder / "config.pbtxt").read_text() == triton_config(of, "onnxruntime")
        for backend in ("python", "tensorrt"):
            text = (folder / "configs" / f"{backend}.pbtxt").read_text()
            assert text == triton_config(of, backend)  # type: ignore[arg-type]


def test_a_config_carries_the_whole_card() -> None:
    import json

    from bridge.contract import NetworkCard
    from export.triton_config import triton_config

    text = triton_config(card(), "onnxruntime")
    found = re.search(r'key: "rialto" value \{ string_value: (".*") \}', text)
    assert found
    assert NetworkCard.model_validate_json(json.loads(found[1])) == card()


def test_the_base_install_has_no_torch() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert not any(name.startswith(("torch", "onnx>")) for name in project["dependencies"])
    assert any(name.startswith("torch") for name in project["optional-dependencies"]["train"])
