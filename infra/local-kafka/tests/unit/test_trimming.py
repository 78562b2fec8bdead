"""What is trimmed: the arguments, and the first offset that remains."""

import pytest

from local_kafka.errors import InvalidSetting
from local_kafka.topics import PartitionRange
from local_kafka.trimming import All, Before, Extent, Keep, chosen, extent_of, new_start

FOUND = PartitionRange("t", 0, start=10, end=50)


@pytest.mark.parametrize(
    ("extent", "first"),
    [
        (Before(30), 30),
        (Before(5), 10),
        (Before(99), 50),
        (Keep(15), 35),
        (Keep(0), 50),
        (Keep(99), 10),
        (All(), 50),
    ],
)
def test_the_new_start_stays_within_what_there_is(extent: Extent, first: int) -> None:
    assert new_start(FOUND, extent) == first


@pytest.mark.parametrize(
    ("before", "keep", "everything"),
    [(None, None, False), (1, 1, False), (None, 0, True), (-1, None, False), (None, -1, False)],
)
def test_anything_but_one_sensible_extent_is_refused(
    before: int | None, keep: int | None, everything: bool
) -> None:
    with pytest.raises(InvalidSetting):
        extent_of(before, keep, everything)


def test_before_zero_and_keep_zero_are_extents() -> None:
    assert extent_of(0, None, False) == Before(0)
    assert extent_of(None, 0, False) == Keep(0)
    assert extent_of(None, None, True) == All()


def test_a_partition_that_is_not_there_is_refused() -> None:
    assert chosen([FOUND], None) == chosen([FOUND], 0) == [FOUND]
    with pytest.raises(InvalidSetting, match="no partition 3"):
        chosen([FOUND], 3)
