"""The Calibrated Dial Error and what is told beside it, from the judges' readings. Positions run along the last axis, 0 first.

A strip is one (content, attribute, seed) at the positions 0, 0.1, … 1; its response is r_i = (S_i − S_0) / (S* − S_0), where S* is what
the plain prompt "content, style" shows with the same seed: 0 at the start, 1 at the full style, and i/10 on a dial that does what it says.
"""

import numpy

LEAST_RANGE = 0.1  # Of S* − S_0: below it the model does not show the style even when the prompt asks for it.
LEAST_QUALITY = 0.8  # Of the quality at position 0.
SPOILT = 100.0  # The error of a position that lost its content or its quality, or was faded, %.


def shows_style(start: numpy.ndarray, full: numpy.ndarray) -> numpy.ndarray:
    """Whether a strip can be judged: the styled prompt reads at least LEAST_RANGE from the plain one, bool like `start`."""
    return abs(full - start) >= LEAST_RANGE


def responses(strengths: numpy.ndarray, full: numpy.ndarray) -> numpy.ndarray:
    """r, not clipped, from strengths S [..., P] and S* [...]; NaN throughout a strip that does not show the style."""
    start = strengths[..., 0]
    span = numpy.where(shows_style(start, full), full - start, numpy.nan)
    return (strengths - start[..., None]) / span[..., None]


def spoilt(distances: numpy.ndarray, qualities: numpy.ndarray, ghosts: numpy.ndarray, budget: float) -> numpy.ndarray:
    """Positions whose content distance to position 0 passes the budget, whose quality fell by more than 20 %, or that are fades of the ends
    (`ghosts`, bool); bool [..., P]."""
    return (distances > budget) | (qualities < LEAST_QUALITY * qualities[..., :1]) | ghosts


def errors(response: numpy.ndarray, over: numpy.ndarray, positions: numpy.ndarray) -> numpy.ndarray:
    """|r − position| · 100 at each position, 100 where it is spoilt, %; NaN stays where there is no response."""
    error = numpy.where(over, SPOILT, abs(response - positions) * 100)
    return numpy.where(numpy.isnan(response), numpy.nan, error)


def calibrated_dial_error(response: numpy.ndarray, over: numpy.ndarray, positions: numpy.ndarray) -> numpy.ndarray:
    """CDE of each strip, %: [..., P] → [...]. A perfect dial has 0, a dead one 50; more is possible, since overshoot is not clipped."""
    return errors(response, over, positions).mean(-1)


def breakdowns(over: numpy.ndarray, positions: numpy.ndarray) -> numpy.ndarray:
    """The first spoilt position of each strip, NaN where it holds to the end: [..., P] → [...]."""
    return numpy.where(over.any(-1), positions[over.argmax(-1)], numpy.nan)


def reversals(response: numpy.ndarray, noise: float) -> numpy.ndarray:
    """How often the style gets weaker from one position to the next, by more than the ruler's own `noise` (in units of r)."""
    return (numpy.diff(response, axis=-1) < -noise).sum(-1)


def unevenness(response: numpy.ndarray) -> numpy.ndarray:
    """Largest step between neighbours over the mean step, sizes taken: 1 on an even dial, NaN on one that never moves."""
    steps = abs(numpy.diff(response, axis=-1))
    mean = steps.mean(-1)
    return steps.max(-1) / numpy.where(mean > 0, mean, numpy.nan)


def zero_exact(first: numpy.ndarray, plain: numpy.ndarray) -> bool:
    """Whether position 0 is the plain prompt's picture to the last bit."""
    return first.shape == plain.shape and first.dtype == plain.dtype and bool((first == plain).all())


def seed_spread(response: numpy.ndarray) -> float:
    """How far seeds differ: standard deviation over seeds, averaged over all else; response [contents, seeds, P], NaN strips left out."""
    counts = (~numpy.isnan(response)).sum(1)
    mean = numpy.nansum(response, axis=1) / numpy.maximum(counts, 1)
    variance = numpy.nansum((response - mean[:, None]) ** 2, axis=1) / numpy.maximum(counts - 1, 1)
    return float(numpy.sqrt(variance)[counts > 1].mean()) if (counts > 1).any() else float("nan")


def asymmetry(added: numpy.ndarray, removed: numpy.ndarray) -> float:
    """Mean distance between the share of style added at +p and the share removed at −p; both [..., P], NaN left out. 0: symmetrical."""
    return mean_or_nan(abs(added - removed))


def mean_or_nan(values: numpy.ndarray) -> float:
    """Mean of what is no NaN, and NaN when nothing is left."""
    values = values[~numpy.isnan(values)]
    return float(values.mean()) if values.size else float("nan")


def interval(strips: numpy.ndarray, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """95 % bootstrap interval of the mean over strips, those left out being NaN."""
    strips = strips[~numpy.isnan(strips)]
    if not strips.size:
        return float("nan"), float("nan")
    picks = numpy.random.default_rng(seed).integers(len(strips), size=(draws, len(strips)))
    low, high = numpy.quantile(strips[picks].mean(1), (0.025, 0.975))
    return float(low), float(high)
