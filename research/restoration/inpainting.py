"""How parts are redrawn by `--mask-update replace` and `ding`, of renders that nobody trained on, at equal evaluations:

    PYTHONPATH=build/release/python python -m research.restoration.inpainting [--pictures 30] [--evaluations 40]

The mask is the right half, or a box in the middle. `scene` is the distance of the content judge's embeddings from the render's (0 the
same scene, 1 unrelated), `features` that of a strength judge's features within the part (LPIPS's kind), `seam` the mean step across the
mask's edge over that within the render there: 1 is no seam. Means and standard errors.
"""

import argparse
import pathlib

import numpy
import torch
from latentdial import Pipeline

from research.restoration.copies import SIDE, truths
from research.ruler.content import Content, distance, look
from research.ruler.scorers import TextureScorer
from research.ruler.shipped import shipped_state
from research.training.pictures import to_unit

AUTOENCODER = pathlib.Path("models/scenes/vae")


def masks() -> dict[str, numpy.ndarray]:
    half, box = numpy.zeros((2, SIDE, SIDE), bool)
    half[:, SIDE // 2 :] = True
    box[32:96, 32:96] = True
    return {"half": half, "box": box}


def judge(network: torch.nn.Module, name: str) -> torch.nn.Module:
    state = shipped_state(AUTOENCODER, name)
    assert state is not None, f"{name} was trained with another autoencoder"
    network.load_state_dict(state)
    return network.eval()


def features(scorer: TextureScorer, pictures: numpy.ndarray) -> list[torch.Tensor]:
    """Unit feature vectors of each place, at three scales."""
    fine = scorer.fine(to_unit(pictures))
    middle = scorer.middle(fine)
    return [torch.nn.functional.normalize(layer, dim=1) for layer in (fine, middle, scorer.coarse(middle))]


def feature_distance(scorer: TextureScorer, made: numpy.ndarray, truth: numpy.ndarray, mask: numpy.ndarray) -> numpy.ndarray:
    """Mean squared distance within the mask, over the scales; of each picture."""
    total = 0
    for one, other in zip(features(scorer, made), features(scorer, truth)):
        inside = torch.nn.functional.interpolate(torch.tensor(mask)[None, None].float(), size=one.shape[2:], mode="area")
        total = total + ((one - other).square().sum(1, keepdim=True) * inside).sum((1, 2, 3)) / inside.sum()
    return total.numpy()


def seam(pictures: numpy.ndarray, mask: numpy.ndarray) -> numpy.ndarray:
    """Mean step between neighbours of which one lies within the mask; of each picture."""
    pictures = pictures.astype(float)
    steps = []
    for axis in (0, 1):
        across = numpy.diff(mask.astype(int), axis=axis) != 0
        if across.any():
            steps.append(abs(numpy.diff(pictures, axis=axis + 1))[:, across].mean((1, 2)))
    return numpy.mean(steps, 0)


@torch.inference_mode()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=30)
    parser.add_argument("--evaluations", type=int, default=40)
    arguments = parser.parse_args()
    scenes = truths(arguments.pictures)
    truth = numpy.stack([scene.picture for scene in scenes]).astype(numpy.uint8)
    content, scorer = judge(Content(), "content"), judge(TextureScorer(), "scorer-B")
    wanted, subjects, _ = look(content, truth)
    pipeline = Pipeline.from_pretrained(dtype="f32")
    for name, mask in masks().items():
        distances = {}
        for update, steps in (("replace", arguments.evaluations), ("ding", arguments.evaluations // 2)):
            jobs = [
                {"prompt": scene.prompt, "image": picture, "mask": mask.astype(numpy.uint8) * 255, "seed": i, "steps": steps}
                for i, (scene, picture) in enumerate(zip(scenes, truth))
            ]
            common = {"sampler": "ddim", "strength": 1, "mask_blur": 0, "mask_update": update}
            made = numpy.stack([numpy.asarray(pipeline(**job, **common)[0]) for job in jobs])
            embeddings, named, quality = look(content, made)
            columns = {
                "scene": distance(embeddings, wanted),
                "features": feature_distance(scorer, made, truth, mask),
                "seam": seam(made, mask) / seam(truth, mask).mean(),
                "subject": named == subjects,
                "whole": quality,
            }
            distances[update] = columns["features"]
            figures = ", ".join(f"{key} {values.mean():.3f} ± {values.std() / len(values) ** 0.5:.3f}" for key, values in columns.items())
            print(f"{name:5}{update:8}{steps:3} steps: {figures}", flush=True)
        gain = distances["replace"] - distances["ding"]
        print(f"{name:5}ding is nearer by its features by {gain.mean():.3f} ± {gain.std() / len(gain) ** 0.5:.3f}, on {(gain > 0).mean():.0%} of the pictures")


if __name__ == "__main__":
    main()
