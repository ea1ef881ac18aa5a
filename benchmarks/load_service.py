"""The service whose network answers at once: what is left is what the gateway itself costs.

python -m benchmarks.load_service, with RIALTO_* as `rialto serve` takes it. The one stub there is:
x̂_0 = x_1 for every tile, by the card of the network `jpeg`.
"""

from bridge.contract import Float32, NetworkCard, Tile
from rialto.commands.serve import serve
from service import app
from service.engine import Engine, Priority
from service.engine.repository import read_repository
from service.engine.runtimes.onnx_runtime import OnnxRuntime
from service.settings import Settings, read_settings
from service.telemetry import Telemetry

NETWORK = "jpeg"


class Identity:
    """An engine that gives back what it is given."""

    def __init__(self, card: NetworkCard) -> None:
        self._card = card

    async def evaluate(
        self,
        network: str,
        tile: Tile,
        *,
        priority: Priority = Priority.INTERACTIVE,
        deadline: float | None = None,
        photo: str = "",
    ) -> Float32:
        """x_1."""
        del network, priority, deadline, photo
        assert tile.x_1 is not None
        return tile.x_1

    runtime = "identity"

    def cards(self) -> dict[str, NetworkCard]:
        """One."""
        return {NETWORK: self._card}

    async def ready(self) -> bool:
        """Always."""
        return True

    async def close(self) -> None:
        """Nothing is held."""


async def open_identity(settings: Settings, telemetry: Telemetry) -> Engine:
    """In the place of `service.app.open_engine`."""
    del telemetry
    return Identity(read_repository(settings.model_repo_folder(), OnnxRuntime(1))[NETWORK].card)


if __name__ == "__main__":
    app.open_engine = open_identity
    serve(read_settings())
