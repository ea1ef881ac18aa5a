"""The queue of the archive's jobs, in Redis or Valkey: what waits, what is in work, what ended.

Every move is one atomic Lua script with a plain name (`lua/`), so that a process killed at any
moment, or an answer that is lost, leaves each photo in exactly one place.
"""

from service.archive.queue.lease import Lease, Reaped
from service.archive.queue.news import Event
from service.archive.queue.queue import Queue
from service.archive.queue.refusals import (
    IdempotencyMismatch,
    JobClosed,
    JobEnded,
    NoSuchJob,
    NoSuchPhoto,
)
from service.archive.queue.stored import Added, NewPhoto

__all__ = [
    "Added",
    "Event",
    "IdempotencyMismatch",
    "JobClosed",
    "JobEnded",
    "Lease",
    "NewPhoto",
    "NoSuchJob",
    "NoSuchPhoto",
    "Queue",
    "Reaped",
]
