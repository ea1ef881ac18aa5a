"""One entry of an archive stream, at the place where its bytes begin."""

from typing import Protocol

from service.archive.intake.refusals import EntryFault


class Member(Protocol):
    """What readers of zip and tar give, one after another.

    name   as the archive has it, with `/` between folders; a folder's ends in `/`
    fault  why it cannot be read, where its header tells

    One of the two methods is called, once, before the next member is asked for. Whether they
    return or raise an EntryFault, the stream then stands behind the member's bytes. Any other
    Problem ends the stream.
    """

    name: str
    fault: EntryFault | None

    async def read(self) -> bytearray:
        """Its bytes. Raises EntryFault."""
        ...

    async def skip(self) -> None:
        """Pass over its bytes."""
        ...
