from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from service.engine import Priority
from service.engine.scheduler import Kind, Ticket
from service.engine.triton.admission import LANES, Admission

BATCH = 4
WIDE, TALL = Kind("net", (32, 64)), Kind("net", (64, 32))
PERSON, ARCHIVE = Priority.INTERACTIVE, Priority.ARCHIVE


def admission() -> Admission:
    return Admission(lambda _: BATCH)


def fill(line: Admission, kind: Kind, count: int, priority: Priority) -> None:
    for number in range(count):
        line.add(kind, f"{priority}{kind}{number % 3}", priority)


def test_an_archive_has_no_more_than_two_batches_in_flight() -> None:
    line = admission()
    fill(line, WIDE, 50, ARCHIVE)
    assert len(line.next_tiles()) == line.in_flight(ARCHIVE) == LANES * BATCH
    assert line.next_tiles() == []


def test_a_person_is_sent_although_the_archives_lanes_are_full() -> None:
    line = admission()
    fill(line, WIDE, 50, ARCHIVE)
    line.next_tiles()
    ticket = line.add(WIDE, "person", PERSON)
    assert line.next_tiles() == [ticket]


def test_nothing_of_the_archive_is_sent_while_people_wait() -> None:
    line = admission()
    fill(line, WIDE, 50, ARCHIVE)
    fill(line, WIDE, LANES * BATCH + 1, PERSON)
    assert {ticket.priority for ticket in line.next_tiles()} == {PERSON}
    assert line.waiting(PERSON) == 1


def test_a_lane_is_refilled_once_all_of_it_came_back() -> None:
    line = admission()
    fill(line, WIDE, 50, ARCHIVE)
    sent = line.next_tiles()
    for ticket in sent[: BATCH - 1]:
        line.answered(ticket)
        assert line.next_tiles() == []
    line.answered(sent[BATCH - 1])
    assert len(line.next_tiles()) == BATCH


def test_the_lane_that_stands_ready_takes_late_tiles_of_its_shape() -> None:
    line = admission()
    fill(line, WIDE, BATCH + 1, ARCHIVE)
    assert len(line.next_tiles()) == BATCH + 1
    fill(line, WIDE, BATCH, ARCHIVE)
    assert len(line.next_tiles()) == BATCH - 1


def test_shapes_are_not_sent_alternately() -> None:
    """Triton joins neighbours only: alternating shapes would run one by one."""
    line = admission()
    for _ in range(20):
        fill(line, WIDE, 1, ARCHIVE)
        fill(line, TALL, 1, ARCHIVE)
    shapes = [ticket.kind for ticket in line.next_tiles()]
    assert shapes in ([WIDE] * BATCH + [TALL] * BATCH, [TALL] * BATCH + [WIDE] * BATCH)


def test_a_tile_that_was_sent_cannot_be_withdrawn() -> None:
    line = admission()
    fill(line, WIDE, LANES * BATCH, ARCHIVE)
    (first, *_) = line.next_tiles()
    late = line.add(WIDE, "late", ARCHIVE)
    assert not line.withdraw(first)
    assert line.withdraw(late)
    line.answered(first)
    assert late not in line.next_tiles()


@given(st.lists(st.tuples(st.sampled_from([WIDE, TALL]), st.sampled_from(list(Priority)))))
def test_every_tile_is_sent_once_and_the_bound_always_holds(
    arrivals: list[tuple[Kind, Priority]],
) -> None:
    line, flying, sent = admission(), deque[Ticket](), 0
    for number, (kind, priority) in enumerate(arrivals):
        line.add(kind, str(number % 4), priority)
        flying += (new := line.next_tiles())
        sent += len(new)
        assert line.in_flight(priority) <= LANES * BATCH
        if number % 3 == 0 and flying:
            line.answered(flying.popleft())
    while flying:
        line.answered(flying.popleft())
        flying += (new := line.next_tiles())
        sent += len(new)
    assert sent == len(arrivals)
    assert sum(line.waiting(priority) + line.in_flight(priority) for priority in Priority) == 0
