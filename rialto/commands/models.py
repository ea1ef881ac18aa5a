"""`rialto models`: what a running Triton serves; load, unload, roll back without a lost photo.

The repository's files are the truth, and Triton's repository API follows them. A version
goes live beside the one before: gateways take it for new photos, photos that have begun end
with the weights they began with, and only then is the old version unloaded. For that time
the config carries two cards, `rialto` and `rialto@<old version>`.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from google.protobuf import text_format
from google.protobuf.json_format import MessageToDict
from tritonclient.grpc import InferenceServerClient, model_config_pb2
from tritonclient.utils import InferenceServerException

from bridge.contract import METADATA_KEY
from export.triton_config import Backend, Order, triton_config
from rialto.commands.model_files import (
    Listed,
    ModelsError,
    version_before,
    versions_of,
    withdraw,
)

TAKEN_UP_SECONDS = 10.0  # gateways look for new versions every 5 s
LINKED_SECONDS = 1.0  # until `rialto triton` shows Triton what is new on disk
LOAD_SECONDS = 5.0  # to try again where it took longer
LOOK_SECONDS = 0.5


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
        folder = self._repository / name
        version = versions_of(folder)[-1]
        if (served := self._config(name)) is not None:
            self._go_live(name, version, _text(folder, served), drain_s)
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
        folder = self._repository / name
        before, version, card = version_before(folder)
        if (served := self._config(name)) is not None:
            text = triton_config(card, served.backend, _order(served))
            self._go_live(name, before, text, drain_s)
        withdraw(folder, version, card)
        self._load(name, before)
        self._say(f"{name}: version {before} is served, {version} is {version}.withdrawn")

    def _ready(self, name: str) -> list[str]:
        index = self._asked(self._client.get_model_repository_index)
        return [one.version for one in index.models if (one.name, one.state) == (name, "READY")]

    def _config(self, name: str) -> Any:
        """What the network is served by now; None where it is not loaded."""
        ready = self._ready(name)
        ask = self._client.get_model_config
        return self._asked(ask, name, ready[-1]).config if ready else None

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
        time.sleep(LINKED_SECONDS)  # `rialto triton` links a new version within it
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
            time.sleep(LOOK_SECONDS)  # Triton tells of nothing by itself

    def _drain(self, name: str, old: list[str], seconds: float) -> None:
        """Wait until nothing was evaluated by the old versions for TAKEN_UP_SECONDS."""
        end = time.monotonic() + seconds
        counts, since = self._evaluated(name, old), time.monotonic()
        while time.monotonic() - since < TAKEN_UP_SECONDS and time.monotonic() < end:
            time.sleep(LOOK_SECONDS)  # Triton tells of nothing by itself
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


def _order(config: Any) -> Order:
    return "priorities" if config.dynamic_batching.priority_levels else "fifo"


def _text(folder: Path, served: Any) -> str:
    """The config in `folder` of the backend and the order that is served now."""
    backend: Backend = served.backend
    suffix = "" if _order(served) == "fifo" else "-priorities"
    variant = folder / "configs" / f"{backend}{suffix}.pbtxt"
    return (variant if variant.exists() else folder / "config.pbtxt").read_text()


def _card(config: Any, version: str) -> str:
    for key in (f"{METADATA_KEY}@{version}", METADATA_KEY):
        if key in config.parameters:
            return str(config.parameters[key].string_value)
    return ""
