"""Whether a strip goes evenly from end to end: plain numbers, positions along the first axis."""

import numpy

STILL = 0.01  # Of the whole path: two positions that are nearer to each other are in one place.
NO_PATH = 1e-3  # Of the features' own size: a path that is shorter leads nowhere.


def distances(features: numpy.ndarray, apart: int) -> numpy.ndarray:
    """Euclidean, from each position to the one `apart` places on: [P, D] → [P − apart]."""
    return numpy.linalg.norm((features[apart:] - features[:-apart]).astype(numpy.float64), axis=1)


def leads_nowhere(features: numpy.ndarray) -> bool:
    """Whether all positions are in one place: a dead dial."""
    return float(distances(features, 1).sum()) <= NO_PATH * float(numpy.linalg.norm(features[0]))


def smoothness(features: numpy.ndarray) -> numpy.ndarray:
    """δ_smooth at each inner position, [P, D] → [P − 2]: how much longer the way over it is than the way past it,

        δ_i = (d(i−1, i) + d(i, i+1) − d(i−1, i+1)) / d(i−1, i+1),

    the triangle deficit of Kontinuous Kontext (arXiv 2510.08532), there of DreamSim distances, here Euclidean in the denoiser's features.
    0 on a straight line whatever its steps are, more on a detour. NaN where the neighbours are in one place, since nothing moved there.
    """
    steps, past = distances(features, 1), distances(features, 2)
    if leads_nowhere(features):
        return numpy.full(len(past), numpy.nan)
    return (steps[:-1] + steps[1:] - past) / numpy.where(past > STILL * steps.sum(), past, numpy.nan)


def largest_step(features: numpy.ndarray) -> float:
    """The longest step by the mean one: 1 is even, P − 1 a jump; NaN for a path that leads nowhere. It sees what δ_smooth cannot: all
    of a straight line may lie in one step."""
    if leads_nowhere(features):
        return float("nan")
    steps = distances(features, 1)
    return float(steps.max() / steps.mean())


def curve_errors(readings: numpy.ndarray, positions: numpy.ndarray) -> numpy.ndarray:
    """|reading − position| at each position, [P], in % of full: 0 at a dial that does what it says, 50 in the mean at a dead one."""
    return abs(readings - positions) * 100
