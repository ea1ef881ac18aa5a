"""What the docs say is what the code does."""

import re
import tomllib
from pathlib import Path

import service.wire  # noqa: F401 -- its problems are documented too
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
    from export.model_repo import network_file
    from export.onnx_file import read_card
    from export.texts import config_texts

    folders = [path.parent for path in (ROOT / "model_repo").glob("*/config.pbtxt")]
    assert folders
    for folder in folders:
        of = read_card(network_file(folder))
        assert (folder / "README.md").read_text() == model_card(of)
        texts = config_texts(of)
        assert {path: (folder / path).read_text() for path in texts} == texts
        assert len(list((folder / "configs").iterdir())) == len(texts) - 1


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


def test_pages_are_numbered_in_reading_order_and_the_readme_leads_to_each() -> None:
    readme = (ROOT / "README.md").read_text()
    pages = sorted(path.name for path in (ROOT / "docs").glob("[0-9][0-9]-*.md"))
    assert [int(name[:2]) for name in pages] == list(range(len(pages)))
    places = [readme.rfind(f"](docs/{name})") for name in pages]
    assert -1 not in places
    assert places == sorted(places)
    for name in pages:
        assert (ROOT / "docs" / name).read_text().startswith(f"# {name[:2]} ")


def test_every_link_within_the_docs_leads_somewhere() -> None:
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / link).exists(), f"{page}: {link}"


def test_the_first_screen_is_a_sentence_two_commands_a_picture_and_a_number() -> None:
    lines = (ROOT / "README.md").read_text().splitlines()
    first = lines[: lines.index("## What is different")]
    assert len(first) <= 24
    commands = [line for line in first if line.startswith("    ")]
    assert [command.split()[0] for command in commands] == ["make", "curl"]
    assert sum(line.startswith("![") for line in first) == 1
    assert any(re.search(r"\*\*[+-]?[\d.]+ dB\*\*", line) for line in first)
