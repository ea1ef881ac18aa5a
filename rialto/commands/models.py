"""`rialto models`: what a running Triton serves; load, unload, roll back without a lost photo.

The repository's files are the truth, and Triton's repository API follows them. A version
goes live beside the one before: gateways take it for new photos, photos that have begun end
with the weights they began with, and only then is the old version unloaded. For that time
the config carries two cards, `rialto` and `rialto@<old version>`.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.json_format import MessageToDict
from tritonclient.grpc import InferenceServerClient, model_config_pb2
from tritonclient.utils import InferenceServerException

from bridge.contract import METADATA_KEY
from export.texts import write_texts
from export.triton_config import triton_config
from service.engine.repository import card_of, open_session

TAKEN_UP_SECONDS = 10.0  # gateways look for new versions every 5 s
LINKED_SECONDS = 1.0  # until `rialto triton` shows Triton what is new on disk
LOAD_SECONDS = 5.0  # to try again where it took longer
LOOK_SECONDS = 0.5


class ModelsError(Exception):
    """Triton did not do what was asked; the message says why."""


@dataclass(frozen=True)
class Listed:
    """One version of one model, as Triton sees it; `network` is its hash's first digits."""

    name: str
    version: str
    state: str
    network: str
    reason: str


class Models:
    """A Triton and the repository it serves. Methods raise ModelsError or RepositoryError."""

    def __init__(self, url: str, model_repo: Path, say: Callable[[str], None] = print) -> None:
        self._url, self._repository, self._say = url, model_repo, say
        self._client = InferenceServerClient(url)

    def listed(self) -> list[Listed]:
        """Every version that Triton knows."""
        index = self._asked(self._client.get_model_repository_index)
        return [
            Listed(one.name, one.version, one.state, self._hash(one), one.reason)
            for one in index.models
        ]

    def load(self, name: str, drain_s: float = 600) -> None:
        """Serve the newest version on disk; photos in progress end with the one before."""
        version, folder = self._newest(name), self._repository / name
        backend = self._backend(name)
        if backend is not None:
            variant = folder / "configs" / f"{backend}.pbtxt"
            text = (variant if variant.exists() else folder / "config.pbtxt").read_text()
            self._go_live(name, version, text, drain_s)
        self._load(name, version)
        self._say(f"{name}: version {version} is served")

    def unload(self, name: str) -> None:
        """Serve the network no longer; photos in progress with it fail."""
        self._asked(self._client.unload_model, name)
        self._say(f"{name}: unloaded")

    def rollback(self, name: str, drain_s: float = 600) -> None:
        """Serve the version before the newest on disk, and withdraw the newest.

        The files change last: a Triton that starts anew meanwhile serves what it served.
        """
        folder, version = self._repository / name, self._newest(name)
        older = [one for one in _versions(folder) if int(one) < int(version)]
        if not older:
            raise ModelsError(f"{name} has no version before {version} in {folder}")
        before = max(older, key=int)
        file = folder / before / "model.onnx"
        card = card_of(file, open_session(file, 1))
        backend = self._backend(name)
        if backend is not None:
            self._go_live(name, before, triton_config(card, backend), drain_s)
        (folder / version).rename(folder / f"{version}.withdrawn")
        write_texts(card, folder)
        self._load(name, before)
        self._say(f"{name}: version {before} is served, {version} is {version}.withdrawn")

    def _newest(self, name: str) -> str:
        versions = _versions(self._repository / name)
        if not versions:
            raise ModelsError(f"no version of {name} in {self._repository}; mend --model-repo")
        return max(versions, key=int)

    def _ready(self, name: str) -> list[str]:
        index = self._asked(self._client.get_model_repository_index)
        return [one.version for one in index.models if (one.name, one.state) == (name, "READY")]

    def _backend(self, name: str) -> Any:
        """What runs the network now; None where it is not loaded."""
        ready = self._ready(name)
        ask = self._client.get_model_config
        return self._asked(ask, name, ready[-1]).config.backend if ready else None

    def _go_live(self, name: str, version: str, text: str, drain_s: float) -> None:
        """Serve `version` by the config `text` beside what is served; wait for old photos."""
        old = [one for one in self._ready(name) if one != version]
        if not old:
            return
        config = text_format.Parse(text, model_config_pb2.ModelConfig())
        config.version_policy.specific.versions.extend(int(one) for one in (*old, version))
        for one in old:
            served = self._asked(self._client.get_model_config, name, one).config
            config.parameters[f"{METADATA_KEY}@{one}"].string_value = _card(served, one)
        self._say(f"{name}: version {version} goes live beside {', '.join(old)}")
        both = json.dumps(MessageToDict(config, preserving_proto_field_name=True))
        self._load(name, version, both)
        self._drain(name, old, drain_s)

    def _load(self, name: str, version: str, config: str | None = None) -> None:
        """Have Triton load by `config`, or by the files, until `version` is ready.

        A version that is on disk and not linked yet is passed over without an error.
        """
        time.sleep(LINKED_SECONDS)
        end, reason = time.monotonic() + LOAD_SECONDS, f"version {version} did not appear"
        while True:
            try:
                self._client.load_model(name, config=config)
            except InferenceServerException as error:
                reason = error.message()
            if version in self._ready(name):
                return
            if time.monotonic() > end:
                raise ModelsError(f"{name} was not loaded: {reason}")
            time.sleep(LOOK_SECONDS)

    def _drain(self, name: str, old: list[str], seconds: float) -> None:
        """Wait until nothing was evaluated by the old versions for TAKEN_UP_SECONDS."""
        end = time.monotonic() + seconds
        counts, since = self._evaluated(name, old), time.monotonic()
        while time.monotonic() - since < TAKEN_UP_SECONDS and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)
            if (now := self._evaluated(name, old)) != counts:
                counts, since = now, time.monotonic()

    def _evaluated(self, name: str, versions: list[str]) -> list[int]:
        ask = self._client.get_inference_statistics
        return [self._asked(ask, name, one).model_stats[0].inference_count for one in versions]

    def _hash(self, listed: Any) -> str:
        if listed.state != "READY":
            return ""
        config = self._asked(self._client.get_model_config, listed.name, listed.version).config
        document = _card(config, listed.version)
        return str(json.loads(document)["weights_sha256"][:12]) if document else ""

    def _asked(self, ask: Callable[..., Any], *given: str) -> Any:
        try:
            return ask(*given)
        except InferenceServerException as error:
            raise ModelsError(f"Triton at {self._url}: {error.message()}") from error


def _versions(folder: Path) -> list[str]:
    return [path.parent.name for path in folder.glob("*/model.*") if path.parent.name.isdigit()]


def _card(config: Any, version: str) -> str:
    for key in (f"{METADATA_KEY}@{version}", METADATA_KEY):
        if key in config.parameters:
            return str(config.parameters[key].string_value)
    return ""
