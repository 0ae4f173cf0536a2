"""The oracle remap: the best monotone relabelling of a dial, so that mechanism and calibration are told apart.

It knows these very strips, but through scorer A; scorer B then reads the relabelled dial.
"""

import numpy


def isotonic(values: numpy.ndarray) -> numpy.ndarray:
    """The nearest sequence that never falls, in least squares (pool adjacent violators): [P] → [P]."""
    pools = []  # Mean and length of each run of equal values.
    for value in values:
        pools.append((float(value), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (last, n), (before, m) = pools.pop(), pools.pop()
            pools.append(((before * m + last * n) / (m + n), m + n))
    return numpy.concatenate([numpy.full(length, mean) for mean, length in pools])


def fit_remap(response: numpy.ndarray, positions: numpy.ndarray) -> numpy.ndarray:
    """Where to set the dial for each of the positions [P], from the mean response [P] that scorer A saw there.

    The inverse of the rising response, linear between positions; where the dial never gets, the place of its most. Zero stays zero.
    """
    rising = isotonic(response)
    after = numpy.clip(numpy.searchsorted(rising, numpy.minimum(positions, rising[-1])), 1, len(positions) - 1)
    low, high = rising[after - 1], rising[after]
    share = numpy.clip((positions - low) / numpy.maximum(high - low, 1e-12), 0, 1)
    places = positions[after - 1] + share * (positions[after] - positions[after - 1])
    places[0] = positions[0]
    return places


def remapped(response: numpy.ndarray, over: numpy.ndarray, positions: numpy.ndarray, remap: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Response and spoilt positions [..., P] of the relabelled dial: r between neighbours is linear, spoilt is what the nearer neighbour is."""
    right = numpy.clip(numpy.searchsorted(positions, remap), 1, len(positions) - 1)
    share = (remap - positions[right - 1]) / (positions[right] - positions[right - 1])
    between = response[..., right - 1] * (1 - share) + response[..., right] * share
    nearer = numpy.where(share < 0.5, right - 1, right)
    return between, over[..., nearer]
