"""The network file contract: what a network says of itself, and the tensors it takes.

Every network is one ONNX file whose metadata carries one JSON document under the key
`rialto`: a `NetworkCard`. Each Triton `config.pbtxt` carries the same document. Engines,
`/tasks`, the page and the model card read only that; a new task is a new folder in
`model_repo/`, and no code.

Tensors, float32, pixels in [-1, 1]:
  x_t    [N,3,H,W]  the bridge at this step       x_1   [N,3,H,W]  the damaged photo
  t      [N]        the network's own time        mask  [N,1,H,W]  1 = hole to fill
  sigma  [N]        σ_n at that time              x_0   [N,3,H,W]  out: the clean estimate
"""

from dataclasses import dataclass, field
from typing import Final, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from bridge.schedule import Schedule

Float32 = NDArray[np.float32]

METADATA_KEY = "rialto"
OUTPUT = "x_0"

InputName = Literal["x_t", "t", "sigma", "x_1", "mask"]
Start = Literal["identity", "bicubic", "nearest"]
HoleFill = Literal["noise", "grey", "smooth"]
Projection = Literal["none", "known-pixels", "sr", "jpeg"]
SamplerName = Literal["i2sb", "dbim", "bridge-ode", "ot-ode", "ot-ode-2m", "parity"]
GridName = Literal["uniform", "quadratic"]
PresetName = Literal["fast", "balanced", "best"]
PRESETS: Final[tuple[PresetName, ...]] = get_args(PresetName)


class Document(BaseModel):
    """A part of the card: frozen, and an unknown field is an error, not a typo ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ScheduleCard(Document):
    """How S_n is made, and the map from n to the network's time; see `bridge.schedule`."""

    interval: int = 1000
    beta_max: float = 0.3
    t0: float = 1e-4
    t1: float = 1.0

    def build(self) -> Schedule:
        """The tables themselves."""
        return Schedule(self.interval, self.beta_max, self.t0, self.t1)


class TileCard(Document):
    """How a photo is cut for this network. Fixed here, since borders change x̂_0.

    size      longest side of a tile in pixels; all tiles of a region are equal
    multiple  every tile starts at, and is as long as, a multiple of this
    overlap   pixels that neighbouring tiles share
    region    side of the largest area whose x_t is held whole in memory
    margin    pixels that neighbouring regions share, the outer half of which is discarded
    """

    size: int = Field(default=256, gt=0)
    multiple: int = Field(default=16, gt=0)
    overlap: int = Field(default=32, ge=0)
    region: int = Field(default=1600, gt=0)
    margin: int = Field(default=64, ge=0)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        for name in ("size", "overlap", "region", "margin"):
            if getattr(self, name) % self.multiple:
                raise ValueError(f"tile.{name} must be a multiple of {self.multiple}")
        if self.overlap >= self.size or self.size > self.region or self.margin >= self.region:
            raise ValueError("tile needs overlap < size <= region and margin < region")
        return self


class Quality(Document):
    """Scores of one preset on one set of photographs, as the benchmark printed them."""

    photos: str
    psnr_y: float
    ssim: float
    lpips: float | None = None
    dists: float | None = None
    input_psnr_y: float
    input_lpips: float | None = None
    seconds_per_megapixel: float | None = None
    command: str


class PresetCard(Document):
    """What `preset=` means with this network: a sampler, how many steps, where, how noisy."""

    sampler: SamplerName = "dbim"
    steps: int = Field(ge=1, le=1000)
    grid: GridName = "quadratic"
    eta: float = Field(default=1.0, ge=0, le=1)
    claim: str = ""
    quality: tuple[Quality, ...] = ()


class TrainingCard(Document):
    """Where the weights come from."""

    photographs: str
    iterations: int
    loss: str
    patch: int
    batch: int
    seed: int
    machine: str = ""
    cpu_hours: float | None = None


class NetworkCard(Document):
    """All that is known of a network without running it."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    task: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    family: str
    scale: int = Field(ge=1, le=8)
    start: Start
    hole_fill: HoleFill | None = None
    inputs: tuple[InputName, ...]
    schedule: ScheduleCard
    ot_ode: bool = False
    conditional: bool = True
    clamp: bool = True
    projection: Projection = "none"
    tile: TileCard = TileCard()
    parameters: int = Field(gt=0)
    presets: dict[PresetName, PresetCard]
    training: TrainingCard
    limits: tuple[str, ...] = ()
    licence: str = "Apache-2.0"
    weights_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if self.conditional and self.ot_ode:
            raise ValueError("a conditional OT-ODE network inverts its input and explodes")
        if self.conditional != ("x_1" in self.inputs):
            raise ValueError("a network is conditional exactly where x_1 is among its inputs")
        if not {"x_t", "t", "sigma"} <= set(self.inputs):
            raise ValueError("every network takes x_t, t and sigma")
        if (self.hole_fill is None) != (self.projection != "known-pixels"):
            raise ValueError("holes are filled exactly where known pixels are kept")
        if "mask" in self.inputs and self.hole_fill is None:
            raise ValueError("a network that is told of holes needs a fill for them")
        return self

    @property
    def takes_mask(self) -> bool:
        """Whether the task needs a mask of what is to be repaired beside the photo."""
        return self.hole_fill is not None

    @property
    def short_hash(self) -> str:
        """The first 12 digits of the weights' SHA-256: what people read and compare."""
        return self.weights_sha256[:12]

    @property
    def key(self) -> str:
        """The network and its weights, `name@hash`: what a photo that has begun goes on with."""
        return f"{self.name}@{self.short_hash}"


@dataclass(frozen=True)
class Tile:
    """One tile at one step: what an engine evaluates. Shapes without the batch axis."""

    x_t: Float32
    t: float
    sigma: float
    x_1: Float32 | None = None
    mask: Float32 | None = None
    shape: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", self.x_t.shape[-2:])


def batch_inputs(card: NetworkCard, tiles: list[Tile]) -> dict[str, Float32]:
    """Stack equal-shaped tiles into the network's inputs, in the order the card names them.

    Raises ValueError where a tile lacks an input that the network takes.
    """
    inputs: dict[str, Float32] = {}
    for name in card.inputs:
        values = [getattr(tile, name) for tile in tiles]
        if any(value is None for value in values):
            raise ValueError(f"network {card.name} takes {name}, which a tile lacks")
        inputs[name] = np.stack(values).astype(np.float32, copy=False)
    return inputs
