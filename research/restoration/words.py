"""How well `--redraw WORDS` finds the subject of renders that nobody trained on, beside a box in the middle:

    PYTHONPATH=build/release/python python -m research.restoration.words [--pictures 40]

The truth is the subject's silhouette as it was drawn. What is redrawn shows by what is not the start image any more.
"""

import argparse

import numpy
from latentdial import InvalidInput, Pipeline

from research.restoration.copies import SIDE, truths
from research.world.canvas import FINE
from research.world.render import draw
from research.world.scene import Layout
from research.world.subjects import SUBJECTS


def overlap(one: numpy.ndarray, other: numpy.ndarray) -> float:
    """Intersection over union."""
    return float((one & other).sum() / max(1, (one | other).sum()))


def silhouettes(count: int) -> list[tuple[str, numpy.ndarray, numpy.ndarray]]:
    """Subject, render and where the subject stands in it."""
    scenes = []
    for truth in truths(count):
        _, subject = draw(Layout(truth.scene))
        scenes.append((truth.scene.subject, truth.picture.astype(numpy.uint8), numpy.asarray(subject.reduce(FINE)) > 127))
    return scenes


def redrawn(pipeline: Pipeline, picture: numpy.ndarray, words: str) -> numpy.ndarray | None:
    """Where the words are found; None where the picture shows none of them."""
    try:
        result = pipeline("a scene", image=picture, redraw_words=words, strength=1, steps=1, mask_blur=0, mask_fill="noise", seed=1)
    except InvalidInput:
        return None
    return (numpy.asarray(result[0]) != picture).any(2)


def middle_box(side: int) -> numpy.ndarray:
    box = numpy.zeros((SIDE, SIDE), bool)
    begin = (SIDE - side) // 2
    box[begin : begin + side, begin : begin + side] = True
    return box


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", type=int, default=40)
    scenes = silhouettes(parser.parse_args().pictures)
    pipeline = Pipeline.from_pretrained(dtype="f32")
    found = [redrawn(pipeline, picture, subject) for subject, picture, _ in scenes]
    others = [SUBJECTS[(SUBJECTS.index(subject) + 1 + i % (len(SUBJECTS) - 1)) % len(SUBJECTS)] for i, (subject, _, _) in enumerate(scenes)]
    wrongly = [redrawn(pipeline, picture, other) is not None for other, (_, picture, _) in zip(others, scenes)]
    pairs = [(mask, truth) for mask, (_, _, truth) in zip(found, scenes) if mask is not None]
    overlaps = numpy.array([overlap(mask, truth) for mask, truth in pairs])
    covered = numpy.array([(mask & truth).sum() / truth.sum() for mask, truth in pairs])
    boxes = {side: numpy.mean([overlap(middle_box(side), truth) for _, truth in pairs]) for side in range(16, SIDE, 4)}
    best = max(boxes, key=boxes.get)
    print(f"{len(scenes)} renders: IoU {overlaps.mean():.3f} ± {overlaps.std() / len(overlaps) ** 0.5:.3f}, {covered.mean():.1%} of the subject covered")
    print(f"box in the middle, {best} pixels a side, the best of all: IoU {boxes[best]:.3f}")
    print(f"subjects not found: {len(scenes) - len(pairs)}; subjects found that are not there: {sum(wrongly)}")


if __name__ == "__main__":
    main()
