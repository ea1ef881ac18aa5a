"""What intake refuses: single entries, which are skipped and told, and whole streams."""

from service.problems import Problem


class EntryFault(Problem):
    """One entry or line cannot be taken; the stream goes on behind it."""


class EmptyFile(EntryFault):
    """An entry of 0 bytes."""

    status = 422
    slug = "empty-file"
    title = "The file is empty"


class EntryTooLarge(EntryFault):
    """An entry beyond what one photo may have."""

    status = 413
    slug = "entry-too-large"
    title = "The file is too large"


class EncryptedEntry(EntryFault):
    """An entry behind a password."""

    status = 422
    slug = "encrypted-entry"
    title = "The file is encrypted"


class NestedArchive(EntryFault):
    """An archive or a compressed file inside the archive."""

    status = 422
    slug = "nested-archive"
    title = "The file is itself an archive"


class NotAFile(EntryFault):
    """A link, a device, a pipe: nothing that holds a photo."""

    status = 422
    slug = "not-a-file"
    title = "The entry is no plain file"


class UnsupportedEntry(EntryFault):
    """An entry packed in a way that is not read here."""

    status = 422
    slug = "unsupported-entry"
    title = "The file is packed in a way that is not supported"


class BrokenEntry(EntryFault):
    """An entry whose bytes are not those that were packed."""

    status = 422
    slug = "broken-entry"
    title = "The file is damaged"


class SystemFile(EntryFault):
    """A file that an operating system keeps for itself."""

    status = 422
    slug = "system-file"
    title = "The file is not yours but your system's"


class DuplicateName(EntryFault):
    """A name for the second time in one upload."""

    status = 422
    slug = "duplicate-name"
    title = "The name came twice"


class BadLine(EntryFault):
    """A line of a manifest that names no photo."""

    status = 422
    slug = "bad-line"
    title = "The manifest's line cannot be read"


class NotAnArchive(Problem):
    """A body that is no zip, or no tar."""

    status = 415
    slug = "not-an-archive"
    title = "The body is not such an archive"


class TruncatedArchive(Problem):
    """A stream that ends before its archive does."""

    status = 422
    slug = "truncated-archive"
    title = "The archive ends too early"


class BrokenArchive(Problem):
    """A stream in which no next entry can be found."""

    status = 422
    slug = "broken-archive"
    title = "The archive is damaged"


class ArchiveBomb(Problem):
    """A stream that unpacks to far more than it was packed in."""

    status = 413
    slug = "archive-bomb"
    title = "The archive unpacks to far more than it is"


class ArchiveTooLarge(Problem):
    """A stream beyond the bytes that one archive may have."""

    status = 413
    slug = "archive-too-large"
    title = "The archive is too large"


class TooManyEntries(Problem):
    """A stream beyond the entries that one archive or manifest may have."""

    status = 413
    slug = "too-many-entries"
    title = "The archive has too many entries"


class BadManifest(Problem):
    """A manifest of which no line can be read."""

    status = 422
    slug = "bad-manifest"
    title = "The manifest cannot be read"
