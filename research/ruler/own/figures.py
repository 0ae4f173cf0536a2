"""All figures of a strip, and of many."""

import numpy

from research.ruler.own.denoiser import Denoiser, against_ends
from research.ruler.own.path import curve_errors, largest_step, smoothness
from research.ruler.own.pixels import contrast_loss, cross_fade_index, doubled_outlines
from research.ruler.own.strips import Strip

# Of a position; the greater, the worse.
BY_POSITION = ("C", "R", "contrast loss", "doubt", "delta smooth", "curve error")
OF_PIXELS = {"C": cross_fade_index, "R": doubled_outlines, "contrast loss": contrast_loss}


def pixel_figures(strip: Strip) -> dict[str, numpy.ndarray]:
    """C, R and the loss of contrast at every position, [P]; NaN at the ends."""
    pictures = strip.floats()
    return {name: numpy.array([figure(picture, pictures[0], pictures[-1]) for picture in pictures]) for name, figure in OF_PIXELS.items()}


def model_figures(strip: Strip, denoiser: Denoiser, evaluations: int) -> dict:
    """The checkpoint's own: doubt, δ_smooth, the largest step, and with any evaluations the meter's curve, NaN where the meter says that
    it cannot tell."""
    latents = denoiser.latents(strip.pictures)
    features = denoiser.features(latents, strip.prompt)
    figures = {"doubt": against_ends(denoiser.doubts(latents, strip.prompt)), "largest step": largest_step(features)}
    figures["delta smooth"] = numpy.concatenate([[numpy.nan], smoothness(features), [numpy.nan]])
    if evaluations == 0:
        return figures
    readings = denoiser.pipe.measure(list(strip.pictures), style=strip.style, prompt=strip.prompt, evaluations=evaluations)
    curve = numpy.array([reading.strength if reading.tells else numpy.nan for reading in readings])
    return {**figures, "readings": curve, "curve error": curve_errors(curve, strip.positions)}


def judge(strip: Strip, denoiser: Denoiser | None, evaluations: int = 16) -> dict:
    """Every figure by its name, beside the strip's own names and positions; without a denoiser those of the pixels alone."""
    names = {name: getattr(strip, name) for name in ("method", "prompt", "style", "seed", "positions")}
    return {**names, **pixel_figures(strip), **(model_figures(strip, denoiser, evaluations) if denoiser else {})}


def mean(values: numpy.ndarray) -> float:
    """Without what has no figure; NaN where nothing has one."""
    values = numpy.asarray(values, dtype=float)
    known = values[~numpy.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def worst(judged: list[dict], name: str) -> tuple[float, float]:
    """The position whose figure, in the mean over strips, is greatest: (position, figure); NaN where there is none."""
    places: dict[float, list[float]] = {}
    for one in judged:
        for position, value in zip(one["positions"], one[name]):
            if not numpy.isnan(value):
                places.setdefault(round(float(position), 6), []).append(float(value))
    means = {position: float(numpy.mean(values)) for position, values in places.items()}
    at = max(means, key=means.get, default=float("nan"))
    return at, means.get(at, float("nan"))


def summary(judged: list[dict]) -> dict:
    """Of one method's strips: the mean of each figure over all inner positions, its worst position, and how many have no figure."""
    made: dict = {"strips": len(judged)}
    for name in BY_POSITION:
        if name in judged[0]:
            # The meter is asked at the ends too: a dead dial is wrong there. The others have no figure there, or the doubt's own 1.
            inner = [one[name] if name == "curve error" else one[name][1:-1] for one in judged]
            position, value = worst([{**one, "positions": one["positions"][1:-1], name: one[name][1:-1]} for one in judged], name)
            missing = int(sum(numpy.isnan(values).sum() for values in inner))
            made[name] = {"mean": mean(numpy.concatenate(inner)), "worst": value, "at": position, "no figure": missing}
    if "largest step" in judged[0]:
        made["largest step"] = {"mean": mean([one["largest step"] for one in judged]), "no figure": int(sum(numpy.isnan(one["largest step"]) for one in judged))}
    return made


def by_method(judged: list[dict]) -> dict[str, list[dict]]:
    """In the order in which the methods first came."""
    return {method: [one for one in judged if one["method"] == method] for method in dict.fromkeys(one["method"] for one in judged)}
