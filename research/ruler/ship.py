"""Puts the judges that were trained here in the place of the shipped ones: `python -m research.ruler.ship`."""

import pathlib

from safetensors.torch import save_file

from research.ruler.shipped import FOLDER, weights_hash
from research.ruler.workshop import ruler_parser
from research.training.checkpoint import load_state

NAMES = ("scorer-A", "scorer-B", "content", "ghosts")


def ship(trained: dict[str, dict], autoencoder: pathlib.Path, folder: pathlib.Path = FOLDER) -> None:
    """States by name, as judges of what comes through `autoencoder`. Statistics of batches are vectors and stay as they are: their range is wide."""
    folder.mkdir(exist_ok=True)
    for name, state in trained.items():
        halves = {key: (value.half() if value.dim() > 1 else value).contiguous() for key, value in state.items()}
        save_file(halves, folder / f"{name}.safetensors", {"autoencoder": weights_hash(autoencoder)})


def main() -> None:
    arguments = ruler_parser(__doc__, "work", "model").parse_args()
    states = {name: load_state(arguments.work / "model" / f"{name}.pt") for name in NAMES}
    ship({name: state for name, state in states.items() if state is not None}, arguments.model / "vae")


if __name__ == "__main__":
    main()
