"""Triton's Python backend as a network's runtime: any `1/model.onnx` with Rialto's card in it.

Where Triton has an onnxruntime or tensorrt backend this file is not used. Where it has only
Python (the wheel), `rialto triton` links it beside each network. The requests that the
dynamic batcher grouped become ONE run of the network; a tile that fails takes no other down.

It runs in Triton's own interpreter and imports nothing of Rialto.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb

CARD = "rialto"


class TritonPythonModel:
    """One network, loaded once; `RIALTO_THREADS` says over how many cores, 0 over all."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the network; refuse one whose own card is not the one its config carries."""
        config = json.loads(args["model_config"])
        version = args["model_version"]
        path = Path(args["model_repository"], version, "model.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        options.inter_op_num_threads = 1
        # As in the embedded engine: threads that spin take the cores that others need.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        own = self._session.get_modelmeta().custom_metadata_map.get(CARD)
        if not same_card(own, configured_card(config, version)):
            raise pb.TritonModelException(
                f"{args['model_name']} version {version}: the card in its file is not the one "
                "in its config; export the network again"
            )
        self._inputs = [value.name for value in self._session.get_inputs()]
        self._output = config["output"][0]["name"]

    def execute(self, requests: list[Any]) -> list[Any]:
        """One answer a request, in order.

        Requests whose callers have left are evaluated with the others: Triton 2.51 crashes
        where they are asked for `is_cancelled` and answered by an error.
        """
        feeds = [self._feed(request) for request in requests]
        try:
            whole = {name: np.concatenate([feed[name] for feed in feeds]) for name in self._inputs}
            (output,) = self._session.run([self._output], whole)
        # What the runtime raises belongs to the callers; onnxruntime's errors share no base.
        except Exception as error:
            if len(requests) == 1:
                return [pb.InferenceResponse(error=pb.TritonError(f"the network failed: {error}"))]
            return [answer for request in requests for answer in self.execute([request])]
        ends = np.cumsum([len(feed["x_t"]) for feed in feeds])[:-1]
        return [
            pb.InferenceResponse([pb.Tensor(self._output, np.ascontiguousarray(part))])
            for part in np.split(output, ends)
        ]

    def _feed(self, request: Any) -> dict[str, Any]:
        return {
            name: pb.get_input_tensor_by_name(request, name).as_numpy() for name in self._inputs
        }


def threads() -> int:
    """Cores of one run."""
    return int(os.environ.get("RIALTO_THREADS", "0")) or len(os.sched_getaffinity(0))


def configured_card(config: dict[str, Any], version: str) -> str | None:
    """The card that the config names for this version, else the one for all of them."""
    parameters = config.get("parameters", {})
    entry = parameters.get(f"{CARD}@{version}") or parameters.get(CARD)
    return entry["string_value"] if entry else None


def same_card(one: str | None, other: str | None) -> bool:
    """Whether two cards say the same; blanks and the order of fields do not count."""
    return one is not None and other is not None and json.loads(one) == json.loads(other)
