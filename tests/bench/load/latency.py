"""Latencies as counts in buckets, so that those of several processes can be added.

64 buckets to each doubling: a quantile is within 2 %. The C client counts in the same buckets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable


def bucket_of(us: int) -> int:
    """The bucket of a latency in microseconds."""
    us, width, bucket = max(0, us), 1, 0
    while us >= 128 * width:
        width *= 2
        bucket += 64
    return bucket + us // width


def middle_us(bucket: int) -> float:
    """The middle of a bucket."""
    if bucket < 128:
        return float(bucket)
    doublings = (bucket - 64) // 64
    return float((bucket - 64 * doublings + 0.5) * 2**doublings)


def quantile_ms(histogram: Counter[int], share: float) -> float:
    """The latency that `share` of all do not exceed, in milliseconds; 0 when there are none."""
    total, seen = sum(histogram.values()), 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= share * total:
            return middle_us(bucket) / 1000
    return 0.0


def summed(histograms: Iterable[Counter[int]]) -> Counter[int]:
    """All of them together."""
    total: Counter[int] = Counter()
    for each in histograms:
        total.update(each)
    return total
