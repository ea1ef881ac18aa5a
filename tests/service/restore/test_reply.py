import pytest

from service.restore.reply import Restored, event, photo_reply


def photo(name: str | None = None) -> Restored:
    return Restored(b"file", "png", 1, 1, 1, 1, 0, "net@0", "plan", 3, 12, {}, (), name)


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("a/b.jpg", "b.rialto.png"),
        ("C:\\photos\\c.d.tif", "c.d.rialto.png"),
        (None, "photo.rialto.png"),
        ("", "photo.rialto.png"),
    ],
)
def test_a_name_is_kept_without_its_folders(name: str | None, filename: str) -> None:
    assert photo(name).filename == filename


def test_the_answer_says_how_many_of_its_steps_were_done() -> None:
    assert photo_reply(photo()).headers["x-rialto-steps"] == "3/12"


def test_an_event_is_one_block_with_its_number() -> None:
    assert event("done", {"a": "\n"}, 7) == b'id: 7\nevent: done\ndata: {"a": "\\n"}\n\n'
