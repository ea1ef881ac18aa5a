"""The networks that the embedded engine holds: the newest of each name, and those still in use.

A version that appears in the model repository goes live beside the one before: new photos
take it, photos that have begun end with the weights they began with. What restored a photo
is therefore always one network, known by its hash.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bridge.contract import NetworkCard, batch_inputs
from service.engine import EngineUnavailable
from service.engine.batching import measured_size
from service.engine.probe import probe_tile
from service.engine.repository import (
    NetworkFile,
    RepositoryError,
    network_folders,
    newest_file,
    read_network,
)
from service.engine.runtimes import Runtime

log = logging.getLogger("rialto.engine")

LOOK_SECONDS = 5.0  # between looks at the repository
KEPT_SECONDS = 600.0  # that weights which were replaced are kept since a photo last used them

Stamp = tuple[tuple[str, int, int], ...]  # names, times and sizes of a version's files


@dataclass
class _Held:
    file: NetworkFile
    used: float


class Shelf:
    """Networks by name and by name@hash. All but `follow` may be called from any thread."""

    def __init__(
        self, files: dict[str, NetworkFile], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._newest = files
        self._clock = clock
        self._held = {file.key: _Held(file, clock()) for file in files.values()}
        self._seen = {name: _stamp(file.path.parents[1]) for name, file in files.items()}

    def newest(self) -> dict[str, NetworkFile]:
        """The network of each name that new photos take."""
        return self._newest

    def cards(self) -> dict[str, NetworkCard]:
        """Their cards."""
        return {name: file.card for name, file in self._newest.items()}

    def find(self, network: str) -> NetworkFile:
        """The network of a name, or of a name@hash; raises EngineUnavailable."""
        if (newest := self._newest.get(network)) is not None:
            return newest
        if (held := self._held.get(network)) is None:
            raise EngineUnavailable(f"no network {network!r} is loaded")
        held.used = self._clock()
        return held.file

    def put(self, files: dict[str, NetworkFile]) -> None:
        """`files` are from now on what new photos take; forget what no photo uses any more."""
        now = self._clock()
        current = {file.key: _Held(file, now) for file in files.values()}
        late = {
            key: held
            for key, held in self._held.items()
            if key not in current and now - held.used < KEPT_SECONDS
        }
        self._held, self._newest = {**late, **current}, files

    async def follow(self, repository: Path, runtime: Runtime, sizes: dict[str, int]) -> None:
        """Take up what appears in `repository`, and what is withdrawn, until cancelled.

        A network whose name is new has its batch size measured, into `sizes`.
        """
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                await asyncio.to_thread(self._look, repository, runtime, sizes)
            except Exception:  # whatever it was, what is served goes on, and the next look may do
                log.exception("the networks in %s were not looked at", repository)

    def _look(self, repository: Path, runtime: Runtime, sizes: dict[str, int]) -> None:
        found = {
            folder.name: self._current(folder, runtime, sizes)
            for folder in network_folders(repository)
        }
        self._seen = {name: seen for name, seen in self._seen.items() if name in found}
        files = {name: file for name, file in found.items() if file is not None}
        self.put(files or self._newest)  # an empty folder is one that is being replaced

    def _current(self, folder: Path, runtime: Runtime, sizes: dict[str, int]) -> NetworkFile | None:
        """What `folder` holds now, or what is served of it where that cannot be."""
        before, stamp = self._newest.get(folder.name), _stamp(folder)
        if stamp == self._seen.get(folder.name):
            return before
        self._seen[folder.name] = stamp  # whatever comes of it, it is tried and told once
        try:
            file = _tried(newest_file(folder), runtime)
        except RepositoryError as error:
            log.warning("%s stays as it was: %s", folder.name, error)
            return before
        if folder.name not in sizes:
            sizes[folder.name] = measured_size(file)
        log.info("%s is served from now on, by %s", file.key, file.path)
        return file


def _stamp(folder: Path) -> Stamp:
    """What tells one state of a network's newest version from another; () where it has none."""
    try:
        files = [path for path in newest_file(folder).parent.iterdir() if path.suffix != ".partial"]
        return tuple(sorted((str(path), *_changed(path)) for path in files))
    except (RepositoryError, OSError):  # none yet, or gone in this moment
        return ()


def _changed(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


def _tried(file: Path, runtime: Runtime) -> NetworkFile:
    """Load a network and evaluate one tiny tile; raises RepositoryError."""
    network = read_network(file, runtime)
    try:
        inputs = batch_inputs(network.card, [probe_tile(network.card)])
        x_0 = network.session.run(inputs)
    # The runtimes' exception classes share no base of their own.
    except Exception as error:
        raise RepositoryError(f"{file} cannot be evaluated: {error}") from error
    if not np.isfinite(x_0).all():
        raise RepositoryError(f"{file} answers NaN")
    return network
