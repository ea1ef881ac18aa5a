"""Every knob of the service, read once from RIALTO_* and handed down in parts."""

import os
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.engine.runtimes import REFERENCE, RuntimeName
from service.observe.logs import LogFormat
from service.photo.limits import CodecLimits

PREFIX = "RIALTO_"

AuthMode = Literal["auto", "on", "off-because-guarded-outside"]
THE_CLIENTS = {"RIALTO_API_KEY"}  # no setting of the service, and no misspelt one


class UnknownSetting(Exception):
    """The environment names a RIALTO_* setting that does not exist."""


class Settings(BaseSettings):
    """Type, default, bound, unit, and what happens beyond it; docs/04-settings.md says the same."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    host: str = Field(default="127.0.0.1", description="Address the service listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port; 0 takes a free one.")
    metrics_port: int | None = Field(
        default=None,
        ge=0,
        le=65535,
        description="Port of metrics alone, without a key; 0: none. Unset: 9400 of a worker.",
    )
    model_repo: Path = Field(
        default=Path("model_repo"), description="Folder of networks, one sub-folder each."
    )
    cache: Path = Field(
        default=Path("~/.cache/rialto"), description="Folder for what was measured on this device."
    )
    engine: Literal["local", "triton"] = Field(
        default="local",
        description="Where networks are evaluated: in this process, or in a Triton.",
    )
    runtime: RuntimeName = Field(
        default=REFERENCE,
        description="The local engine's; `openvino` and `openvino-bf16` are of an extra.",
    )
    triton_url: str = Field(
        default="127.0.0.1:8001", description="The Triton's gRPC address, host:port."
    )
    triton_timeout_s: float = Field(
        default=60, gt=0, le=3600, description="Seconds of one evaluation; then it is sent again."
    )
    triton_away_s: float = Field(
        default=60, gt=0, le=3600, description="Seconds a photo waits for an absent Triton; 503."
    )
    triton_start_s: float = Field(
        default=60, gt=0, le=3600, description="Seconds to wait for Triton at start; then exit."
    )
    threads: int = Field(
        default=0, ge=0, le=256, description="CPU threads of one evaluation; 0 takes every core."
    )
    max_batch: int = Field(
        default=0, ge=0, le=64, description="Tiles in one batch; 0 measures what pays here."
    )
    max_body_bytes: int = Field(
        default=256 * 2**20, gt=0, description="Bytes of an upload; beyond it, 413."
    )
    max_input_megapixels: float = Field(
        default=100, gt=0, le=10_000, description="Megapixels of a photo; beyond it, 413."
    )
    max_output_megapixels: float = Field(
        default=100, gt=0, le=10_000, description="Megapixels of a result; beyond it, 413."
    )
    max_active: int = Field(
        default=8, gt=0, le=1024, description="Photos restored at once; beyond it, they wait."
    )
    max_waiting: int = Field(
        default=32, ge=0, le=100_000, description="Photos in line; beyond it, 503."
    )
    max_held_mb: int = Field(
        default=2048, ge=64, description="MiB of decoded photos in line; beyond it, 503."
    )
    upload_timeout_s: float = Field(
        default=120, gt=0, le=3600, description="Seconds of one upload; after it, 408."
    )
    deadline_s: float = Field(
        default=600, gt=0, le=86_400, description="Seconds of one restoration; after it, 504."
    )
    decode_timeout_s: float = Field(
        default=30, gt=0, le=3600, description="Seconds of one decoding; after it, 422."
    )
    decode_memory_mb: int = Field(
        default=2048, ge=512, le=65_536, description="MiB of one decoder; beyond it, 422."
    )
    decoders: int = Field(
        default=2, ge=1, le=64, description="Child processes that decode and encode."
    )
    kept_seconds: float = Field(
        default=600, gt=0, le=86_400, description="Seconds a finished photo stays fetchable."
    )
    kept_mb: int = Field(
        default=512, ge=1, le=65_536, description="MiB of finished photos kept; oldest go first."
    )
    resume_s: float = Field(
        default=20,
        ge=0,
        le=3600,
        description="Seconds a lost stream may be taken up again; then it is cancelled.",
    )
    events_mb: int = Field(
        default=8, ge=1, le=1024, description="MiB of one restoration's events; oldest go first."
    )
    data: Path = Field(
        default=Path("~/.local/share/rialto"), description="Folder of the archive's own data."
    )
    redis_url: str = Field(
        default="", description="Redis or Valkey of the archive; empty starts one of our own."
    )
    blobs: str = Field(
        default="", description="Folder or s3://, gs://, az:// URL; empty is a folder in `data`."
    )
    archive_places: int = Field(
        default=2, ge=0, le=256, description="Archive photos restored at once; 0 restores none."
    )
    archive_deadline_s: float = Field(
        default=86_400, gt=0, description="Seconds of one archive photo; after it, it fails."
    )
    archive_sources: str = Field(
        default="", description="URLs, by commas, that jobs may read photos below."
    )
    archive_targets: str = Field(
        default="", description="URLs, by commas, that jobs may write their bags below."
    )
    archive_max_photos: int = Field(
        default=1_000_000, gt=0, description="Entries of one archive stream; beyond it, 413."
    )
    archive_max_bytes: int = Field(
        default=2**40, gt=0, description="Bytes that one archive stream unpacks to; beyond, 413."
    )
    archive_max_ratio: float = Field(
        default=200,
        gt=1,
        description="Times that an archive stream may grow by unpacking; beyond, 413.",
    )
    lease_s: float = Field(
        default=30,
        ge=1,
        le=3600,
        description="Seconds after which a silent worker's photo is free.",
    )
    max_attempts: int = Field(
        default=4, ge=1, le=100, description="Deliveries of a photo; after them, it is failed."
    )
    retention_days: float = Field(
        default=30, gt=0, le=36_500, description="Days from a job's end until it is forgotten."
    )
    webhook_secrets: str = Field(
        default="", description="whsec_ secrets, by commas; each signs. Empty refuses webhooks."
    )
    webhook_hosts: str = Field(
        default="", description="Hosts or networks, by commas, allowed although they are private."
    )
    auth: AuthMode = Field(
        default="auto",
        description="Keys: `on`, off on loopback by `auto`, or `off-because-guarded-outside`.",
    )
    jwt_issuer: str = Field(
        default="", description="The identity provider whose tokens are taken; empty takes none."
    )
    jwt_audience: str = Field(default="rialto", description="The audience that a token must name.")
    jwt_jwks: str = Field(default="", description="File or URL of the provider's public keys.")
    audit_log: str = Field(
        default="", description="File of one JSON line a request; `-` is standard output."
    )
    log_format: LogFormat = Field(
        default="auto", description="`json`, `text`, or by `auto` text on a terminal, else JSON."
    )
    otlp_endpoint: str = Field(
        default="", description="OTLP/HTTP collector of traces, http://host:4318; empty: none."
    )
    trace_ratio: float = Field(
        default=1, ge=0, le=1, description="Share of traces begun here that are kept."
    )
    grace_s: float = Field(
        default=30, ge=0, le=3600, description="Seconds given to running work when stopped."
    )

    @model_validator(mode="after")
    def _runtime_can_be_had(self) -> Self:
        if self.runtime == REFERENCE:
            return self
        asked = f"RIALTO_RUNTIME={self.runtime}"
        if self.engine == "triton":
            raise ValueError(f"{asked} is of the local engine; a Triton's configs name its own")
        if find_spec("openvino") is None:
            raise ValueError(f"{asked} needs an extra: pip install 'rialto[openvino]'")
        return self

    def codec_limits(self) -> CodecLimits:
        """What the decoders are bound by."""
        return CodecLimits(
            max_input_megapixels=self.max_input_megapixels,
            decode_timeout_s=self.decode_timeout_s,
            child_memory_bytes=self.decode_memory_mb * 2**20,
            processes=self.decoders,
        )

    def model_repo_folder(self) -> Path:
        """`model_repo`, taken from the current folder, else from where Rialto is installed."""
        here = self.model_repo.expanduser()
        return here if here.exists() else Path(__file__).parents[1] / here

    def data_folder(self) -> Path:
        """`data`, with ~ resolved."""
        return self.data.expanduser()

    def engine_threads(self) -> int:
        """Threads of one evaluation, with 0 resolved to the cores this process may use."""
        return self.threads or len(os.sched_getaffinity(0))


def read_settings(given: Mapping[str, Any] | None = None) -> Settings:
    """Settings from the environment, `given` ones before them.

    Raises UnknownSetting for a misspelt RIALTO_* name, which would be ignored in silence,
    and pydantic's ValidationError for a value out of its bounds.
    """
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    named = {name for name in os.environ if name.upper().startswith(PREFIX)}
    unknown = sorted(name for name in named if name.upper() not in known | THE_CLIENTS)
    if unknown:
        raise UnknownSetting(f"unknown settings {', '.join(unknown)}; see docs/04-settings.md")
    return Settings(**(given or {}))
