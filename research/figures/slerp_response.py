"""The paper's dial on record: how strong a style is at each θ of slerp(x1, x1 + v, θ), measured on our engine's pictures.

python -m research.figures.slerp_response writes docs/slerp-response.md and the strips in docs/pictures."""

import pathlib
import subprocess
import textwrap

import numpy
from PIL import Image

from research.training.arguments import script_parser
from research.training.scorers import Scorer, report, score, train_scorer
from research.world.captions import WORDS
from research.world.scene import ATTRIBUTES
from research.world.subjects import SUBJECTS

PROMPTS = (
    ("a temple in the jungle", "monet"),
    ("a dog in the meadow", "cyberpunk"),
    ("a castle by the lake", "sketch"),
    ("a city in the desert", "futuristic"),
    ("a house on the beach", "pixel art"),
    ("a tree by the lake", "winter"),
    ("a pyramid in the desert", "alien invasion"),
    ("a cat in the meadow", "giant"),
)
SEEDS = (0, 1, 2)
THETAS = numpy.linspace(0, 1, 11)
TITLE = """# The paper's slerp, measured

Eight prompts × three seeds × eleven θ on the embedded model: `latentdial dial --method METHOD --at 0:1:11 --steps 30`.
The strength of the style is what a network reads from each picture that was trained on rendered scenes of known
strength (`python -m research.training.scorers`; its own errors are at the end). Made by
`python -m research.figures.slerp_response`.
"""


def strip(program: pathlib.Path, out: pathlib.Path, prompt: str, style: str, seed: int, method: str) -> tuple[numpy.ndarray, pathlib.Path]:
    """The frames [11, 128, 128, 3] of one strip, and its sheet."""
    folder = out / f"{method}-{style.replace(' ', '-')}-{seed}"
    command = [program, "dial", "-p", prompt, "--style", WORDS[style], "--method", method, "--at", "0:1:11"]
    subprocess.run([*command, "--seed", str(seed), "--steps", "30", "-o", folder, "-q"], check=True, stdout=subprocess.DEVNULL)
    frames = [numpy.asarray(Image.open(folder / f"frame-{i:03}.png")) for i in range(len(THETAS))]
    return numpy.stack(frames), folder / "strip.png"


def measure(scorer: Scorer, program: pathlib.Path, out: pathlib.Path, method: str) -> tuple[numpy.ndarray, numpy.ndarray]:
    """Strengths and whether the subject is still named, both [prompts, seeds, θ]."""
    strengths, kept = [], []
    for prompt, style in PROMPTS:
        for seed in SEEDS:
            frames, _ = strip(program, out, prompt, style, seed, method)
            subjects, _, strength = score(scorer, frames)
            strengths.append(strength[:, ATTRIBUTES.index(style)])
            kept.append(subjects == SUBJECTS.index(prompt.split()[1]))
            print(prompt, style, seed, method, strengths[-1].round(2).tolist(), flush=True)
    shape = (len(PROMPTS), len(SEEDS), len(THETAS))
    return numpy.reshape(strengths, shape), numpy.reshape(kept, shape)


def table(method: str, strengths: numpy.ndarray, kept: numpy.ndarray) -> str:
    """One row per prompt, the mean, and the share of pictures whose subject is still named."""
    lines = [f"\n## {method}\n", "| strength at θ = | " + " | ".join(f"{t:.1f}" for t in THETAS) + " |", "|---|" + "---|" * len(THETAS)]
    for (prompt, style), rows in zip(PROMPTS, strengths):
        lines.append(f"| {prompt} + {WORDS[style]} | " + " | ".join(f"{x:.2f}" for x in rows.mean(0)) + " |")
    lines.append("| **mean** | " + " | ".join(f"**{x:.2f}**" for x in strengths.mean((0, 1))) + " |")
    lines.append("| spread over seeds | " + " | ".join(f"{x:.2f}" for x in strengths.std(1).mean(0)) + " |")
    lines.append("| subject still named | " + " | ".join(f"{x:.0%}" for x in kept.mean((0, 1))) + " |")
    return "\n".join(lines)


def wrapped(text: str, indent: str = "") -> str:
    """In lines of 120 columns, those after the first indented."""
    return textwrap.fill(text, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def findings(strengths: numpy.ndarray) -> str:
    """What the curves say about a dial, and where each breaks down."""
    mean, steps = strengths.mean((0, 1)), numpy.diff(strengths, axis=2)
    summary = (
        f"Half-way on the dial (θ = 0.5) shows {mean[5]:.2f} of the style, {strengths[:, :, 5].min():.2f} to {strengths[:, :, 5].max():.2f} by style and seed; "
        f"full (θ = 1) shows {mean[10]:.2f}. A strip lies {abs(strengths - THETAS).mean():.2f} from the straight line on average."
    )
    lines = [f"\n\n{wrapped(summary)}\n"]
    for (prompt, style), rows in zip(PROMPTS, steps.mean(1)):
        jump = rows.argmax()
        line = f"- {WORDS[style]}: the steepest step is {rows[jump]:.2f} from θ = {THETAS[jump]:.1f} to {THETAS[jump + 1]:.1f} (a straight dial: 0.10)"
        back = rows.argmin()
        line += f"; from {THETAS[back]:.1f} to {THETAS[back + 1]:.1f} the style is lost again ({rows[back]:.2f})." if rows[back] < -0.1 else "."
        lines.append(wrapped(line, "  "))
    return "\n".join(lines) + "\n"


def judge_errors(figures: dict) -> str:
    """How far the strengths can be trusted, on rendered scenes that the judge never saw."""
    lines = ["\n## The judge's own errors\n", "| style | mean absolute error | correlation |", "|---|---|---|"]
    for style in ATTRIBUTES:
        lines.append(f"| {WORDS[style]} | {figures[style]['mean absolute error']:.2f} | {figures[style]['correlation']:.3f} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = script_parser(__doc__, "work")
    parser.add_argument("--program", type=pathlib.Path, default=pathlib.Path("build/release/bin/latentdial"), help="what makes the pictures")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/slerp-response"))
    parser.add_argument("--docs", type=pathlib.Path, default=pathlib.Path("docs"))
    arguments = parser.parse_args()
    scorer = train_scorer(arguments.work, arguments.threads, arguments.device)
    text = TITLE
    for method in ("slerp", "lerp"):
        strengths, kept = measure(scorer, arguments.program, arguments.out, method)
        text += table(method, strengths, kept) + findings(strengths)
    text += judge_errors(report(scorer, arguments.threads)) + "\n## The strips (slerp, seed 0)\n"
    for prompt, style in PROMPTS:
        _, sheet = strip(arguments.program, arguments.out, prompt, style, SEEDS[0], "slerp")
        name = f"slerp-{style.replace(' ', '-')}.png"
        (arguments.docs / "pictures").mkdir(exist_ok=True)
        Image.open(sheet).save(arguments.docs / "pictures" / name, optimize=True)
        text += f"![{prompt} + {WORDS[style]}](pictures/{name})\n"
    (arguments.docs / "slerp-response.md").write_text(text)


if __name__ == "__main__":
    main()
