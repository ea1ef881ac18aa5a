"""Redis or Valkey, for all that several processes must know alike: jobs, webhooks, keys, limits.

One of our own where no URL was set, a client that leaves repeating to its user, commands that are
sent again while nobody answers, and scripts by name.
"""

from service.valkey.asking import LONG_S, NEVER, ValkeyAway, ask
from service.valkey.client import open_redis
from service.valkey.scripts import Scripts, Word
from service.valkey.server import ValkeyFailed, embedded_valkey, server_binary

__all__ = [
    "LONG_S",
    "NEVER",
    "Scripts",
    "ValkeyAway",
    "ValkeyFailed",
    "Word",
    "ask",
    "embedded_valkey",
    "open_redis",
    "server_binary",
]
