"""The ruler judged first: what its judges say of pictures whose strength, scene, damage and origin are known. It refuses to judge when they err."""

import json

import numpy
import torch

from research.ruler import shipped, validate_ghosts
from research.ruler.cde import calibrated_dial_error, mean_or_nan, responses
from research.ruler.content import Content
from research.ruler.generated import made
from research.ruler.ghosts import Ghosts
from research.ruler.plan import COMMON, CONTENTS, POSITIONS, styled
from research.ruler.ranks import rank_correlation
from research.ruler.rendered import Codec, render_all, rendered, round_trip
from research.ruler.scorers import strengths
from research.ruler.validate_content import SCENES, content_figures, generated_figures
from research.ruler.workshop import Workshop
from research.world.captions import plain_scene
from research.world.scene import ATTRIBUTES

STREAM = 59  # Of scenes that nothing trains on.
PICTURES = 2600
STRIPS = 6  # Perfectly drawn dials per attribute.
LEAST_RANK = 0.95
PROBE_SEED = 9_000_000


class UnfitRuler(Exception):
    """The ruler reads too badly to judge anything."""


def agreement(wanted: numpy.ndarray, got: numpy.ndarray) -> dict:
    """How well readings match known values, both [N]."""
    residual = ((wanted - got) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()
    return {"R2": float(1 - residual), "rank": rank_correlation(wanted, got), "MAE": float(abs(wanted - got).mean())}


def scorer_figures(scorers: dict[str, torch.nn.Module], codec: Codec, count: int) -> dict:
    """By scorer, "drawn" or "decoded", and attribute, where it is alone in a scene, as in every strip: R², rank correlation and MAE; the rank
    "beside another", which may hide it; the mean reading "elsewhere", where it is not."""
    drawn, known = rendered(STREAM, count)
    figures: dict = {name: {} for name in scorers}
    for kind, pictures in (("drawn", drawn), ("decoded", round_trip(codec, drawn))):
        for name, scorer in scorers.items():
            got = strengths(scorer, pictures)
            figures[name][kind] = {attribute: attribute_figures(known, got, i) for i, attribute in enumerate(ATTRIBUTES)}
    return figures


def attribute_figures(known: numpy.ndarray, got: numpy.ndarray, i: int) -> dict:
    """Of attribute `i`, from strengths and readings [N, attributes]."""
    shown, several = known[:, i] > 0, (known > 0).sum(1) > 1
    alone, beside = shown & ~several, shown & several
    company = {"rank beside another": rank_correlation(known[beside, i], got[beside, i]), "elsewhere": float(abs(got[~shown, i]).mean())}
    return agreement(known[alone, i], got[alone, i]) | company


def perfect_dials(scorer: torch.nn.Module, codec: Codec) -> dict:
    """What the scorer reads off dials drawn exactly, by attribute: the CDE that is its own, and the noise of a step, in strength."""
    rng, positions = numpy.random.default_rng([STREAM, 1]), numpy.array(POSITIONS)
    scenes = [plain_scene(rng) for _ in range(STRIPS)]
    strips = [scene.at(strengths={name: p}) for name in ATTRIBUTES for scene in scenes for p in POSITIONS]
    got = strengths(scorer, round_trip(codec, render_all(strips))).reshape(len(ATTRIBUTES), STRIPS, len(positions), len(ATTRIBUTES))
    figures = {}
    for i, name in enumerate(ATTRIBUTES):
        own = got[i, ..., i]
        response = responses(own, own[:, -1])
        error = calibrated_dial_error(response, numpy.zeros(response.shape, bool), positions)
        figures[name] = {"CDE": mean_or_nan(error), "step noise": float((numpy.diff(own, axis=-1) - 0.1).std())}
    return figures


def model_figures(scorers: dict[str, torch.nn.Module], workshop: Workshop) -> dict:
    """By scorer and attribute: the mean reading on the model's pictures of prompts without and with the attribute."""
    seeds = list(range(PROBE_SEED, PROBE_SEED + 4))
    plan = [{"settings": {**COMMON, "prompt": prompt}, "grid": {"seed": seeds}} for prompt in CONTENTS]
    plan += [{"settings": {**COMMON, "prompt": styled(content, name)}, "grid": {"seed": seeds}} for name in ATTRIBUTES for content in CONTENTS]
    pictures = made(workshop, plan, "probe")
    figures = {}
    for which, scorer in scorers.items():
        read = strengths(scorer, pictures).reshape(1 + len(ATTRIBUTES), -1, len(ATTRIBUTES)).mean(1)
        figures[which] = {name: {"plain": float(read[0, i]), "styled": float(read[1 + i, i])} for i, name in enumerate(ATTRIBUTES)}
    return figures


def validate(scorers: dict[str, torch.nn.Module], judge: Content, ghosts: Ghosts, workshop: Workshop, codec: Codec) -> dict:
    """All figures."""
    figures = {
        "scorers": scorer_figures(scorers, codec, workshop.count(PICTURES)),
        "perfect dials": perfect_dials(scorers["B"], codec),
        "content": content_figures(judge, codec, STREAM, workshop.count(SCENES)),
        "ghosts": validate_ghosts.ghost_figures(ghosts, workshop, codec, STREAM),
    }
    if workshop.maker:
        figures["model"] = model_figures(scorers, workshop)
        figures["generated"] = generated_figures(judge, workshop, codec, STREAM)
    return figures


def faults(figures: dict) -> list[str]:
    """Why the ruler may not judge: every attribute that a scorer ranks too badly, and what the judge of ghosts gets wrong."""
    found = []
    for name, kinds in figures["scorers"].items():
        for kind, attributes in kinds.items():
            for attribute, figure in attributes.items():
                if not figure["rank"] >= LEAST_RANK:
                    found.append(f"scorer {name} ranks {attribute} ({kind}) at {figure['rank']:.3f}, below {LEAST_RANK}")
    return found + validate_ghosts.faults(figures["ghosts"])


def validated(scorers: dict[str, torch.nn.Module], judge: Content, ghosts: Ghosts, workshop: Workshop, codec: Codec) -> dict:
    """All figures, from validation.json when it is newer than the judges, trained or shipped, and than the model."""
    path = workshop.folder / "validation.json"
    if not path.exists() or path.stat().st_mtime < newest(workshop):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(validate(scorers, judge, ghosts, workshop, codec), indent=1))
    return json.loads(path.read_text())


def newest(workshop: Workshop) -> float:
    """When the last of what is validated was written, seconds."""
    files = [*workshop.folder.glob("*.pt"), *shipped.FOLDER.glob("*.safetensors"), *workshop.autoencoder.parent.rglob("*.safetensors")]
    return max(file.stat().st_mtime for file in files)


def refuse_if_unfit(figures: dict, folder) -> None:
    """Raises UnfitRuler with the first fault, in one line."""
    if found := faults(figures):
        more = f" and {len(found) - 1} more" if len(found) > 1 else ""
        raise UnfitRuler(f"{found[0]}{more}: remove what is unfit from {folder} and train it anew, or see all with --unfit-too")
