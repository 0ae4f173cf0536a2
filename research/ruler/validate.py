"""The ruler judged first: what its scorers read from rendered pictures whose strength, scene and damage are known."""

import dataclasses
import json
import pathlib

import numpy
import torch

from research.ruler.cde import calibrated_dial_error, responses
from research.ruler.content import LIGHT, Content, distance, embed, look
from research.ruler.damage import KINDS, damaged_at_random
from research.ruler.generated import generated, restyle_all
from research.ruler.rendered import render_all, rendered, round_trip
from research.ruler.scorers import strengths
from research.world1.captions import random_scene
from research.world1.scenes import SUBJECTS
from research.world1.styles import STYLES

STREAM = 29  # Of scenes that nothing trains on.
PICTURES = 1200
STRIPS = 6  # Perfectly drawn dials per style.
SCENES = 40  # For the content scorer; each in every style at every strength, and three times with other seeds.
STRENGTHS = (0.25, 0.5, 0.75, 1.0)
GENERATED, SEEDS = 60, 4  # The model's own pictures: prompts, and seeds of each.
DAMAGED = 600
LEAST_RANK = 0.95


class UnfitRuler(Exception):
    """The ruler reads too badly to judge anything."""


def rank_correlation(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Spearman's, of two sequences without ties."""
    return float(numpy.corrcoef(one.argsort().argsort(), other.argsort().argsort())[0, 1])


def agreement(wanted: numpy.ndarray, got: numpy.ndarray) -> dict:
    """How well readings match known values, both [N]."""
    residual = ((wanted - got) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()
    return {"R2": float(1 - residual), "rank": rank_correlation(wanted, got), "MAE": float(abs(wanted - got).mean())}


def style_figures(scorers: dict[str, torch.nn.Module], autoencoder: pathlib.Path) -> dict:
    """By scorer, "drawn" or "decoded", and style: R², rank correlation and MAE where the style is, mean reading where it is not."""
    drawn, known = rendered(STREAM, PICTURES)
    figures = {}
    for name, scorer in scorers.items():
        figures[name] = {}
        for kind, pictures in (("drawn", drawn), ("decoded", round_trip(autoencoder, drawn))):
            got = strengths(scorer, pictures)
            figures[name][kind] = {}
            for i, style in enumerate(STYLES):
                shown = known[:, i] > 0
                figures[name][kind][style] = {**agreement(known[shown, i], got[shown, i]), "elsewhere": float(abs(got[~shown, i]).mean())}
    return figures


def perfect_dials(scorer: torch.nn.Module, autoencoder: pathlib.Path) -> dict:
    """What the scorer reads off dials drawn exactly, by style: the CDE that is its own, and the noise of a step, in strength."""
    rng, positions = numpy.random.default_rng([STREAM, 1]), numpy.linspace(0, 1, 11)
    prompts = [random_scene(rng) for _ in range(STRIPS)]
    scenes = [dataclasses.replace(prompt, style=style, strength=float(p)) for style in STYLES for prompt in prompts for p in positions]
    got = strengths(scorer, round_trip(autoencoder, render_all(scenes))).reshape(len(STYLES), STRIPS, len(positions), len(STYLES))
    figures = {}
    for i, style in enumerate(STYLES):
        response = responses(got[i, ..., i], got[i, :, -1, i])
        error = calibrated_dial_error(response, numpy.zeros(response.shape, bool), positions)
        figures[style] = {"CDE": float(error.mean()), "step noise": float(numpy.diff(got[i, ..., i], axis=-1).std())}
    return figures


def generated_figures(judge: Content, work: pathlib.Path, program: pathlib.Path, model: pathlib.Path) -> dict:
    """On the model's own pictures: whether the renderer's style over one leaves it the same scene, and other seeds do not."""
    plain, _ = generated(program, model, work / "ruler", STREAM, GENERATED, SEEDS)
    places = plain.reshape(-1, *plain.shape[2:])
    embeddings = embed(judge, places).reshape(GENERATED, SEEDS, -1)
    one, other = numpy.triu_indices(SEEDS, 1)
    other_seed = distance(embeddings[:, one], embeddings[:, other])
    budget = float(numpy.median(other_seed) / 2)
    within = {}
    for style in STYLES:
        shown = embed(judge, round_trip(model / "vae", restyle_all(places, [(style, 1.0, i) for i in range(len(places))])))
        within[style] = float((distance(shown.reshape(embeddings.shape), embeddings) <= budget).mean())
    return {"same scene within budget": within, "other seeds over budget": float((other_seed > budget).mean())}


def content_figures(judge: Content, autoencoder: pathlib.Path) -> dict:
    """Whether the same scene stays within the budget in every style, other seeds pass it, and subjects and damage are read right."""
    rng = numpy.random.default_rng([STREAM, 2])
    prompts = [random_scene(rng) for _ in range(SCENES)]
    plain = [dataclasses.replace(p, style=None, strength=0.0) for p in prompts]
    others = [dataclasses.replace(p, seed=int(rng.integers(2**31))) for p in plain for _ in range(3)]
    styled = [dataclasses.replace(p, style=style, strength=s) for style in STYLES for s in STRENGTHS for p in prompts]
    pictures = round_trip(autoencoder, render_all([*plain, *others, *styled]))
    embeddings, subjects, qualities = look(judge, pictures)
    first, apart, shown = numpy.split(embeddings, (SCENES, 4 * SCENES))
    other_seed = distance(first.repeat(3, 0), apart)
    budget = float(numpy.median(other_seed) / 2)
    same = distance(numpy.tile(first, (len(STYLES) * len(STRENGTHS), 1)), shown).reshape(len(STYLES), len(STRENGTHS), SCENES)
    right = (subjects[4 * SCENES :] == numpy.tile([SUBJECTS.index(p.subject) for p in prompts], len(STYLES) * len(STRENGTHS))).reshape(same.shape)
    worn = embed(judge, damaged_at_random(pictures[4 * SCENES :], 3, LIGHT)[0])
    same_worn = distance(numpy.tile(first, (len(STYLES) * len(STRENGTHS), 1)), worn)
    ruined, amounts, kinds = damaged_at_random(rng.permutation(pictures)[:DAMAGED], 1)
    quality = look(judge, ruined)[2]
    return {
        "budget": budget,
        "other seeds over budget": float((other_seed > budget).mean()),
        "same scene within budget": {s: dict(zip(map(str, STRENGTHS), (same[i] <= budget).mean(1).tolist())) for i, s in enumerate(STYLES)},
        "same scene lightly damaged within budget": float((same_worn <= budget).mean()),
        "subject right": {style: float(right[i].mean()) for i, style in enumerate(STYLES)},
        "quality of whole pictures": {"mean": float(qualities.mean()), "lowest 1 %": float(numpy.quantile(qualities, 0.01))},
        "quality against damage, rank": -rank_correlation(amounts, quality),
        "by kind": {kind.__name__: -rank_correlation(amounts[kinds == i], quality[kinds == i]) for i, kind in enumerate(KINDS)},
    }


def validate(scorers: dict[str, torch.nn.Module], judge: Content, work: pathlib.Path, program: pathlib.Path, model: pathlib.Path) -> dict:
    """All figures."""
    autoencoder = model / "vae"
    return {
        "styles": style_figures(scorers, autoencoder),
        "perfect dials": perfect_dials(scorers["B"], autoencoder),
        "content": content_figures(judge, autoencoder),
        "generated": generated_figures(judge, work, program, model),
    }


def validated(scorers: dict[str, torch.nn.Module], judge: Content, work: pathlib.Path, program: pathlib.Path, model: pathlib.Path) -> dict:
    """All figures, from work/ruler/validation.json when it is newer than the scorers; raises UnfitRuler when a style is read too badly."""
    path = work / "ruler/validation.json"
    trained = max(file.stat().st_mtime for file in path.parent.glob("*.pt"))
    if not path.exists() or path.stat().st_mtime < trained:
        path.write_text(json.dumps(validate(scorers, judge, work, program, model), indent=1))
    figures = json.loads(path.read_text())
    for name, kinds in figures["styles"].items():
        for kind, styles in kinds.items():
            for style, figure in styles.items():
                if not figure["rank"] >= LEAST_RANK:
                    raise UnfitRuler(f"scorer {name} ranks {style} ({kind}) at {figure['rank']:.3f}, below {LEAST_RANK}: remove {path.parent}/scorer-{name}.pt and train it anew")
    return figures


def style_table(figures: dict) -> tuple[list[str], list[list[str]]]:
    """Header and rows: how well A and B read each style."""
    keys = {"R2": "R²", "rank": "rank correlation", "MAE": "MAE"}
    header = ["style", "scorer", *(f"{name}, {kind}" for kind in ("drawn", "decoded") for name in keys.values())]
    rows = []
    for style in STYLES:
        for name, kinds in figures["styles"].items():
            rows.append([style, name, *(f"{kinds[kind][style][key]:.3f}" for kind in ("drawn", "decoded") for key in keys)])
    return header, rows


def content_table(figures: dict) -> tuple[list[str], list[list[str]]]:
    """Header and rows: what of the same scene the content scorer accepts in each style, and what a perfect dial scores."""
    content, generated = figures["content"], figures["generated"]
    header = ["style", *(f"same scene within budget at {s}" for s in STRENGTHS), "generated, at 1.0", "subject right", "CDE of a perfect dial"]
    rows = []
    for style in STYLES:
        within = [f"{share:.0%}" for share in content["same scene within budget"][style].values()]
        within.append(f"{generated['same scene within budget'][style]:.0%}")
        rows.append([style, *within, f"{content['subject right'][style]:.0%}", f"{figures['perfect dials'][style]['CDE']:.1f}"])
    return header, rows


def content_row(figures: dict) -> str:
    content = figures["content"]
    return (
        f"Other seeds over the budget: {content['other seeds over budget']:.0%}, "
        f"of generated pictures {figures['generated']['other seeds over budget']:.0%}. "
        f"The same scene, styled and lightly damaged, within it: {content['same scene lightly damaged within budget']:.0%}. "
        f"Quality against known damage, rank correlation: {content['quality against damage, rank']:.3f}."
    )
