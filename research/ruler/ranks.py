"""Rank correlation."""

import numpy


def ranks(values: numpy.ndarray) -> numpy.ndarray:
    """Of values [N], equal ones sharing the mean of their ranks."""
    _, which, counts = numpy.unique(values, return_inverse=True, return_counts=True)
    return (numpy.cumsum(counts) - (counts + 1) / 2)[which]


def rank_correlation(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Spearman's, of [N] and [N]; NaN where one of them is constant or there are fewer than two."""
    one, other = ranks(one), ranks(other)
    return float(numpy.corrcoef(one, other)[0, 1]) if len(one) > 1 and numpy.ptp(one) > 0 and numpy.ptp(other) > 0 else float("nan")
