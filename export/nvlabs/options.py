"""`options.pkl` of I²SB's authors becomes the few options that a network's card needs.

The file is a pickled `argparse.Namespace` with paths in it, and a pickle may name any
function of any module and have it called. Here it may name that class and those of paths,
and gets inert stand-ins for them: nothing of what it names is ever loaded. All else in it
(an API key of the author's, say) is left behind.
"""

import pickle
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

LARGEST = 2**20  # bytes; a real one has about two thousand
PATHS = ("Path", "PurePath", "PosixPath", "PurePosixPath", "WindowsPath", "PureWindowsPath")


class CheckpointError(ValueError):
    """A results folder that cannot be imported; the message says what is wrong with it."""


class Options(BaseModel):
    """What the card needs of the training options, under the official names.

    corrupt   the damage: `jpeg-10`, `sr4x-pool`, `blur-gauss`, `inpaint-center`, …
    interval, beta_max, t0, T   see `bridge.schedule`
    ot_ode    trained on the mean of the bridge, without its noise
    cond_x1   the network sees x_1 beside x_t
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    corrupt: str
    interval: int
    beta_max: float
    t0: float
    T: float
    ot_ode: bool
    cond_x1: bool = False
    add_x1_noise: bool = False
    image_size: int = Field(default=256, gt=0)
    batch_size: int = Field(default=256, gt=0)
    seed: int = 0


class _Reader(pickle.Unpickler):
    """Reads a Namespace and refuses whatever else a pickle may ask for."""

    def __init__(self, file: Any) -> None:
        super().__init__(file)

        # Made anew for each file: what one file does to its class, another never sees.
        class Namespace:
            pass

        self.namespace = Namespace
        self._known: dict[tuple[str, str], Any] = {("argparse", "Namespace"): Namespace}
        for module in ("pathlib", "pathlib._local"):
            self._known |= {(module, name): _joined for name in PATHS}

    def find_class(self, module: str, name: str) -> Any:
        """The stand-in of a class that options hold; raises CheckpointError for any other."""
        try:
            return self._known[module, name]
        except KeyError:
            raise CheckpointError(
                f"it asks for {module}.{name}, which options have no need of; it may be malicious"
            ) from None


def _joined(*parts: str) -> str:
    return "/".join(parts)


def read_options(file: Path) -> Options:
    """The options in `file`, without running anything that it names.

    Raises CheckpointError where it is not what the official code writes, OSError where it
    cannot be read.
    """
    if (size := file.stat().st_size) > LARGEST:
        raise CheckpointError(f"{file} has {size:,} bytes: no options have more than {LARGEST:,}")
    with file.open("rb") as stream:
        reader = _Reader(stream)
        try:
            found = reader.load()
        except CheckpointError as error:
            raise CheckpointError(f"{file} is refused: {error}") from error
        # A damaged pickle fails in as many ways as there are opcodes.
        except Exception as error:
            raise CheckpointError(f"{file} is no pickle of options: {error}") from error
    if type(found) is not reader.namespace:
        raise CheckpointError(f"{file} holds no argparse.Namespace")
    try:
        return Options.model_validate(vars(found))
    except ValidationError as error:
        wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors())
        raise CheckpointError(f"{file} lacks options of I²SB's training: {wrong}") from error
