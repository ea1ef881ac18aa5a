"""Networks served by a Triton: the same Engine as in this process, over gRPC.

One call is one evaluation of one tile; Triton joins the tiles of all gateways and workers.

  engine     the Engine protocol: every part below, put together
  admission  which tiles may be sent now: people before archives, few batches in flight
  line       the same, awaited: a tile's turn
  connection one Triton, reached
  call       one evaluation as one gRPC call
  memory     tensors in shared memory, where Triton is on this host
  networks   what Triton serves, as cards, from its own model configs
  circuit    a Triton that is away: noticed, waited for, told once a minute
"""

from service.engine.triton.engine import Patience, TritonEngine

__all__ = ["Patience", "TritonEngine"]
