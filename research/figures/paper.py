"""The paper's prompts, its slerp beside the calibrated dial, position 0 to 1: python -m research.figures.paper --out out/paper

The three prompts that the paper strengthens, without their style's words, and its Figure 9, which weakens a style that the prompt names."""

import pathlib
import subprocess

from PIL import Image, ImageDraw, ImageFont

from research.ruler.plan import COMMON, CALIBRATION_SEED
from research.world1.arguments import script_parser

# Prompt, style, the paper's method and the sign of the positions.
STRIPS = (
    ("doomsday pyramid alien invasion", "cyberpunk", "slerp", 1),
    ("city architecture", "futuristic high tech", "slerp", 1),
    ("temple hidden in the jungle", "Monet style", "slerp", 1),
    ("temple hidden in the jungle, Monet style", "Monet style", "slerp-diff", -1),
)
POSITIONS = 11
SIZE, MARGIN, LINE = 96, 12, 18


def make(program: pathlib.Path, folder: pathlib.Path, prompt: str, style: str, method: str, sign: int, options: list[str]) -> list[Image.Image]:
    """The frames of one strip."""
    settings = ["--sampler", COMMON["sampler"], "--steps", str(COMMON["steps"]), "--cfg", str(COMMON["guidance_scale"]), "--seed", str(CALIBRATION_SEED + 7)]
    positions = f"0:{sign}:{POSITIONS}"
    subprocess.run([program, "dial", "-p", prompt, "--style", style, "--method", method, "--at", positions, "-o", folder, "-q", *settings, *options], check=True, stdout=subprocess.DEVNULL)
    return [Image.open(folder / f"frame-{i:03}.png").convert("RGB") for i in range(POSITIONS)]


def sheet(rows: list[tuple[str, list[Image.Image]]]) -> Image.Image:
    """Strips one below the other, each under its title."""
    width = 2 * MARGIN + POSITIONS * SIZE
    page = Image.new("RGB", (width, MARGIN + len(rows) * (SIZE + LINE + MARGIN)), "white")
    draw, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for i, (title, frames) in enumerate(rows):
        top = MARGIN + i * (SIZE + LINE + MARGIN)
        draw.text((MARGIN, top - 2), title, "black", font)
        for k, frame in enumerate(frames):
            page.paste(frame.resize((SIZE, SIZE), Image.LANCZOS), (MARGIN + k * SIZE, top + LINE))
    return page


def main() -> None:
    parser = script_parser(__doc__, "program", "model")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/paper"))
    arguments = parser.parse_args()
    rows = []
    for i, (prompt, style, papers, sign) in enumerate(STRIPS):
        for method in (papers, "calibrated"):
            frames = make(arguments.program, arguments.out / f"{i}-{method}", prompt, style, method, sign, ["-m", str(arguments.model)])
            rows.append((f"{prompt} · {style} · {method} · 0 to {sign}", frames))
    sheet(rows).save(arguments.out / "paper.png")
    print(arguments.out / "paper.png")


if __name__ == "__main__":
    main()
