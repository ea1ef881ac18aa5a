"""What a photo may cost: bounds on size, time and memory, handed down from the settings."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CodecLimits:
    """Bounds of the decoders.

    max_input_megapixels  width × height by the header; beyond it, 413 too-many-pixels
    decode_timeout_s      seconds of one decoding; after it, the child is killed, 422
    encode_timeout_s      seconds of one encoding; after it, the child is killed, 500
    child_memory_bytes    address space of a child; beyond it, 422 decode-memory
    processes             children, and so photos decoded or encoded at once
    tasks_per_process     a child is replaced after as many, 0 = never
    """

    max_input_megapixels: float = 100
    decode_timeout_s: float = 30
    encode_timeout_s: float = 180
    child_memory_bytes: int = 2 * 2**30
    processes: int = 2
    tasks_per_process: int = 500
