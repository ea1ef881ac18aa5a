"""What an archive stream has cost so far, held against its limits."""

from dataclasses import dataclass
from typing import Final

from service.archive.intake.refusals import ArchiveBomb, ArchiveTooLarge, TooManyEntries

_SPARE_HEADERS: Final = 1000


@dataclass(frozen=True)
class IntakeLimits:
    """What one archive stream may hold.

    max_entry_bytes  of one photo, unpacked; beyond it, the photo is skipped
    max_entries      photos and skipped entries, without litter and folders; beyond, the end
    max_total_bytes  of the stream as it is sent, and unpacked; beyond, the end
    max_ratio        unpacked over packed bytes of the stream so far, one photo's bytes aside: a
                     blank page may shrink as it likes, a bomb may not; beyond, the end
    """

    max_entry_bytes: int
    max_entries: int
    max_total_bytes: int
    max_ratio: float


class Meter:
    """Counts of one stream. Each method raises the Problem that ends the stream."""

    def __init__(self, limits: IntakeLimits) -> None:
        self.limits = limits
        self._received = self._unpacked = self._headers = self._entries = 0

    def receive(self, count: int) -> None:
        """`count` bytes came in. Raises ArchiveTooLarge."""
        self._received += count
        self._check_total(self._received)

    def unpack(self, count: int) -> None:
        """`count` bytes were unpacked. Raises ArchiveTooLarge, ArchiveBomb."""
        self._unpacked += count
        self._check_total(self._unpacked)
        limits = self.limits
        if self._unpacked > limits.max_ratio * self._received + limits.max_entry_bytes:
            raise ArchiveBomb(
                f"The archive unpacks to more than {limits.max_ratio:g} times its bytes. Photos"
                " before that place are in the job; send the others in a plain tar."
            )

    def header(self) -> None:
        """A header of any kind was read: folders and litter cost too. Raises TooManyEntries."""
        self._headers += 1
        if self._headers > 4 * self.limits.max_entries + _SPARE_HEADERS:
            self._refuse_more()

    def entry(self) -> None:
        """A photo, or an entry to be told as skipped. Raises TooManyEntries."""
        self._entries += 1
        if self._entries > self.limits.max_entries:
            self._refuse_more()

    def _check_total(self, count: int) -> None:
        if count > self.limits.max_total_bytes:
            raise ArchiveTooLarge(
                f"The archive is larger than {self.limits.max_total_bytes} bytes. Photos before"
                " that place are in the job; send the others in another archive."
            )

    def _refuse_more(self) -> None:
        raise TooManyEntries(
            f"The archive has more than {self.limits.max_entries} entries. Photos before that"
            " place are in the job; send the others in another archive."
        )
