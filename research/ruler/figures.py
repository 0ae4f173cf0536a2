"""All that is reported of one method, from the readings of its strips."""

import dataclasses

import numpy

from research.ruler.cde import asymmetry, breakdowns, calibrated_dial_error, interval, mean_or_nan, reversals, seed_spread, unevenness, zero_exact
from research.ruler.judge import PLACES, Judges, Reference, Side, own_style, read_side
from research.ruler.pictures import Made
from research.ruler.plan import POSITIONS, Trial
from research.ruler.remap import fit_remap, remapped
from research.world1.styles import STYLES


def strip_groups(shape: tuple[int, ...]) -> numpy.ndarray:
    """The (content, seed) number of every strip of [contents, styles, seeds]: strips of one group share their noise and are drawn together."""
    contents, styles, seeds = shape
    return numpy.broadcast_to(numpy.arange(contents)[:, None, None] * seeds + numpy.arange(seeds), shape)


def estimate(strips: numpy.ndarray) -> dict:
    """Mean and 95 % interval over strips [contents, styles, seeds], those left out being NaN."""
    low, high = interval(strips.ravel(), strip_groups(strips.shape).ravel())
    return {"mean": mean_or_nan(strips), "low": low, "high": high}


def oracle_error(side: Side) -> tuple[numpy.ndarray, list[list[float]]]:
    """CDE of every strip after each style's best relabelling, and where that sets the dial: fitted by scorer A, read by B."""
    errors, remaps = numpy.full(side.b.shape[:3], numpy.nan), []
    for i in range(side.b.shape[1]):
        seen = side.a[:, i].reshape(-1, len(PLACES))
        seen = seen[~numpy.isnan(seen).any(1)]
        remap = fit_remap(seen.mean(0), PLACES) if len(seen) else PLACES
        errors[:, i] = calibrated_dial_error(*remapped(side.b[:, i], side.over[:, i], PLACES, remap), PLACES)
        remaps.append(remap.tolist())
    return errors, remaps


def response_curves(side: Side) -> list[dict]:
    """By style: mean response, its spread over all strips, and the share of strips spoilt, each at every position."""
    curves = []
    for i in range(side.b.shape[1]):
        strips, over = side.b[:, i].reshape(-1, len(PLACES)), side.over[:, i].reshape(-1, len(PLACES))
        judged = ~numpy.isnan(strips).any(1)
        strips = strips[judged] if judged.any() else numpy.full((1, len(PLACES)), numpy.nan)
        shares = over[judged].mean(0) if judged.any() else numpy.zeros(len(PLACES))
        curves.append({"mean": strips.mean(0).tolist(), "spread": strips.std(0).tolist(), "spoilt": shares.tolist()})
    return curves


def strip_figures(side: Side, noise: float) -> dict:
    """How the strips run: budget, breakdown, reversals, evenness, spread over seeds. Strips that show no style are left out."""
    judged = ~numpy.isnan(side.b).any(-1)
    strips, over = side.b[judged], side.over[judged]
    first = numpy.where(numpy.isnan(breakdowns(over, PLACES)), numpy.inf, breakdowns(over, PLACES))
    middle = float(numpy.median(first)) if len(first) else numpy.inf
    uneven = unevenness(strips)
    uneven = uneven[~numpy.isnan(uneven)]
    return {
        "strips": int(judged.size),
        "strips left out": int((~judged).sum()),
        "positions over budget": float(over[:, 1:].mean()) if len(over) else float("nan"),
        "strips without breakdown": float((~over.any(-1)).mean()) if len(over) else float("nan"),
        "breakdown": middle if numpy.isfinite(middle) else None,
        "reversals": float(reversals(strips, noise).mean()) if len(strips) else float("nan"),
        "largest step": {"median": float(numpy.median(uneven)), "95 %": float(numpy.quantile(uneven, 0.95))} if len(uneven) else None,
        "spread over seeds": mean_or_nan(numpy.array([seed_spread(side.b[:, i]) for i in range(side.b.shape[1])])),
    }


def exact_zeros(pictures: numpy.ndarray, plain: numpy.ndarray) -> float:
    """Share of strips [contents, styles, seeds, ...] whose first picture is the plain one, [contents, seeds, ...], bit by bit."""
    contents, styles, seeds = pictures.shape[:3]
    return float(numpy.mean([zero_exact(pictures[c, s, k], plain[c, k]) for c in range(contents) for s in range(styles) for k in range(seeds)]))


def method_figures(judges: Judges, trial: Trial, reference: Reference, positive: Made, negative: Made) -> dict:
    """Everything about one method."""
    shape = len(trial.contents), len(STYLES), len(trial.seeds), len(POSITIONS)
    pictures = positive.pictures()
    readings = judges.read(pictures).shaped(*shape)
    side = read_side(readings, own_style(reference.styled.a), own_style(reference.styled.b), reference.budget)
    raw = calibrated_dial_error(side.b, side.over, PLACES)
    oracle, remaps = oracle_error(side)
    unbound = dataclasses.replace(side, over=numpy.zeros_like(side.over))
    figures = {
        "CDE": estimate(raw),
        "CDE remapped": estimate(oracle),
        "style alone": estimate(calibrated_dial_error(unbound.b, unbound.over, PLACES)),
        "style alone remapped": estimate(oracle_error(unbound)[0]),
        "by style": {
            style: {"CDE": estimate(raw[:, i : i + 1]), "CDE remapped": estimate(oracle[:, i : i + 1]), "remap": remaps[i], "curve": curve}
            for i, (style, curve) in enumerate(zip(STYLES, response_curves(side)))
        },
        **strip_figures(side, judges.noise),
        "exact zeros": exact_zeros(pictures.reshape(*shape, *pictures.shape[1:])[:, :, :, 0], reference.pictures),
        "seconds per sweep": float(numpy.median(positive.seconds.reshape(-1, len(POSITIONS)).sum(1))),
        "responses": side.b.astype(float).round(3).tolist(),
        "spoilt": side.over.tolist(),
    }
    return figures | negative_figures(judges, trial.negative, reference, side, negative)


def negative_figures(judges: Judges, part: Trial, reference: Reference, side: Side, negative: Made) -> dict:
    """The side away from the style, from styled prompts: CDE of the share removed, and how far it is from the share added at +p."""
    shape = len(part.contents), len(STYLES), len(part.seeds)
    readings = judges.read(negative.pictures()).shaped(*shape, len(POSITIONS))
    plain = [numpy.stack([values[: shape[0], : shape[2], i] for i in range(shape[1])], axis=1) for values in (reference.plain.a, reference.plain.b)]
    removed = read_side(readings, *plain, reference.budget)
    error = calibrated_dial_error(removed.b, removed.over, PLACES)
    added = side.b[: shape[0], : shape[1], : shape[2]]
    return {"CDE negative": estimate(error), "negative curves": response_curves(removed), "asymmetry": asymmetry(added, removed.b)}
