"""Positions of the default dial that the judge of ghosts has answered for, as they are and pushed away from the fade of their ends: a push
draws nothing, so the answer stays. No renderer knows what a dial's half-strong pictures are; the judge's own answers, before, do."""

import dataclasses

import numpy
import torch

from research.ruler.generated import first_seed
from research.ruler.ghosts import Ghosts, faintness
from research.ruler.pictures import sweep, without_dials
from research.ruler.plan import COMMON
from research.ruler.remainders import pushed_drawing, pushed_position, some
from research.ruler.rendered import Codec
from research.ruler.workshop import Workshop
from research.training.pictures import to_unit
from research.world.captions import PLACE_WORDS, WORDS, plain_scene
from research.world.scene import ATTRIBUTES

STREAM = 71
POSITIONS = (0, 0.2, 0.4, 0.6, 0.8, 1)
SURE = 0.5  # The judge's answer counts when it is this far from 0.


@dataclasses.dataclass
class Answered:
    """Pictures uint8 [N, 128, 128, 3] with their strips' ends [N, 2, ...], and whether each is a fade, bool [N]."""

    pictures: numpy.ndarray
    ends: numpy.ndarray
    fades: numpy.ndarray

    def triples(self, fades: bool, count: int, rng: numpy.random.Generator, device: str) -> torch.Tensor:
        """[count, 9, 128, 128] of those that are fades, or of those that are not, half of them pushed (once more) in pixels."""
        pick = rng.choice(numpy.flatnonzero(self.fades == fades), count)
        picture, none, full = (to_unit(x).to(device) for x in (self.pictures[pick], self.ends[pick, 0], self.ends[pick, 1]))
        pushed = (pushed_position if fades else pushed_drawing)(picture, none, full)
        return torch.cat([torch.where(some(picture), pushed, picture).clamp(-1, 1), none, full], 1)


def dial_strips(workshop: Workshop, count: int) -> numpy.ndarray:
    """Strips of the default dial without a dial file, the attributes in turn: uint8 [count, positions, 128, 128, 3]."""
    rng, plan = numpy.random.default_rng([STREAM, 5]), []
    for i in range(count):
        scene = plain_scene(rng)
        settings = {"method": "calibrated", "prompt": f"a {scene.subject} {PLACE_WORDS[scene.place]}", "style": WORDS[ATTRIBUTES[i % len(ATTRIBUTES)]]}
        plan.append({"settings": {**COMMON, **settings, "seed": first_seed(STREAM) + i}, "grid": {"position": list(POSITIONS)}})
    model = without_dials(workshop.maker.model, workshop.folder / "model")
    pictures = sweep(workshop.maker.program, plan, workshop.folder / f"dials-{count}", ["-m", str(model)]).pictures()
    return pictures.reshape(count, len(POSITIONS), *pictures.shape[1:])


def answered(judge: Ghosts, strips: numpy.ndarray, codec: Codec) -> Answered:
    """The positions between, and what becomes of them when they are pushed, with the judge's answers to them as they are."""
    between = strips[:, 1:-1].reshape(-1, *strips.shape[2:])
    ends = numpy.repeat(strips[:, [0, -1]], strips.shape[1] - 2, 0)
    answers = faintness(judge, between, ends[:, 0], ends[:, 1])
    sure = abs(answers) > SURE
    between, ends, fades = between[sure], ends[sure], answers[sure] > 0
    picture, none, full = (codec.encode(pictures) for pictures in (between, ends[:, 0], ends[:, 1]))
    pushed = [codec.decode(pushed_drawing(picture, none, full))]
    pushed += [codec.decode(pushed_position(picture[fades], none[fades], full[fades]))]
    every = numpy.concatenate([between, *pushed]), numpy.concatenate([ends, ends, ends[fades]]), numpy.concatenate([fades, fades, fades[fades]])
    return Answered(*every)
