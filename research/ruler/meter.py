"""The meter against rendered truth and against scorer B: pictures read by `latentdial measure` from the checkpoint alone.

python -m research.ruler.meter prints rank correlation, error and bias per attribute on held-back renders; with --pictures FOLDER, of a sweep
along a dial, also its rank correlation with scorer B on those."""

import json
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

from research.ruler.ranks import rank_correlation
from research.ruler.rendered import Codec
from research.ruler.scorers import load_scorers, strengths
from research.ruler.workshop import Maker, Workshop, ruler_parser
from research.world.captions import PLACE_WORDS, WORDS
from research.world.places import PLACES
from research.world.render import render
from research.world.scene import ATTRIBUTES, Scene
from research.world.subjects import SUBJECTS

PER_PROMPT = 14
SEED = 20_000_000  # Far from the seeds of any training.


def scenes_of(attribute: str, rng: numpy.random.Generator) -> list[list[Scene]]:
    """A group for each subject, of one prompt each; strengths evenly spread over 0…1 within the attribute."""
    strengths = rng.permutation(numpy.linspace(0, 1, len(SUBJECTS) * PER_PROMPT)).reshape(len(SUBJECTS), PER_PROMPT)
    groups = []
    for subject, row in zip(SUBJECTS, strengths):
        place = str(rng.choice(PLACES))
        groups.append([Scene(subject, place, {attribute: float(s)}, SEED + int(rng.integers(2**30))) for s in row])
    return groups


def measure(program: pathlib.Path, files: list[pathlib.Path], style: str, prompt: str, evaluations: int) -> list[float]:
    """The meter's readings of pictures of one prompt."""
    command = [program, "measure", *files, "--style", style, "-p", prompt, "--evaluations", str(evaluations), "--json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line)["strength"] for line in lines]


def read(program: pathlib.Path, scenes: list[Scene], attribute: str, evaluations: int) -> list[float]:
    """The meter's readings of one prompt's scenes."""
    first = scenes[0]
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f"{i}.png" for i in range(len(scenes))]
        for file, scene in zip(files, scenes):
            Image.fromarray(render(scene)).save(file)
        return measure(program, files, WORDS[attribute], f"a {first.subject} {PLACE_WORDS[first.place]}", evaluations)


def swept(folder: pathlib.Path) -> dict[tuple[str, str], list[pathlib.Path]]:
    """The files of a sweep along a dial, away from nothing, by words of the style and prompt."""
    groups: dict[tuple[str, str], list[pathlib.Path]] = {}
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["settings"]["position"] >= 0 and row["settings"]["style"] not in row["settings"]["prompt"]:
            groups.setdefault((row["settings"]["style"], row["settings"]["prompt"]), []).append(folder / row["file"])
    return groups


def beside_scorer(program: pathlib.Path, folder: pathlib.Path, evaluations: int, scorer) -> dict[str, float]:
    """By attribute, the rank correlation of the meter and scorer B on a sweep's pictures, positions from 0 to 1."""
    groups, figures = swept(folder), {}
    for i, attribute in enumerate(ATTRIBUTES):
        files = {prompt: found for (words, prompt), found in groups.items() if words == WORDS[attribute]}
        readings = [value for prompt, found in files.items() for value in measure(program, found, WORDS[attribute], prompt, evaluations)]
        pictures = numpy.stack([numpy.asarray(Image.open(file).convert("RGB")) for found in files.values() for file in found])
        figures[attribute] = rank_correlation(numpy.array(readings), strengths(scorer, pictures)[:, i])
        print(f"{attribute}: rank correlation with scorer B on {len(readings)} generated pictures {figures[attribute]:.3f}", flush=True)
    return figures


def row_of(readings: numpy.ndarray, truth: numpy.ndarray) -> dict[str, float]:
    """Figures of one attribute, both [N]."""
    return {
        "pictures": len(truth),
        "rank correlation": rank_correlation(readings, truth),
        "mean absolute error": float(abs(readings - truth).mean()),
        "low": float(readings[truth < 0.2].mean()),
        "high": float(readings[truth > 0.8].mean()),
    }


def main() -> None:
    parser = ruler_parser(__doc__, "program", "model", "work")
    parser.add_argument("--evaluations", type=int, default=16)
    parser.add_argument("--pictures", type=pathlib.Path, help="the folder of a sweep along a dial, such as out/ruler/pictures/calibrated")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/meter.json"))
    arguments = parser.parse_args()
    figures = {}
    print("| attribute | pictures | rank correlation | mean absolute error | at 0…0.2 | at 0.8…1 |\n|---|---|---|---|---|---|")
    for i, attribute in enumerate(ATTRIBUTES):
        groups = scenes_of(attribute, numpy.random.default_rng([SEED, i]))
        readings = numpy.concatenate([read(arguments.program, group, attribute, arguments.evaluations) for group in groups])
        figures[attribute] = row_of(readings, numpy.array([scene.strengths[attribute] for group in groups for scene in group]))
        print(f"| {attribute} | " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in figures[attribute].values()) + " |", flush=True)
    if arguments.pictures:
        workshop = Workshop(arguments.work, arguments.model / "vae", Maker(arguments.program, arguments.model))
        scorer = load_scorers(workshop, Codec(workshop.autoencoder))["B"]
        figures["scorer B"] = beside_scorer(arguments.program, arguments.pictures, arguments.evaluations, scorer)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
