"""`config.pbtxt`, from a network's card and nothing else.

Written with Triton's own protobuf text format in mind: one variant a backend, and for each
the same with priorities. All carry the card in `parameters { key: "rialto" }`, so that a
gateway without the files reads the same; a test holds the copies equal.
"""

import json
from typing import Literal

from bridge.contract import METADATA_KEY, OUTPUT, NetworkCard

Backend = Literal["onnxruntime", "python", "tensorrt"]
Order = Literal["fifo", "priorities"]

_DIMENSIONS = {"x_t": (3, -1, -1), "x_1": (3, -1, -1), "mask": (1, -1, -1)}
MAX_BATCH = 8  # tiles; the batcher takes fewer when fewer wait
QUEUE_DELAY_US = 500  # about a fiftieth of a tile's evaluation on a CPU
PRIORITY_LEVELS = 2  # interactive, archive; a caller that names none is an archive

_FIFO = f"""# Plain FIFO with one instance: queue policies and priorities stall with one.
dynamic_batching {{ max_queue_delay_microseconds: {QUEUE_DELAY_US} }}"""
# For a Triton that callers of other makes send to as well: whoever names priority 1 passes.
_PRIORITIES = f"""# Triton's own priorities: two instances, since its batcher stalls with one.
dynamic_batching {{
  max_queue_delay_microseconds: {QUEUE_DELAY_US}
  priority_levels: {PRIORITY_LEVELS}
  default_priority_level: {PRIORITY_LEVELS}
}}"""


def _tensor(name: str, dims: tuple[int, ...], reshape: bool = False) -> str:
    listed = ", ".join(str(dim) for dim in dims)
    lines = [f'    name: "{name}"', "    data_type: TYPE_FP32", f"    dims: [ {listed} ]"]
    if reshape:
        # One value a sample: Triton sends [N,1] over the wire, the network takes [N].
        lines.append("    reshape { shape: [ ] }")
    return "  {\n" + "\n".join(lines) + "\n  }"


def triton_config(card: NetworkCard, backend: Backend, order: Order = "fifo") -> str:
    """The text of `config.pbtxt`, or of a variant in `configs/`; see `export.texts`.

    order   fifo: the engine's own admission sends people's tiles first; priorities: Triton does
    """
    kind = "KIND_CPU" if backend == "python" else "KIND_AUTO"
    served_by = 'platform: "tensorrt_plan"' if backend == "tensorrt" else f'backend: "{backend}"'
    inputs = [
        _tensor(n, _DIMENSIONS.get(n, (1,)), reshape=n in ("t", "sigma")) for n in card.inputs
    ]
    size, suffix = card.tile.size, "" if order == "fifo" else f", {order}"
    document = json.dumps(card.model_dump_json())
    return "\n".join(
        [
            f"# Made from the network's card by `rialto export`: {card.name}, {backend}{suffix}.",
            f'name: "{card.name}"',
            served_by,
            f"max_batch_size: {MAX_BATCH}",
            "input [\n" + ",\n".join(inputs) + "\n]",
            "output [\n" + _tensor(OUTPUT, (3, -1, -1)) + "\n]",
            _FIFO if order == "fifo" else _PRIORITIES,
            f"instance_group [ {{ count: {1 if order == 'fifo' else 2}, kind: {kind} }} ]",
            "model_warmup [\n  {\n"
            '    name: "one tile"\n    batch_size: 1\n'
            + "".join(_warmup(name, size) for name in card.inputs)
            + "  }\n]",
            f'parameters {{ key: "{METADATA_KEY}" value {{ string_value: {document} }} }}',
            "",
        ]
    )


def _warmup(name: str, size: int) -> str:
    dims = (_DIMENSIONS[name][0], size, size) if name in _DIMENSIONS else (1,)
    listed = ", ".join(str(dim) for dim in dims)
    return (
        f'    inputs {{ key: "{name}" value {{ data_type: TYPE_FP32 dims: [ {listed} ]'
        " zero_data: true } }\n"
    )
