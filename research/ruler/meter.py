"""The meter against rendered truth and against scorer B: pictures read by `latentdial measure` from the checkpoint alone.

python -m research.ruler.meter prints rank correlation, error and bias per style on 1008 held-back renders; with --pictures FOLDER, of a sweep along
a dial, also its rank correlation with scorer B on those."""

import json
import pathlib
import subprocess
import tempfile

import numpy
from PIL import Image

from research.ruler.scorers import load_scorers, strengths
from research.ruler.validate import rank_correlation
from research.world1.arguments import script_parser
from research.world1.captions import PLACE_WORDS, STYLE_WORDS, Scene
from research.world1.latents import render
from research.world1.scenes import PLACES, SUBJECTS
from research.world1.styles import STYLES

PER_PROMPT = 14
PROMPTS_PER_STYLE = 12
SEED = 20_000_000  # Far from the seeds of any training.


def scenes_of(style: str, rng: numpy.random.Generator) -> list[list[Scene]]:
    """Groups of one prompt each; strengths evenly spread over 0…1 within the style."""
    count = PROMPTS_PER_STYLE * PER_PROMPT
    strengths = rng.permutation(numpy.linspace(0, 1, count)).reshape(PROMPTS_PER_STYLE, PER_PROMPT)
    groups = []
    for subject, row in zip(SUBJECTS, strengths):
        place = PLACES[int(rng.integers(len(PLACES)))]
        groups.append([Scene(subject, place, (), style, float(s), SEED + int(rng.integers(2**30))) for s in row])
    return groups


def measure(program: pathlib.Path, files: list[pathlib.Path], style: str, prompt: str, evaluations: int) -> list[float]:
    """The meter's readings of pictures of one prompt."""
    command = [program, "measure", *files, "--style", style, "-p", prompt, "--evaluations", str(evaluations), "--json"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [json.loads(line)["strength"] for line in lines]


def read(program: pathlib.Path, scenes: list[Scene], evaluations: int) -> list[float]:
    """The meter's readings of one prompt's scenes."""
    first = scenes[0]
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f"{i}.png" for i in range(len(scenes))]
        for file, scene in zip(files, scenes):
            Image.fromarray(render(scene)).save(file)
        prompt = f"a {first.subject} {PLACE_WORDS[first.place]}"
        return measure(program, files, STYLE_WORDS[first.style], prompt, evaluations)


def generated(program: pathlib.Path, folder: pathlib.Path, evaluations: int, work: pathlib.Path) -> dict[str, float]:
    """By style, the rank correlation of the meter and scorer B on a sweep's pictures, positions from 0 to 1."""
    groups: dict[tuple[str, str], list[pathlib.Path]] = {}
    for line in (folder / "manifest.jsonl").read_text().splitlines():
        row = json.loads(line)
        if row["settings"]["position"] >= 0 and row["settings"]["style"] not in row["settings"]["prompt"]:
            groups.setdefault((row["settings"]["style"], row["settings"]["prompt"]), []).append(folder / row["file"])
    scorer, figures = load_scorers(work)["B"], {}
    for i, style in enumerate(STYLES):
        files = {prompt: found for (words, prompt), found in groups.items() if words == STYLE_WORDS[style]}
        readings = [value for prompt, found in files.items() for value in measure(program, found, STYLE_WORDS[style], prompt, evaluations)]
        pictures = numpy.stack([numpy.asarray(Image.open(file).convert("RGB")) for found in files.values() for file in found])
        figures[style] = float(rank_correlation(numpy.array(readings), strengths(scorer, pictures)[:, i]))
        print(f"{style}: rank correlation with scorer B on {len(readings)} generated pictures {figures[style]:.3f}", flush=True)
    return figures


def main() -> None:
    parser = script_parser(__doc__, "program", "work")
    parser.add_argument("--evaluations", type=int, default=16)
    parser.add_argument("--pictures", type=pathlib.Path, help="the folder of a sweep along a dial, such as out/ruler/pictures/calibrated")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/meter.json"))
    arguments = parser.parse_args()
    figures = {}
    print("| style | pictures | rank correlation | mean absolute error | at 0…0.2 | at 0.8…1 |\n|---|---|---|---|---|---|")
    for i, style in enumerate(STYLES):
        groups = scenes_of(style, numpy.random.default_rng([SEED, i]))
        readings = numpy.concatenate([read(arguments.program, group, arguments.evaluations) for group in groups])
        truth = numpy.array([scene.strength for group in groups for scene in group])
        row = {
            "pictures": len(truth),
            "rank correlation": float(rank_correlation(readings, truth)),
            "mean absolute error": float(abs(readings - truth).mean()),
            "low": float(readings[truth < 0.2].mean()),
            "high": float(readings[truth > 0.8].mean()),
        }
        figures[style] = row
        print(f"| {STYLE_WORDS[style]} | " + " | ".join(f"{v:.3f}" if isinstance(v, float) else str(v) for v in row.values()) + " |", flush=True)
    if arguments.pictures:
        figures["scorer B"] = generated(arguments.program, arguments.pictures, arguments.evaluations, arguments.work)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
