"""How near restored pictures come to renders that nobody trained on, beside what needs no model:

    python -m research.restoration.table --program build/release/bin/latentdial [--pictures 200] [--others 20] [--out out/restoration.json]

Each figure is a mean over the pictures, with half the width of its 95 % interval; each gain that of ours over another way, picture by
picture. The file has every picture's figures. Tasks that stand in it with as many pictures are not measured again.
"""

import json
import pathlib

import numpy
import torch

from research.restoration.copies import Truth, truths, truths_of_other_sizes
from research.restoration.program import Program
from research.restoration.rivals import bytes_of
from research.restoration.rulers import FeatureDistance, SceneJudge, decibels
from research.restoration.tasks import Task, tasks
from research.training.arguments import script_parser

SHOWN = 8  # Pictures on a sheet.


def judged(task: Task, among: list[Truth]) -> dict[str, dict[str, list[float]]]:
    """What every measure says of every picture, for every row."""
    return {
        row: {name: [measure(picture, truth.picture) for picture, truth in zip(pictures, among)] for name, measure in task.measures.items()}
        for row, pictures in task.rows.items()
    }


def interval(values) -> str:
    """Mean and half of the 95 % interval."""
    return f"{numpy.mean(values):8.3f} ± {1.96 * numpy.std(values) / len(values) ** 0.5:5.3f}"


def share_interval(hits: list[bool]) -> str:
    """A share and its 95 % interval (Wilson 1927)."""
    count, share = len(hits), float(numpy.mean(hits))
    middle = (share + 1.92 / count) / (1 + 3.84 / count)
    half = 1.96 / (1 + 3.84 / count) * (share * (1 - share) / count + 0.96 / count**2) ** 0.5
    return f"{share:.1%} ({middle - half:.1%} to {middle + half:.1%})"


def tell(name: str, found: dict) -> None:
    rows, ours = found["rows"], found["rows"]["ours"]
    print(f"\n{name:24}" + "".join(f"{measure:>17}" for measure in ours))
    for row, figures in rows.items():
        print(f"  {row:22}" + "".join(f" {interval(values)}" for values in figures.values()))
    for row in [row for row in rows if row != "ours"]:
        gains = (numpy.subtract(ours[measure], rows[row][measure]) for measure in ours)
        print(f"  ours less {row:12}" + "".join(f" {interval(values)}" for values in gains))
    if "kept" in found:
        print(f"  farthest from what is known: {found['kept']:.2f} levels of 255")
    for row, hits in found.get("named", {}).items():
        print(f"  subject named, {row}: {share_interval(hits)}")
    print(end="", flush=True)


def sheet(task: Task, file: pathlib.Path) -> None:
    """The first pictures of each row, one row below another."""
    from PIL import Image

    side = max(max(picture.shape[:2]) for pictures in task.rows.values() for picture in pictures[:SHOWN])
    canvas = Image.new("RGB", (side * SHOWN, side * len(task.rows)))
    for y, pictures in enumerate(task.rows.values()):
        for x, picture in enumerate(pictures[:SHOWN]):
            canvas.paste(Image.fromarray(bytes_of(picture)), (x * side, y * side))
    file.parent.mkdir(parents=True, exist_ok=True)
    canvas.save(file)


def named(judge: SceneJudge, task: Task, among: list[Truth]) -> dict[str, list[bool]]:
    """In which of each row's pictures the judge sees the subject that the words name."""
    rows = task.rows | {"the renders": [truth.picture for truth in among]}
    return {row: [name == truth.scene.subject for name, truth in zip(judge.names(pictures), among)] for row, pictures in rows.items()}


def write(found: dict, file: pathlib.Path) -> None:
    """Whole or not at all: the run may be ended at any time."""
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps(found))
    part.replace(file)


def main() -> None:
    parser = script_parser(__doc__, "model")
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=int, default=200, help="renders of 128×128")
    parser.add_argument("--others", type=int, default=20, help="pictures of other sizes")
    parser.add_argument("--only", nargs="+", metavar="TASK", help="upscale, deblur, colorize, half or box (default: all)")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/restoration.json"))
    parser.add_argument("--sheets", type=pathlib.Path, help="folder for the first pictures of each task")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    program = Program(arguments.program, arguments.threads)
    judge, distance = SceneJudge(arguments.model / "vae"), FeatureDistance(arguments.model / "vae")
    sets = {
        "renders": (truths, arguments.pictures, tasks(program, {"distance": distance, "scene": judge.scene_distance, "dB": decibels})),
        "other sizes": (truths_of_other_sizes, arguments.others, tasks(program, {"distance": distance, "dB": decibels})),
    }
    found = json.loads(arguments.out.read_text()) if arguments.out.exists() else {}
    for kind, (among_of, count, by_name) in sets.items():
        for name in arguments.only or by_name:
            key = f"{name}, {count} {kind}"
            if key not in found:
                among = among_of(count)
                task = by_name[name](among)
                found[key] = {"rows": judged(task, among), "kept": float(task.kept)}
                if kind == "renders" and name in ("half", "box"):
                    found[key]["named"] = named(judge, task, among)
                if arguments.sheets:
                    sheet(task, arguments.sheets / f"{name}-{kind.replace(' ', '-')}.png")
                write(found, arguments.out)
            tell(key, found[key])


if __name__ == "__main__":
    main()
