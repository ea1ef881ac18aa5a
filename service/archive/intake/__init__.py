"""Intake: an uploaded zip or tar stream, or a manifest, to single photos.

Nothing is written to disk, and two photos at most are held: the one that was given, and the one
that is read. Beside them, 16 bytes of digest a name tell repeated names. A hostile upload costs
its limits, and never more.
"""

from service.archive.intake.entries import Entry, Skipped, entries
from service.archive.intake.litter import is_litter
from service.archive.intake.manifest import ManifestLine, manifest
from service.archive.intake.meter import IntakeLimits

__all__ = [
    "Entry",
    "IntakeLimits",
    "ManifestLine",
    "Skipped",
    "entries",
    "is_litter",
    "manifest",
]
