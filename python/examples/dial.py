"""A strip of pictures from none of a style to all of it.

    python python/examples/dial.py "a temple in the jungle" "Monet style" --out strip.png
"""

import argparse

import latentdial


def main() -> None:
    parser = argparse.ArgumentParser(description="A strip of pictures from none of a style to all of it.")
    parser.add_argument("prompt", nargs="?", default="a temple in the jungle")
    parser.add_argument("style", nargs="?", default="Monet style")
    parser.add_argument("--at", default="0:1:5", help="dial positions A:B:N (default: 0:1:5)")
    parser.add_argument("--model", help="diffusers folder, .safetensors or .ckpt (default: the embedded model)")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--out", default="strip.png")
    arguments = parser.parse_args()

    pipe = latentdial.Pipeline.from_pretrained(arguments.model)
    strip = pipe.dial(arguments.prompt, arguments.style, at=arguments.at, steps=arguments.steps, seed=arguments.seed)
    latentdial.save(strip.sheet(), arguments.out)
    for notice in strip.notices:
        print(notice)
    for position, reading in zip(strip.positions, pipe.measure(strip.images, arguments.style, arguments.prompt)):
        print(f"{position:6.2f}  the meter reads {reading.strength:5.2f} ± {reading.standard_error:.2f}")


if __name__ == "__main__":
    main()
