"""All that is reported of one method, from the readings of its strips."""

import dataclasses

import numpy

from research.ruler.cde import asymmetry, breakdowns, calibrated_dial_error, interval, mean_or_nan, reversals, seed_spread, unevenness, zero_exact
from research.ruler.judge import PLACES, Judges, Reference, Side, own_attribute, read_side
from research.ruler.pictures import Made
from research.ruler.plan import GROUPS, POSITIONS, Trial
from research.ruler.remap import fit_remap, remapped
from research.world.scene import ATTRIBUTES


def estimate(strips: numpy.ndarray) -> dict:
    """Mean and 95 % interval over strips [contents, attributes, seeds], those left out being NaN."""
    low, high = interval(strips.ravel())
    return {"mean": mean_or_nan(strips), "low": low, "high": high}


def oracle_error(side: Side) -> tuple[numpy.ndarray, list[list[float]]]:
    """CDE of every strip after each attribute's best relabelling, and where that sets the dial: fitted by scorer A, read by B."""
    errors, remaps = numpy.full(side.b.shape[:3], numpy.nan), []
    for i in range(side.b.shape[1]):
        seen = side.a[:, i].reshape(-1, len(PLACES))
        seen = seen[~numpy.isnan(seen).any(1)]
        remap = fit_remap(seen.mean(0), PLACES) if len(seen) else PLACES
        errors[:, i] = calibrated_dial_error(*remapped(side.b[:, i], side.over[:, i], PLACES, remap), PLACES)
        remaps.append(remap.tolist())
    return errors, remaps


def response_curves(side: Side) -> list[dict]:
    """By attribute: mean response, its spread over all strips, and the share of strips spoilt, each at every position."""
    curves = []
    for i in range(side.b.shape[1]):
        strips, over = side.b[:, i].reshape(-1, len(PLACES)), side.over[:, i].reshape(-1, len(PLACES))
        judged = ~numpy.isnan(strips).any(1)
        strips = strips[judged] if judged.any() else numpy.full((1, len(PLACES)), numpy.nan)
        shares = over[judged].mean(0) if judged.any() else numpy.zeros(len(PLACES))
        curves.append({"mean": strips.mean(0).tolist(), "spread": strips.std(0).tolist(), "spoilt": shares.tolist()})
    return curves


def error_figures(side: Side) -> dict:
    """CDE raw, after the oracle remap, and both of the style alone, which no rule on content, quality or ghosts spoils."""
    unbound = dataclasses.replace(side, over=numpy.zeros_like(side.over))
    return {
        "CDE": estimate(calibrated_dial_error(side.b, side.over, PLACES)),
        "CDE remapped": estimate(oracle_error(side)[0]),
        "style alone": estimate(calibrated_dial_error(unbound.b, unbound.over, PLACES)),
        "style alone remapped": estimate(oracle_error(unbound)[0]),
    }


def strip_figures(side: Side, noise: float) -> dict:
    """How the strips run: ghosts, budget, breakdown, reversals, evenness, spread over seeds. Strips that show no style are left out."""
    judged = ~numpy.isnan(side.b).any(-1)
    strips, over = side.b[judged], side.over[judged]
    first = numpy.where(numpy.isnan(breakdowns(over, PLACES)), numpy.inf, breakdowns(over, PLACES))
    middle = float(numpy.median(first)) if len(first) else numpy.inf
    uneven = unevenness(strips)
    uneven = uneven[~numpy.isnan(uneven)]
    return {
        "strips": int(judged.size),
        "strips left out": int((~judged).sum()),
        "ghosts": estimate(numpy.where(judged, side.ghosts[..., 1:-1].mean(-1), numpy.nan)),
        "positions spoilt": float(over[:, 1:].mean()) if len(over) else float("nan"),
        "unbroken": estimate(numpy.where(judged, ~side.over.any(-1), numpy.nan)),
        "breakdown": middle if numpy.isfinite(middle) else None,
        "reversals": float(reversals(strips, noise).mean()) if len(strips) else float("nan"),
        "largest step": {"median": float(numpy.median(uneven)), "95 %": float(numpy.quantile(uneven, 0.95))} if len(uneven) else None,
        "spread over seeds": mean_or_nan(numpy.array([seed_spread(side.b[:, i]) for i in range(side.b.shape[1])])),
    }


def group_figures(side: Side, noise: float) -> dict:
    """All of these, of one group of attributes."""
    return error_figures(side) | strip_figures(side, noise)


def attribute_figures(side: Side) -> dict:
    """By attribute: errors, ghosts, the oracle's remap, the response curve."""
    remaps, curves = oracle_error(side)[1], response_curves(side)
    figures = {}
    for i, name in enumerate(ATTRIBUTES):
        own = side.only([i])
        figures[name] = {**error_figures(own), "ghosts": mean_or_nan(own.ghosts[..., 1:-1].astype(float)), "remap": remaps[i], "curve": curves[i]}
    return figures


def exact_zeros(pictures: numpy.ndarray, plain: numpy.ndarray) -> float:
    """Share of strips [contents, attributes, seeds, ...] whose first picture is the plain one, [contents, seeds, ...], bit by bit."""
    contents, attributes, seeds = pictures.shape[:3]
    same = [zero_exact(pictures[c, a, k], plain[c, k]) for c in range(contents) for a in range(attributes) for k in range(seeds)]
    return float(numpy.mean(same))


def positive_figures(judges: Judges, reference: Reference, strips: numpy.ndarray) -> tuple[dict, Side]:
    """Of uint8 pictures [contents, attributes, seeds, positions, 128, 128, 3] from none of each attribute to all of it."""
    side = read_side(judges, strips, own_attribute(reference.styled.a), own_attribute(reference.styled.b), reference.budget)
    figures = {
        "groups": {name: group_figures(side.only([ATTRIBUTES.index(a) for a in members]), judges.noise) for name, members in GROUPS.items()},
        "by attribute": attribute_figures(side),
        "exact zeros": exact_zeros(strips[:, :, :, 0], reference.pictures),
        "responses": side.b.astype(float).round(3).tolist(),
        "spoilt": side.over.tolist(),
        "ghosts": side.ghosts.tolist(),
    }
    return figures, side


def negative_figures(judges: Judges, trial: Trial, reference: Reference, side: Side, negative: Made) -> dict:
    """The side away from the style, from styled prompts: CDE of the share removed, and how far it is from the share added at +p."""
    contents, attributes, seeds = trial.negative.strips
    strips = negative.pictures()
    plain = [numpy.stack([values[:contents, :seeds, i] for i in range(attributes)], axis=1) for values in (reference.plain.a, reference.plain.b)]
    removed = read_side(judges, strips.reshape(contents, attributes, seeds, len(POSITIONS), *strips.shape[1:]), *plain, reference.budget)
    error = calibrated_dial_error(removed.b, removed.over, PLACES)
    added = side.b[:contents, :attributes, :seeds]
    return {"CDE negative": estimate(error), "negative curves": response_curves(removed), "asymmetry": asymmetry(added, removed.b)}


def method_figures(judges: Judges, trial: Trial, reference: Reference, positive: Made, negative: Made | None) -> dict:
    """Everything about one method; rows beside the methods have no negative side."""
    strips = positive.pictures()
    figures, side = positive_figures(judges, reference, strips.reshape(*trial.strips, len(POSITIONS), *strips.shape[1:]))
    seconds = positive.seconds.reshape(-1, len(POSITIONS)).sum(1)
    figures["seconds per sweep"] = float(numpy.median(seconds))
    return figures | (negative_figures(judges, trial, reference, side, negative) if negative else {})
