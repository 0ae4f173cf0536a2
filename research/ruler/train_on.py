"""Trains the shipped judge of ghosts on, with fewer strips and steps than its first training had: `python -m research.ruler.train_on`."""

from research.ruler.ghosts import Counts, Ghosts, ghost_loss, training_strips
from research.ruler.pushed_dials import answered, dial_strips
from research.ruler.rendered import Codec
from research.ruler.shipped import shipped_state
from research.ruler.workshop import Maker, Workshop, ruler_parser
from research.training.checkpoint import save_state
from research.training.fit import fit

COUNTS = Counts(1300, 416, 208)
DIALS = 91
STEPS, RATE = 300, 1e-3
SEED = 2


def main() -> None:
    arguments = ruler_parser(__doc__, "work", "program", "model").parse_args()
    autoencoder = arguments.model / "vae"
    workshop = Workshop(arguments.work, autoencoder, Maker(arguments.program, arguments.model))
    judge = Ghosts()
    judge.load_state_dict(shipped_state(autoencoder, "ghosts"))
    codec = Codec(autoencoder)
    before = answered(judge.eval(), dial_strips(workshop, DIALS), codec)
    strips = training_strips(workshop, codec, COUNTS)
    fit(judge.train(), ghost_loss(judge, strips, SEED, answered=before), STEPS, RATE, "ghosts", workshop.folder / "ghosts.part")
    save_state(workshop.folder / "ghosts.pt", judge.state_dict())


if __name__ == "__main__":
    main()
