"""What a service offers, as `GET /tasks` and `GET /limits` tell it.

A newer service may say more than is named here: unknown fields are kept as attributes.
"""

from pydantic import BaseModel, ConfigDict


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class Quality(_Told):
    """Scores of a preset on one set of photographs, with the command that measured them.

    psnr_y in dB, ssim 0..1, lpips (lower is better); `input_…` is the damaged photo's.
    """

    photos: str
    psnr_y: float
    ssim: float
    lpips: float | None = None
    input_psnr_y: float | None = None
    input_lpips: float | None = None
    seconds_per_megapixel: float | None = None
    command: str = ""


class Preset(_Told):
    """What a preset's name stands for in one task."""

    network: str
    sampler: str
    steps: int
    grid: str
    eta: float
    claim: str = ""
    quality: tuple[Quality, ...] = ()


class Network(_Told):
    """A network that serves a task; `limits` says in words what it cannot do."""

    name: str
    weights_sha256: str
    parameters: int
    limits: tuple[str, ...] = ()


class Task(_Told):
    """A kind of restoration. The answer is `scale` times as wide and as high as the photo."""

    task: str
    title: str
    scale: int
    presets: dict[str, Preset]
    networks: tuple[Network, ...]
    request_id: str | None = None


class Limits(_Told):
    """What the service takes at most; beyond it, it answers 413."""

    max_body_bytes: int
    max_input_megapixels: float
    max_output_megapixels: float
    input_formats: tuple[str, ...]
    output_formats: tuple[str, ...]
    request_id: str | None = None


class TaskList(_Told):
    """The body of `GET /tasks`."""

    tasks: tuple[Task, ...]
