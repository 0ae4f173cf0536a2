"""Whether the tiles of large restored pictures show, and the memory that they take:

    python -m research.restoration.tiles --program build/release/bin/latentdial [--pictures 8]

Renders that nobody trained on are enlarged four times, so that the result is drawn in tiles; then the steps between neighbours across
the tiles' edges are set beside those across other lines of latents, and this beside the same of the scene: 1 is no seam.
"""

import argparse
import pathlib
import resource

import numpy
from PIL import Image

from research.restoration.copies import BY, blurred, grey, truths
from research.restoration.program import Program
from research.restoration.rivals import bytes_of

TILE, PLACE = 128, 8  # Pixels of the embedded model's own size, and of one of its latents.
SIZE = (384, 320)  # Of the results.


def begins(length: int) -> list[int]:
    """Where tiles begin, in pixels."""
    places, size = length // PLACE, TILE // PLACE
    step = size - size // 4
    last = -(-(places - size) // step)
    return [PLACE * ((places - size) * i // last) for i in range(last + 1)]


def seam(picture: numpy.ndarray) -> float:
    """Mean step across tiles' edges over that across the other edges of latents."""
    ratios = []
    for axis in (0, 1):
        length = picture.shape[axis]
        edges = {edge for begin in begins(length) for edge in (begin, begin + TILE)} - {0, length}
        steps = abs(numpy.diff(picture, axis=axis)).mean(axis=(1 - axis, 2))
        others = set(range(PLACE, length, PLACE)) - edges
        ratios.append(numpy.mean([steps[i - 1] for i in edges]) / numpy.mean([steps[i - 1] for i in others]))
    return float(numpy.mean(ratios))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=int, default=8)
    parser.add_argument("--keep", type=pathlib.Path, help="Folder for the first picture of each kind")
    arguments = parser.parse_args()
    program = Program(arguments.program)
    scenes = truths(arguments.pictures)
    large = [numpy.asarray(Image.fromarray(bytes_of(scene.picture)).resize(SIZE, Image.Resampling.LANCZOS)).astype(float) for scene in scenes]
    small = [scene.picture[: SIZE[1] // BY, : SIZE[0] // BY] for scene in scenes]
    kinds = {
        "upscale, by 4": (small, {"restore": "upscale", "upscale_by": BY, "strength": 0.5}),
        "deblur, sigma 2": ([blurred(picture) for picture in large], {"restore": "deblur", "blur_sigma": 2, "strength": 0.5}),
        "colorize": ([grey(picture) for picture in large], {"restore": "colorize"}),
    }
    enlarged = [numpy.asarray(Image.fromarray(bytes_of(picture)).resize(SIZE, Image.Resampling.LANCZOS)).astype(float) for picture in small]
    alike = {name: enlarged if name.startswith("upscale") else large for name in kinds}
    for name, (copies, settings) in kinds.items():
        pictures = program.make([scene.prompt for scene in scenes], settings | {"restore_rounds": 2}, copies)
        ratios = numpy.array([seam(picture) / seam(like) for picture, like in zip(pictures, alike[name])])
        print(f"{name:16} {SIZE[0]}x{SIZE[1]}: seam {ratios.mean():.3f} ± {ratios.std() / len(ratios) ** 0.5:.3f}", flush=True)
        if arguments.keep:
            arguments.keep.mkdir(parents=True, exist_ok=True)
            Image.fromarray(bytes_of(pictures[0])).save(arguments.keep / f"{settings['restore']}.png")
    print(f"most memory of a run: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
