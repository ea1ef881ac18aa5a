"""Scripts: the Lua files of a package into atomic moves on the server, called by their names.

A script is sent by its hash, and told to a server that does not know it. What all scripts of a
package begin with stands in its `lua/prelude.lua`.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript

Word = str | int | float | bytes
PRELUDE = "prelude"


class Scripts:
    """The scripts `lua/NAME.lua` of a package.

    flags   Valkey's own of a script, by its name. A server that is out of memory refuses the whole
            of a script, unless they say `allow-oom`
    """

    def __init__(self, redis: Redis, package: str, flags: Mapping[str, str] | None = None) -> None:
        lines = {name: f"#!lua flags={of}\n" for name, of in (flags or {}).items()}
        self._scripts: dict[str, AsyncScript] = {
            name: redis.register_script(lines.get(name, "#!lua\n") + text)
            for name, text in _texts(package).items()
        }

    async def run(self, name: str, keys: Sequence[str], args: Sequence[Word]) -> Any:
        """Run a script once, without repeats. Raises what redis-py raises."""
        return await self._scripts[name](keys=keys, args=args)


@cache
def _texts(package: str) -> dict[str, str]:
    folder = files(package) / "lua"
    texts = {
        file.name.removesuffix(".lua"): file.read_text()
        for file in folder.iterdir()
        if file.name.endswith(".lua")
    }
    prelude = texts.pop(PRELUDE, "")
    return {name: prelude + text for name, text in texts.items()}
