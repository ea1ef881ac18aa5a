"""The queue's whole face: jobs and photos for the doors, leases for workers, news for watchers."""

from collections.abc import Callable

from redis.asyncio import Redis

from service.archive.queue.lease import Leases
from service.archive.queue.mend import Mending
from service.archive.queue.news import News
from service.archive.queue.photos import Photos
from service.archive.queue.scripts import Rules


class Queue(Photos, Leases, Mending, News):
    """Jobs of photos in Redis or Valkey. `redis` must give text (`decode_responses`).

    lease_s        after which the photo of a silent worker is free again
    max_attempts   after which a photo is failed, whoever asks for another
    cap            photos of one job that are in work at a time
    prefix         of all keys; its braces keep them in one slot of a cluster
    observe        is told a script's or command's name, and the seconds until its answer

    Any call raises ValkeyAway where the server cannot be reached for some seconds.
    """

    def __init__(
        self,
        redis: Redis,
        *,
        lease_s: float = 30,
        max_attempts: int = 4,
        cap: int = 64,
        prefix: str = "{rialto}:",
        observe: Callable[[str, float], None] | None = None,
    ) -> None:
        super().__init__(redis, Rules(prefix, cap, lease_s, max_attempts))
        if observe is not None:
            self._observe = observe
