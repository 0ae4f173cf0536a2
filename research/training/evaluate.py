"""The embedded model's examination: pictures of every subject with every attribute, judged by a network that was trained on rendered scenes.

Exit status 1 when subjects or attributes are named in less than 95 % of the pictures at any of the guidance scales."""

import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from research.training.arguments import script_parser
from research.training.scorers import Scorer, report, score, train_scorer
from research.world.captions import PLACE_WORDS, WORDS, held_back
from research.world.places import PLACES
from research.world.scene import ATTRIBUTES
from research.world.subjects import SUBJECTS

PLACES_EACH = 3
STEPS = 30
GUIDANCE_SCALES = (3.5, 5.0, 7.5)
ENOUGH = 0.95


def examination() -> list[tuple[str, int, int, bool]]:
    """Prompt, subject, attribute (the last: none) and whether this was held back, of 12 × 14 × 3 pictures: held-back places first."""
    questions = []
    for s, subject in enumerate(SUBJECTS):
        for a, attribute in enumerate((*ATTRIBUTES, None)):
            turned = [PLACES[(s + a + i) % len(PLACES)] for i in range(len(PLACES))]
            unseen = [attribute is not None and held_back(subject, place, attribute) for place in turned]
            for hidden, place in sorted(zip(unseen, turned), key=lambda pair: not pair[0])[:PLACES_EACH]:
                words = f", {WORDS[attribute]}" if attribute else ""
                questions.append((f"a {subject} {PLACE_WORDS[place]}{words}", s, a, hidden))
    return questions


def generate(pipeline: StableDiffusionPipeline, prompts: list[str], guidance_scale: float) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3]; the i-th from seed i."""
    pictures, batch = [], 42 if pipeline.device.type == "cpu" else 168
    for first in range(0, len(prompts), batch):
        texts = prompts[first : first + batch]
        generators = [torch.Generator().manual_seed(first + i) for i in range(len(texts))]
        answer = pipeline(texts, num_inference_steps=STEPS, guidance_scale=guidance_scale, generator=generators, output_type="np")
        pictures.append((answer.images * 255).round().astype(numpy.uint8))
    return numpy.concatenate(pictures)


def generate_by_program(program: pathlib.Path, model: pathlib.Path, prompts: list[str], guidance_scale: float, reuse: int) -> numpy.ndarray:
    """The same pictures made by our own engine."""
    common = {"steps": STEPS, "guidance_scale": guidance_scale, "reuse": reuse, "width": 128, "height": 128}
    with tempfile.TemporaryDirectory() as folder:
        plan = pathlib.Path(folder) / "plan.json"
        plan.write_text(json.dumps([{"settings": {**common, "prompt": prompt, "seed": i}} for i, prompt in enumerate(prompts)]))
        command = [program, "sweep", plan, "-m", model, "--dtype", "f32", "--json", "--out", pathlib.Path(folder) / "pictures"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        files = [answer["file"] for answer in map(json.loads, lines) if "file" in answer]
        return numpy.stack([numpy.asarray(Image.open(file).convert("RGB")) for file in files])


def figures(scorer: Scorer, pictures: numpy.ndarray) -> dict:
    """Shares that were named rightly."""
    _, subjects, attributes, hidden = (numpy.array(column) for column in zip(*examination()))
    said = score(scorer, pictures)
    subject, attribute = said[0] == subjects, said[1] == attributes
    names = [*ATTRIBUTES, "none"]
    return {
        "subject": float(subject.mean()),
        "attribute": float(attribute.mean()),
        "held back": {"subject": float(subject[hidden].mean()), "attribute": float(attribute[hidden].mean())},
        "by subject": {name: float(subject[subjects == i].mean()) for i, name in enumerate(SUBJECTS)},
        "by attribute": {
            name: {"attribute": float(attribute[attributes == i].mean()), "subject": float(subject[attributes == i].mean())} for i, name in enumerate(names)
        },
    }


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--program", type=pathlib.Path, help="let this latentdial make the pictures, not diffusers")
    parser.add_argument("--reuse", type=int, default=1, help="with --program, compute the deeper levels at every so many-th step (default: 1)")
    parser.add_argument("--guidance-scale", type=float, nargs="+", default=GUIDANCE_SCALES, help="at which the pictures are made")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/evaluation.json"))
    arguments = parser.parse_args()
    if arguments.reuse != 1 and not arguments.program:
        parser.error("--reuse needs --program: diffusers computes every step whole")
    torch.set_num_threads(arguments.threads)
    scorer = train_scorer(arguments.work, arguments.threads, arguments.device)
    prompts = [prompt for prompt, *_ in examination()]
    found: dict = {"rendered": report(scorer, arguments.threads)}
    if not arguments.program:
        pipeline = StableDiffusionPipeline.from_pretrained(arguments.model, torch_dtype=torch.float32, safety_checker=None).to(arguments.device)
        pipeline.set_progress_bar_config(disable=True)
    for scale in arguments.guidance_scale:
        if arguments.program:
            pictures = generate_by_program(arguments.program, arguments.model, prompts, scale, arguments.reuse)
        else:
            pictures = generate(pipeline, prompts, scale)
        found[f"guidance {scale:g}"] = figures(scorer, pictures)
        print(f"guidance {scale:g}: {json.dumps(found[f'guidance {scale:g}'], indent=1)}", flush=True)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(found, indent=1))
    worst = min(found[f"guidance {scale:g}"][what] for scale in arguments.guidance_scale for what in ("subject", "attribute"))
    if worst < ENOUGH:
        sys.exit(f"not passed: {worst:.1%} at worst, {ENOUGH:.0%} is asked for")


if __name__ == "__main__":
    main()
