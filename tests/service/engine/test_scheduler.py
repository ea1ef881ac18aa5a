from hypothesis import given
from hypothesis import strategies as st

from service.engine import Priority
from service.engine.scheduler import MOST_PHOTOS, Kind, Scheduler, Ticket

SMALL, LARGE = Kind("net", (64, 64)), Kind("net", (256, 256))
NOW, LATER = Priority.INTERACTIVE, Priority.ARCHIVE


def photos(batch: list[Ticket]) -> list[str]:
    return [ticket.photo for ticket in batch]


def scheduler(limit: int = 2) -> Scheduler:
    return Scheduler(lambda _: limit)


def test_nobody_waits_no_batch() -> None:
    assert scheduler().next_batch() == []


def test_an_interactive_tile_joins_the_very_next_batch() -> None:
    lines = scheduler()
    for _ in range(10):
        lines.add(SMALL, "archive", LATER)
    lines.add(SMALL, "person", NOW)
    assert photos(lines.next_batch()) == ["person", "archive"]


def test_an_interactive_tile_of_another_shape_goes_first_too() -> None:
    lines = scheduler()
    lines.add(SMALL, "archive", LATER)
    lines.add(LARGE, "person", NOW)
    assert photos(lines.next_batch()) == ["person"]
    assert photos(lines.next_batch()) == ["archive"]


def test_a_batch_holds_one_kind_and_no_more_than_pays() -> None:
    lines = scheduler(limit=3)
    for kind in (SMALL, LARGE, SMALL, SMALL, SMALL):
        lines.add(kind, "photo", NOW)
    batches = [lines.next_batch() for _ in range(3)]
    assert [len(batch) for batch in batches] == [3, 1, 1]
    assert all(len({ticket.kind for ticket in batch}) == 1 for batch in batches)


def test_a_photo_of_one_tile_does_not_wait_for_all_tiles_of_a_large_one() -> None:
    lines = scheduler(limit=1)
    for _ in range(20):
        lines.add(SMALL, "large", NOW)
    served = [photos(lines.next_batch())[0] for _ in range(5)]
    lines.add(SMALL, "small", NOW)
    served += [photos(lines.next_batch())[0] for _ in range(2)]
    assert served == ["large"] * 5 + ["large", "small"] or served == ["large"] * 5 + [
        "small",
        "large",
    ]


def test_a_withdrawn_tile_is_never_run() -> None:
    lines = scheduler()
    gone = lines.add(SMALL, "gone", NOW)
    lines.add(SMALL, "stays", NOW)
    assert lines.withdraw(gone)
    assert not lines.withdraw(gone)
    assert photos(lines.next_batch()) == ["stays"]
    assert lines.next_batch() == []


def test_a_tile_that_runs_can_no_longer_be_withdrawn() -> None:
    lines = scheduler()
    ticket = lines.add(SMALL, "photo", NOW)
    lines.next_batch()
    assert not lines.withdraw(ticket)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([SMALL, LARGE]), st.sampled_from("abc"), st.sampled_from(Priority)
        ),
        max_size=40,
    ),
    st.integers(1, 5),
    st.data(),
)
def test_every_tile_is_run_exactly_once_or_withdrawn(
    arrivals: list[tuple[Kind, str, Priority]], limit: int, data: st.DataObject
) -> None:
    lines = scheduler(limit)
    tickets = [lines.add(*arrival) for arrival in arrivals]
    leavers = data.draw(st.sets(st.sampled_from(range(len(tickets))))) if tickets else set()
    for index in leavers:
        assert lines.withdraw(tickets[index])
    run: list[Ticket] = []
    while batch := lines.next_batch():
        assert len(batch) <= limit
        run += batch
    stayed = [ticket.number for index, ticket in enumerate(tickets) if index not in leavers]
    assert sorted(ticket.number for ticket in run) == stayed
    assert lines.waiting(NOW) == lines.waiting(LATER) == 0


def test_two_photos_share_evenly_whatever_they_bring() -> None:
    lines = scheduler(limit=1)
    for _ in range(30):
        lines.add(SMALL, "a", LATER)
    for _ in range(10):
        lines.add(SMALL, "b", LATER)
    served = [photos(lines.next_batch())[0] for _ in range(20)]
    assert abs(served.count("a") - served.count("b")) <= 1


def test_an_engine_that_is_never_idle_forgets_the_photos_it_served() -> None:
    lines = scheduler(limit=1)
    lines.add(SMALL, "background", LATER)
    for number in range(5000):
        lines.add(SMALL, f"photo {number}", NOW)
        lines.next_batch()
    assert lines.waiting(LATER) == 1
    assert len(lines._finish) <= MOST_PHOTOS
