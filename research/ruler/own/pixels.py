"""What a strip's pixels tell: is a position only a mix of the ends? Pictures are float [H, W, 3] from 0 to 1.

Every figure is of one position between the ends x(0) and x(1), and NaN where it would mean nothing: where the ends are one picture, or
where the position is one of them.
"""

import numpy

ONE_STEP = 1 / 255  # RMS; pictures that differ by less are the same.
OUTLINE = 0.05  # Least slope of an outline, in brightness from one pixel to the next.
FAINT = 0.1, 0.9  # Of an outline's strength in its own end.
FEWEST = 20  # Pixels of outlines that one end alone has.
LONGEST_SIDE = 256  # Outlines and contrast are looked at in pictures of this size at most, so that a pixel is as much of the scene in each.
WINDOWS = 16  # Along the shorter side, of local contrast.


def rms(picture: numpy.ndarray) -> float:
    """Root mean square of all values."""
    return float(numpy.sqrt(numpy.mean(numpy.square(picture, dtype=numpy.float64))))


def nothing_between(picture: numpy.ndarray, start: numpy.ndarray, end: numpy.ndarray) -> bool:
    """Whether the ends are equal, or the picture is one of them."""
    return min(rms(end - start), rms(picture - start), rms(picture - end)) < ONE_STEP


def share(picture: numpy.ndarray, start: numpy.ndarray, end: numpy.ndarray) -> float:
    """The α of 0 to 1 with which (1 − α)·start + α·end is nearest to the picture; the ends differ."""
    way = (end - start).ravel().astype(numpy.float64)
    return float(numpy.clip((picture - start).ravel() @ way / (way @ way), 0, 1))


def cross_fade_index(picture: numpy.ndarray, start: numpy.ndarray, end: numpy.ndarray) -> float:
    """C = 1 − min_α ‖x − (1 − α)·x(0) − α·x(1)‖² / min(‖x − x(0)‖², ‖x − x(1)‖²): 1 for a mix of the ends, 0 for a picture that no
    mix comes nearer to than an end does. Only α of 0 to 1 are mixes: a picture beyond an end has 0."""
    if nothing_between(picture, start, end):
        return float("nan")
    alpha = share(picture, start, end)
    nearer = min(rms(picture - start), rms(picture - end))
    return 1 - (rms(picture - (1 - alpha) * start - alpha * end) / nearer) ** 2


def brightness(picture: numpy.ndarray) -> numpy.ndarray:
    """Luma of Rec. 601, [H, W], reduced by whole factors until the longer side is at most LONGEST_SIDE."""
    grey = picture @ numpy.array([0.299, 0.587, 0.114])
    factor = -(-max(grey.shape) // LONGEST_SIDE)
    height, width = (side // factor for side in grey.shape)
    return grey[: height * factor, : width * factor].reshape(height, factor, width, factor).mean((1, 3))


def slopes(grey: numpy.ndarray) -> numpy.ndarray:
    """Brightness from one pixel to the next, [2, H, W], down and to the right, smoothed over three pixels."""
    soft = numpy.pad(grey, 2, mode="edge")
    soft = (soft[:-2] + 2 * soft[1:-1] + soft[2:]) / 4
    soft = (soft[:, :-2] + 2 * soft[:, 1:-1] + soft[:, 2:]) / 4
    return numpy.stack([soft[2:, 1:-1] - soft[:-2, 1:-1], soft[1:-1, 2:] - soft[1:-1, :-2]]) / 2


def crests(slope: numpy.ndarray) -> numpy.ndarray:
    """Where a slope [2, H, W] is steepest across the outline, so that outlines are one pixel wide: bool [H, W]."""
    down, right = slope
    framed = numpy.pad(numpy.hypot(down, right), 1)
    size = framed[1:-1, 1:-1]
    across_rows = (size > framed[2:, 1:-1]) & (size >= framed[:-2, 1:-1])
    across_columns = (size > framed[1:-1, 2:]) & (size >= framed[1:-1, :-2])
    return numpy.where(abs(down) > abs(right), across_rows, across_columns)


def steepest_near(slope: numpy.ndarray) -> numpy.ndarray:
    """The steepest of each pixel and its eight neighbours, [H, W]."""
    framed = numpy.pad(numpy.hypot(*slope), 1, mode="edge")
    rows = numpy.maximum(numpy.maximum(framed[:-2], framed[1:-1]), framed[2:])
    return numpy.maximum(numpy.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])


def own_outlines(slope: numpy.ndarray, other: numpy.ndarray) -> numpy.ndarray:
    """Outlines of one end with nothing near them in the other, not even half an outline: bool [H, W]."""
    return crests(slope) & (numpy.hypot(*slope) >= OUTLINE) & (steepest_near(other) < OUTLINE / 2)


def doubled_outlines(picture: numpy.ndarray, start: numpy.ndarray, end: numpy.ndarray) -> float:
    """R: of the outlines that one end alone has, the share that the picture shows neither in full nor not at all (FAINT), the end's own
    direction only. A fade shows all of both ends' at once, each at its share; in a drawn picture an outline is there, or gone, or has
    moved. NaN with fewer than FEWEST such pixels: no outlines tell these ends apart."""
    if nothing_between(picture, start, end):
        return float("nan")
    here, first, last = (slopes(brightness(each)) for each in (picture, start, end))
    strengths = []
    for own, other in ((first, last), (last, first)):
        at = own_outlines(own, other)
        strengths.append(((here * own).sum(0) / numpy.maximum((own**2).sum(0), 1e-12))[at])
    left = numpy.concatenate(strengths)
    return float(((left > FAINT[0]) & (left < FAINT[1])).mean()) if len(left) >= FEWEST else float("nan")


def local_contrast(grey: numpy.ndarray) -> float:
    """Standard deviation of brightness within a window, mean over windows."""
    side = max(2, min(grey.shape) // WINDOWS)
    height, width = (n // side for n in grey.shape)
    windows = grey[: height * side, : width * side].reshape(height, side, width, side)
    return float(windows.std((1, 3)).mean())


def contrast_loss(picture: numpy.ndarray, start: numpy.ndarray, end: numpy.ndarray) -> float:
    """1 − local contrast by that which lies between the ends' at the share α of the nearest mix. A mix never has less than 0: the
    deviation of a sum is at most the sum of the deviations. Negative: more contrast than between the ends."""
    if nothing_between(picture, start, end):
        return float("nan")
    alpha = share(picture, start, end)
    first, last = (local_contrast(brightness(each)) for each in (start, end))
    between = (1 - alpha) * first + alpha * last
    return 1 - local_contrast(brightness(picture)) / between if between > ONE_STEP / 4 else float("nan")
