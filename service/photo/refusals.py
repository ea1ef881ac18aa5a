"""Why a photo is refused: every problem that decoding or encoding can end in.

They stand apart from what raises them because they cross from a child process to the parent,
which must know them without loading the image library. Each is made of its `detail` alone, so
each survives pickling.
"""

from service.problems import Problem


class EmptyBody(Problem):
    """No bytes at all."""

    status = 422
    slug = "empty-body"
    title = "The request has no photo"


class NotAPhoto(Problem):
    """Bytes of some other kind, or of a photo format that is not accepted."""

    status = 415
    slug = "not-a-photo"
    title = "The body is not a photo this service accepts"


class BrokenPhoto(Problem):
    """A photo whose pixels cannot all be read."""

    status = 422
    slug = "broken-photo"
    title = "The photo is damaged or cut short"


class TooManyPixels(Problem):
    """Width × height beyond the limit, by the file's header."""

    status = 413
    slug = "too-many-pixels"
    title = "The photo has too many pixels"


class TooManyFrames(Problem):
    """An animation, a sequence or a document of several pages."""

    status = 422
    slug = "too-many-frames"
    title = "The file holds more than one picture"


class UnsupportedColour(Problem):
    """Samples or colours that no conversion here renders faithfully."""

    status = 422
    slug = "unsupported-colour"
    title = "The photo's colours are of a kind that is not supported"


class DecodeTimeout(Problem):
    """The decoder was stopped at its time limit."""

    status = 422
    slug = "decode-timeout"
    title = "The photo takes too long to decode"


class DecodeMemory(Problem):
    """The decoder reached its memory limit."""

    status = 422
    slug = "decode-memory"
    title = "The photo takes too much memory to decode"


class DecoderDied(Problem):
    """The decoding process ended without an answer; nobody else's photo is harmed."""

    status = 500
    slug = "decoder-died"
    title = "The decoder died on this photo"


class TooLargeForFormat(Problem):
    """More pixels a side than the asked format can hold."""

    status = 422
    slug = "too-large-for-format"
    title = "The result does not fit the asked format"


class EncodeFailed(Problem):
    """The restored photo could not be written."""

    status = 500
    slug = "encode-failed"
    title = "The restored photo could not be written"
