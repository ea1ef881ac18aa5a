import os

import numpy as np
import pytest

from service.photo.pages import Pages, canvas, share


def test_a_canvas_is_handed_over_without_a_copy() -> None:
    array = canvas((4, 6, 3), np.uint16)
    array[...] = np.arange(72).reshape(4, 6, 3)
    _, ticket = share(array)
    seen = ticket.open()
    np.testing.assert_array_equal(seen, array)
    array[3, 5, 2] = 9
    assert seen[3, 5, 2] == 9


def test_rows_of_a_canvas_are_handed_over_where_they_lie() -> None:
    array = canvas((10, 6, 3), np.uint8)
    array[...] = np.arange(180).reshape(10, 6, 3)
    _, ticket = share(array[4:9])
    np.testing.assert_array_equal(ticket.open(), array[4:9])


def test_a_strided_or_private_array_arrives_whole() -> None:
    array = canvas((5, 7, 4), np.uint8)
    array[...] = np.arange(140).reshape(5, 7, 4)
    for view in (array[..., :3], array[..., 3], np.ascontiguousarray(array)):
        pages, ticket = share(view)
        np.testing.assert_array_equal(ticket.open(), view)
        del pages


def test_pages_are_gone_with_the_last_array(shared_pages) -> None:
    before = shared_pages()
    array = canvas((100, 100, 3), np.uint8)
    corner = array[50:, 50:]
    del array
    assert shared_pages() > before
    del corner
    assert shared_pages() == before


def test_a_ticket_to_closed_pages_never_opens_another_file() -> None:
    with Pages(b"photo") as pages:
        ticket = pages.ticket
        number = pages.descriptor
    with Pages(b"somebody else's") as others:
        assert others.descriptor == number
        with pytest.raises(FileNotFoundError):
            ticket.open()


def test_what_a_child_writes_is_read_by_the_parent() -> None:
    with Pages() as pages:
        descriptor = pages.ticket.open()
        os.write(descriptor, b"written elsewhere")
        os.close(descriptor)
        assert pages.read() == b"written elsewhere"
