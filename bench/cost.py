"""What a guided U-Net call costs against the picture's size and the pictures in it, ours and the peers', as a figure.

    python bench/cost.py out/sizes.json [out/pictures.json ...] -o docs/pictures/cost.png

The files are of bench/run.py, of one machine: `--stages unet --sizes 256 512 768 1024` and `--stages unet --pictures 1 2 4`.
"""

import argparse
import json
import pathlib

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot

LABELS = {
    "ours": "latentdial",
    "ours int8": "latentdial, int8",
    "openvino": "OpenVINO",
    "openvino-int8": "OpenVINO, int8",
    "diffusers": "diffusers",
    "stable-diffusion.cpp": "stable-diffusion.cpp, f16",
}
SIZE = 512  # Of the pictures that share a call.


def draw(axes, rows: dict, who: str, keys: list[tuple[int, str]], per_picture: bool) -> None:
    at = [(x, rows[key][who]["seconds"] / (x if per_picture else 1)) for x, key in keys if who in rows.get(key, {})]
    if len(at) > 1:
        axes.plot(*zip(*at), marker="o", label=LABELS[who], color=f"C{list(LABELS).index(who)}", linestyle="--" if "int8" in who else "-")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("measured", type=pathlib.Path, nargs="+", help="of bench/run.py")
    parser.add_argument("-o", "--out", type=pathlib.Path, default=pathlib.Path("docs/pictures/cost.png"))
    arguments = parser.parse_args()
    files = [json.loads(path.read_text()) for path in arguments.measured]
    if len({file["cpu"] for file in files}) > 1:
        parser.error("these were measured on different machines")
    rows = {key: row for file in files for key, row in file["rows"].items()}
    calls = sorted((int(size), int(pictures[1:])) for stage, size, pictures in map(str.split, rows) if stage == "unet")
    sizes = [(size, f"unet {size} x1") for size, pictures in calls if pictures == 1]
    batches = [(pictures, f"unet {size} x{pictures}") for size, pictures in calls if size == SIZE]
    figure, (by_size, by_pictures) = pyplot.subplots(1, 2, figsize=(11, 3.6), layout="constrained")
    for who in LABELS:
        draw(by_size, rows, who, sizes, per_picture=False)
        draw(by_pictures, rows, who, batches, per_picture=True)
    by_size.set(xscale="log", yscale="log", xlabel="side of the picture, pixels", ylabel="seconds of a guided U-Net call")
    by_size.set_xticks([size for size, _ in sizes], labels=[str(size) for size, _ in sizes], minor=False)
    by_size.minorticks_off()
    by_size.set_yticks([0.5, 1, 2, 5, 10, 20, 50], labels=["0.5", "1", "2", "5", "10", "20", "50"])
    by_pictures.set(ylim=(0, None), xlabel=f"pictures of {SIZE}×{SIZE} in a call", ylabel="seconds of a picture")
    by_pictures.set_xticks([pictures for pictures, _ in batches])
    figure.legend(*by_size.get_legend_handles_labels(), loc="outside right center", fontsize="small")
    figure.suptitle(f"SD v1, bf16 unless said, {files[0]['cpu']}, {files[0]['cores']} cores", fontsize="medium")
    figure.savefig(arguments.out, dpi=110)


if __name__ == "__main__":
    main()
