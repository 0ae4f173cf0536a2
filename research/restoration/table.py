"""How near restored pictures come to renders that nobody trained on, beside what needs no model:

    python -m research.restoration.table --program build/release/bin/latentdial [--pictures 200] [--others 20] [--out out/restoration.json]

Each figure is a mean over the pictures, with its standard error.
"""

import json
import pathlib

import numpy
import torch

from research.restoration.copies import Truth, truths, truths_of_other_sizes
from research.restoration.program import Program
from research.restoration.rivals import bytes_of
from research.restoration.rulers import FeatureDistance, seam_ratio
from research.restoration.tasks import Measure, Task, tasks
from research.training.arguments import script_parser
from research.training.scorers import score, train_scorer
from research.world.subjects import SUBJECTS

A_SIDE = 32  # A quarter of a render.


def judged(task: Task, among: list[Truth]) -> dict:
    """Mean and standard error of every measure, for every row."""
    table: dict = {}
    for row, pictures in task.rows.items():
        for name, measure in task.measures.items():
            values = numpy.array([measure(picture, truth.picture) for picture, truth in zip(pictures, among)])
            table.setdefault(row, {})[name] = [float(values.mean()), float(values.std() / len(values) ** 0.5)]
    return table


def subjects_named(scorer, task: Task, among: list[Truth]) -> dict[str, float]:
    """The share of each row's pictures in which the judge sees the subject that the words name."""
    wanted = numpy.array([SUBJECTS.index(truth.scene.subject) for truth in among])
    rows = task.rows | {"the renders": [truth.picture for truth in among]}
    return {row: float((score(scorer, numpy.stack([bytes_of(p) for p in pictures]))[0] == wanted).mean()) for row, pictures in rows.items()}


def extended(program: Program, among: list[Truth]) -> dict[str, float]:
    """The seams of pictures that are continued on all sides, and of other pictures of the same words in place of what is new."""
    prompts, copies = [truth.prompt for truth in among], [truth.picture for truth in among]
    sides = {f"extend_{side}": A_SIDE for side in ("left", "right", "top", "bottom")}
    ours = program.make(prompts, sides, copies)
    side = copies[0].shape[0] + 2 * A_SIDE
    strangers = program.draw(prompts, [(side, side)] * len(among))
    for picture, copy in zip(strangers, copies):
        picture[A_SIDE:-A_SIDE, A_SIDE:-A_SIDE] = copy
    return {"ours": seam_ratio(ours, A_SIDE), "another picture around": seam_ratio(strangers, A_SIDE)}


def tell(task: Task, table: dict) -> None:
    print(f"{task.name:24}" + "".join(f"{name:>20}" for name in task.measures))
    for row, figures in table.items():
        print(f"  {row:22}" + "".join(f"{mean:13.3f} ± {error:4.3f}" for mean, error in figures.values()))
    print(f"  farthest from what is known: {task.kept:.2f} levels of 255", flush=True)


def set_of_tasks(program: Program, among: list[Truth], distance: Measure, scorer=None) -> dict:
    found: dict = {}
    for task in tasks(program, among, distance):
        table = judged(task, among)
        tell(task, table)
        found[task.name] = {"rows": table, "farthest from what is known": float(task.kept)}
        if scorer is None or not task.name.startswith("inpainting"):
            continue
        found[task.name]["subjects named"] = named = subjects_named(scorer, task, among)
        print("  subjects named: " + ", ".join(f"{row} {share:.1%}" for row, share in named.items()), flush=True)
    return found


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--pictures", type=int, default=200, help="renders of 128×128")
    parser.add_argument("--others", type=int, default=20, help="pictures of other sizes")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/restoration.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    program, distance = Program(arguments.program), FeatureDistance(arguments.model / "vae")
    scorer = train_scorer(arguments.work, arguments.threads, arguments.device)
    found = {"renders": set_of_tasks(program, truths(arguments.pictures), distance, scorer)}
    print("\npictures of other sizes")
    found["other sizes"] = set_of_tasks(program, truths_of_other_sizes(arguments.others), distance)
    found["seams"] = seams = extended(program, truths(arguments.pictures))
    print("\nsteps at a seam by those elsewhere: " + ", ".join(f"{row} {ratio:.2f}" for row, ratio in seams.items()))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
