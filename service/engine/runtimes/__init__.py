"""What computes a network in this process: ONNX Runtime, the reference, or OpenVINO by choice.

Another runtime makes other pixels, if only by a grey level. So its name is part of what is told
and recorded of every photo, and of what a measured batch size holds for.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, Protocol

from bridge.contract import Float32, NetworkCard

RuntimeName = Literal["onnxruntime", "openvino", "openvino-bf16"]
REFERENCE: Final = "onnxruntime"
TRITON: Final = "triton"  # whose backend is told by its own configs


class RuntimeUnfit(ValueError):
    """The setting names a runtime that this machine is not made for; the message says which is."""


class Session(Protocol):
    """One network, loaded: any batch, any height and width. One call at a time."""

    def run(self, inputs: Mapping[str, Float32]) -> Float32:
        """The inputs that the network's card names -> x̂_0 [N,3,H,W], the caller's to keep."""
        ...


class Runtime(Protocol):
    """A library on this processor; `name` says in which number format it computes."""

    @property
    def name(self) -> RuntimeName:
        """As RIALTO_RUNTIME has it."""
        ...

    @property
    def version(self) -> str:
        """The library's."""
        ...

    @property
    def threads(self) -> int:
        """CPU threads of one evaluation."""
        ...

    def open(self, file: Path) -> Session:
        """Load a network; raises whatever the library does for a file that is none."""
        ...


def signed(card: NetworkCard, runtime: str) -> str:
    """How a photo names what made it: `name@hash`, with `+runtime` where it is not the reference.

    Who compares two photos by network, plan and seed never takes one runtime's for another's.
    """
    return card.key if runtime in (REFERENCE, TRITON) else f"{card.key}+{runtime}"
