"""The embedded model's examination: pictures of every subject in every style, judged by a network that was trained on rendered scenes."""

import json
import pathlib
import subprocess
import tempfile

import numpy
import torch
from diffusers import StableDiffusionPipeline
from PIL import Image

from research.world1.arguments import script_parser
from research.world1.captions import PLACE_WORDS, STYLE_WORDS
from research.world1.scenes import PLACES, SUBJECTS
from research.world1.scorers import report, score, train_scorer
from research.world1.styles import STYLES

PICTURES = 504  # 12 subjects × 7 styles (one of them: none) × 6.
BATCH = 42
STEPS = 30
GUIDANCE_SCALE = 5.0  # Already drives the Monet style past what rendered pictures show; at 3.5 the ruler judges.


def examination() -> list[tuple[str, int, int]]:
    """Prompt, subject and style of every picture; places and seeds go round."""
    questions = []
    for i in range(PICTURES):
        subject, style = i % len(SUBJECTS), i // len(SUBJECTS) % (len(STYLES) + 1)
        place = PLACES[(i // len(SUBJECTS) + i) % len(PLACES)]
        words = f", {STYLE_WORDS[STYLES[style]]}" if style < len(STYLES) else ""
        questions.append((f"a {SUBJECTS[subject]} {PLACE_WORDS[place]}{words}", subject, style))
    return questions


def generate(pipeline: StableDiffusionPipeline, prompts: list[str], guidance_scale: float) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3]; the i-th from seed i."""
    pictures = []
    for first in range(0, len(prompts), BATCH):
        batch = prompts[first : first + BATCH]
        generators = [torch.Generator().manual_seed(first + i) for i in range(len(batch))]
        answer = pipeline(batch, num_inference_steps=STEPS, guidance_scale=guidance_scale, generator=generators, output_type="np")
        pictures.append((answer.images * 255).round().astype(numpy.uint8))
        print(f"{first + len(batch)}/{len(prompts)} pictures", flush=True)
    return numpy.concatenate(pictures)


def generate_by_program(program: pathlib.Path, model: pathlib.Path, dtype: str, prompts: list[str], guidance_scale: float) -> numpy.ndarray:
    """The same pictures made by our own engine."""
    jobs = [
        {"settings": {"prompt": prompt, "seed": i, "steps": STEPS, "guidance_scale": guidance_scale, "width": 128, "height": 128}}
        for i, prompt in enumerate(prompts)
    ]
    with tempfile.TemporaryDirectory() as folder:
        plan = pathlib.Path(folder) / "plan.json"
        plan.write_text(json.dumps(jobs))
        command = [program, "sweep", plan, "-m", model, "--dtype", dtype, "--json", "--out", pathlib.Path(folder) / "pictures"]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        files = [answer["file"] for answer in map(json.loads, lines) if "file" in answer]
        return numpy.stack([numpy.asarray(Image.open(file).convert("RGB")) for file in files])


def main() -> None:
    parser = script_parser(__doc__, "work", "model")
    parser.add_argument("--program", type=pathlib.Path, help="let this latentdial make the pictures, not diffusers")
    parser.add_argument("--dtype", default="f32", help="what the program computes in")
    parser.add_argument("--guidance-scale", type=float, default=GUIDANCE_SCALE, help="at which the pictures are made")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/evaluation.json"))
    arguments = parser.parse_args()
    scorer = train_scorer(arguments.work)
    questions = examination()
    prompts = [prompt for prompt, _, _ in questions]
    if arguments.program:
        pictures = generate_by_program(arguments.program, arguments.model, arguments.dtype, prompts, arguments.guidance_scale)
    else:
        pipeline = StableDiffusionPipeline.from_pretrained(arguments.model, torch_dtype=torch.float32, safety_checker=None)
        pipeline.set_progress_bar_config(disable=True)
        pictures = generate(pipeline, prompts, arguments.guidance_scale)
    subjects, styles, _ = score(scorer, pictures)
    right_subject = numpy.array([subject for _, subject, _ in questions]) == subjects
    right_style = numpy.array([style for _, _, style in questions]) == styles
    figures = {
        "pictures": len(questions),
        "subject": {"generated": float(right_subject.mean()), "chance": 1 / len(SUBJECTS)},
        "style": {"generated": float(right_style.mean()), "chance": 1 / (len(STYLES) + 1)},
        "by subject": {name: float(right_subject[i :: len(SUBJECTS)].mean()) for i, name in enumerate(SUBJECTS)},
        "by style": {
            name: {
                "style": float(right_style[[s == i for _, _, s in questions]].mean()),
                "subject": float(right_subject[[s == i for _, _, s in questions]].mean()),
            }
            for i, name in enumerate([*STYLES, "none"])
        },
        "rendered": report(scorer),
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
