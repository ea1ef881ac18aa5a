"""A network's versions on disk: which there are, and the step back to the one before.

Embedded engines follow these files by themselves; a Triton is told by `rialto models`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.contract import NetworkCard
from export.texts import write_texts
from service.engine.repository import RepositoryError, card_of

WITHDRAWN = ".withdrawn"


class ModelsError(Exception):
    """What was asked could not be done; the message says why."""


@dataclass(frozen=True)
class Listed:
    """One version of one network; `network` is its hash's first digits."""

    name: str
    version: str
    state: str
    network: str
    reason: str


def versions_of(folder: Path) -> list[str]:
    """The versions that have a file, lowest first; raises ModelsError where there is none."""
    files = folder.glob("*/model.*")
    versions = {path.parent.name for path in files if path.parent.name.isdigit()}
    if not versions:
        raise ModelsError(f"no version of {folder.name} in {folder.parent}; mend --model-repo")
    return sorted(versions, key=int)


def listed_files(repository: Path) -> Iterator[Listed]:
    """Every version on disk; the NEWEST one is what an embedded engine serves."""
    for config in sorted(repository.glob("*/config.pbtxt")):
        folder = config.parent
        newest = versions_of(folder)[-1]
        found = (path.parent for path in folder.glob("*/model.onnx"))
        places = [path for path in found if path.name.removesuffix(WITHDRAWN).isdigit()]
        for place in sorted(places, key=lambda path: int(path.name.removesuffix(WITHDRAWN))):
            state = "NEWEST" if place.name == newest else "KEPT"
            if place.name.endswith(WITHDRAWN):
                state = "WITHDRAWN"
            yield _listed(folder.name, place, state)


def version_before(folder: Path) -> tuple[str, str, NetworkCard]:
    """The version to go back to, the newest, and the former's card; raises ModelsError."""
    *older, newest = versions_of(folder)
    if not older:
        raise ModelsError(f"{folder.name} has no version before {newest} in {folder}")
    file = folder / older[-1] / "model.onnx"
    return older[-1], newest, card_of(file)


def withdraw(folder: Path, version: str, card: NetworkCard) -> None:
    """Take `version` from the line of versions; the texts are those of `card`, served again."""
    (folder / version).rename(folder / f"{version}{WITHDRAWN}")
    write_texts(card, folder)


def _listed(name: str, place: Path, state: str) -> Listed:
    version = place.name.removesuffix(WITHDRAWN)
    file = place / "model.onnx"
    try:
        return Listed(name, version, state, card_of(file).short_hash, "")
    except RepositoryError as error:
        return Listed(name, version, "UNREADABLE", "", str(error))
