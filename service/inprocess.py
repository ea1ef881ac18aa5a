"""The service without HTTP: one photo's bytes in, a restored photo out, in this process."""

from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from service.app import open_restorer
from service.restore import Order, Restorer
from service.restore.accept import Upload
from service.restore.pack import Wrapping
from service.restore.reply import Restored
from service.settings import Settings, read_settings
from service.tasks import Choice
from service.telemetry import Telemetry


@dataclass(frozen=True)
class LocalRestoration:
    """A restored photo, as the HTTP client's answers look."""

    content: bytes
    content_type: str
    seed: int
    network: str
    plan: str
    timing: dict[str, float]


class LocalRestorer:
    """An async context manager; `restore` takes what `POST /restore` takes."""

    def __init__(self, settings: Settings | None = None) -> None:
        self._settings = settings or read_settings()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._restorer: Restorer = await self._stack.enter_async_context(
            open_restorer(self._settings, Telemetry())
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def check(self, task: str, **options: Any) -> None:
        """Raises NoSuchTask or BadPlan where no photo could be restored by these options."""
        self._restorer.tasks.choose(_choice(task, options))

    async def restore(self, photo: bytes, /, *, task: str, **options: Any) -> LocalRestoration:
        """Restore one file; an option that is None is left to the service. Raises Problems."""
        wishes = {name: value for name, value in options.items() if value is not None}
        mask = wishes.pop("mask", None)
        upload = Upload(photo, _read(mask) if mask is not None else None)
        seed = wishes.pop("seed", 0)
        packing = {name: wishes.pop(name) for name in list(wishes) if name in _WRAPPING}
        order = Order(_choice(task, wishes), seed, Wrapping(**packing))
        async with aclosing(self._restorer.restore(upload, order)) as walk:
            async for made in walk:
                if isinstance(made, Restored):
                    return _restoration(made)
        raise RuntimeError("the walk ended without a photo")


_WRAPPING = {"format", "quality", "metadata"}
_CHOICE = {"preset", "steps", "sampler", "grid", "eta"}


def _choice(task: str, options: dict[str, Any]) -> Choice:
    said = {name: value for name, value in options.items() if name in _CHOICE}
    return Choice(task, **{name: value for name, value in said.items() if value is not None})


def _read(mask: object) -> bytes:
    if isinstance(mask, (str, Path)):
        return Path(mask).read_bytes()
    if isinstance(mask, bytes):
        return mask
    raise ValueError("mask must be a path or bytes")


def _restoration(made: Restored) -> LocalRestoration:
    return LocalRestoration(
        made.data, made.content_type, made.seed, made.network, made.plan, dict(made.timing)
    )
