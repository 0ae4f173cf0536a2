"""The judge of everything but style: whether it is still the same scene, what its subject is, and how whole the picture is."""

import pathlib

import numpy
import torch

from research.ruler.damage import damaged_at_random
from research.ruler.generated import generated, restyle_all
from research.ruler.rendered import LATENT_NOISE, blurred, render_all, round_trip, to_pixels
from research.ruler.scorers import block
from research.training.checkpoint import load_state, save_state
from research.training.fit import fit
from research.world1.captions import Scene, random_scene
from research.world1.scenes import SUBJECTS
from research.world1.styles import STYLES

PROMPTS = 1200  # Of rendered scenes.
GENERATED = 400  # More of the model's own pictures: what it leaves vague must not count as another scene.
SEEDS = 4  # Of each prompt: the hard negatives, alike but for colours, sun, clouds and two pixels of place.
VIEWS = 6  # Of each scene: one plain, the others of any style and strength; one of them lightly damaged, one seen through the autoencoder.
LIGHT = 0.4  # Damage that leaves the scene what it is: what became of the quality is another question.
DAMAGED = 6000
STEPS = 2400
PROMPTS_A_BATCH = 16
TEMPERATURE = 0.1
WIDTH = 64  # Of an embedding.


class Content(torch.nn.Module):
    """[N, 3, 128, 128] in −1…1 → unit embeddings [N, 64], subject scores [N, 12], damage [N] from 0 none to 1 ruined."""

    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Sequential(block(3, 48, 5, 4), block(48, 64, 3, 2), block(64, 96, 3, 2), block(96, 128, 3, 2), torch.nn.Flatten())
        self.embedding = torch.nn.Sequential(torch.nn.Linear(128 * 16, 256), torch.nn.ReLU(), torch.nn.Linear(256, WIDTH))
        self.subject = torch.nn.Linear(128 * 16, len(SUBJECTS))
        self.damage = torch.nn.Sequential(torch.nn.Linear(128 * 16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.trunk(pictures)
        return torch.nn.functional.normalize(self.embedding(features), dim=1), self.subject(features), self.damage(features)[:, 0]


def random_style(rng: numpy.random.Generator) -> tuple[str, float]:
    """Any style at any strength."""
    return str(rng.choice(STYLES)), float(rng.random())


def views(rng: numpy.random.Generator) -> list[list[Scene]]:
    """SEEDS scenes of one random prompt, each VIEWS times."""
    prompt = random_scene(rng)
    scenes = []
    for seed in rng.integers(2**31, size=SEEDS):
        scene = [(None, 0.0)] + [random_style(rng) for _ in range(VIEWS - 1)]
        scenes.append([Scene(prompt.subject, prompt.place, prompt.modifiers, style, strength, int(seed)) for style, strength in scene])
    return scenes


def generated_views(rng: numpy.random.Generator, program: pathlib.Path, model: pathlib.Path, work: pathlib.Path) -> tuple[numpy.ndarray, list[int]]:
    """The same of the model's pictures, with the renderer's styles over them: [GENERATED, SEEDS, VIEWS, 128, 128, 3] and subjects."""
    plain, subjects = generated(program, model, work / "ruler", 23, GENERATED, SEEDS)
    styles = [style for _ in range(GENERATED * SEEDS) for style in [(None, 0.0, 0)] + [(*random_style(rng), int(rng.integers(2**31))) for _ in range(VIEWS - 1)]]
    pictures = restyle_all(plain.reshape(-1, *plain.shape[2:]).repeat(VIEWS, 0), styles)
    return pictures.reshape(GENERATED, SEEDS, VIEWS, *pictures.shape[1:]), subjects


def training_views(program: pathlib.Path, model: pathlib.Path, work: pathlib.Path) -> tuple[numpy.ndarray, torch.Tensor]:
    """Pictures uint8 [PROMPTS + GENERATED, SEEDS, VIEWS, 128, 128, 3] and the prompts' subjects."""
    rng, autoencoder = numpy.random.default_rng(23), model / "vae"
    scenes = [views(rng) for _ in range(PROMPTS)]
    pictures = render_all([view for prompt in scenes for scene in prompt for view in scene])
    pictures = pictures.reshape(PROMPTS, SEEDS, VIEWS, *pictures.shape[1:])
    made, made_subjects = generated_views(rng, program, model, work)
    pictures = numpy.concatenate([pictures, made])
    worn = pictures[:, :, -2]
    worn[:] = damaged_at_random(worn.reshape(-1, *worn.shape[2:]), 2, LIGHT)[0].reshape(worn.shape)
    last = pictures[:, :, -1]
    last[:] = round_trip(autoencoder, last.reshape(-1, *last.shape[2:]), LATENT_NOISE).reshape(last.shape)
    return pictures, torch.tensor([SUBJECTS.index(prompt[0][0].subject) for prompt in scenes] + made_subjects)


def contrast(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """InfoNCE of two views of the same scenes, both [N, 64]: each must find its own among all the others."""
    similarity = one @ other.T / TEMPERATURE
    own = torch.arange(len(one))
    return torch.nn.functional.cross_entropy(similarity, own) + torch.nn.functional.cross_entropy(similarity.T, own)


def load_content(work: pathlib.Path, program: pathlib.Path, model: pathlib.Path) -> Content:
    """The judge, from work/ruler/content.pt, or trained when that is missing."""
    torch.manual_seed(23)
    judge = Content().to(memory_format=torch.channels_last)
    path = work / "ruler/content.pt"
    if (state := load_state(path, "cpu")) is not None:
        judge.load_state_dict(state)
        return judge.eval()
    rng = numpy.random.default_rng([23, 1])
    pictures, subjects = training_views(program, model, work)
    every = pictures.reshape(-1, *pictures.shape[3:])
    ruined, amounts, _ = damaged_at_random(every[rng.permutation(len(every))[:DAMAGED]], 0)
    scenes = PROMPTS_A_BATCH * SEEDS

    def loss() -> torch.Tensor:
        prompts = rng.permutation(len(pictures))[:PROMPTS_A_BATCH]
        shown = rng.random((2, PROMPTS_A_BATCH, SEEDS, VIEWS)).argsort(-1)[0, ..., :2]
        pair = [pictures[prompts[:, None], numpy.arange(SEEDS), shown[..., i]].reshape(scenes, *pictures.shape[3:]) for i in range(2)]
        bad = rng.integers(DAMAGED, size=scenes)
        embeddings, subject, damage = judge(blurred(to_pixels(numpy.concatenate([*pair, ruined[bad]]))))
        wanted = torch.cat([torch.zeros(2 * scenes), torch.from_numpy(amounts[bad])])
        same = contrast(embeddings[:scenes], embeddings[scenes : 2 * scenes])
        same = same + torch.nn.functional.cross_entropy(subject[: 2 * scenes], subjects[prompts].repeat_interleave(SEEDS).repeat(2))
        return same + 3 * torch.nn.functional.smooth_l1_loss(damage, wanted, beta=0.1)

    fit(judge, loss, STEPS, 3e-3, "content")
    path.parent.mkdir(parents=True, exist_ok=True)
    save_state(path, judge.state_dict())
    return judge.eval()


@torch.inference_mode()
def look(judge: Content, pictures: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """uint8 pictures [N, 128, 128, 3] → unit embeddings [N, 64], subject indices [N], quality [N] from 0 ruined to 1 whole."""
    parts = [judge(to_pixels(pictures[i : i + 100])) for i in range(0, len(pictures), 100)]
    embeddings, subjects, damage = (torch.cat(part) for part in zip(*parts))
    return embeddings.numpy(), subjects.argmax(1).numpy(), 1 - damage.clamp(0, 1).numpy()


def embed(judge: Content, pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3] → unit embeddings [N, 64] that know the scene and not its style."""
    return look(judge, pictures)[0]


def quality(judge: Content, pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3] → [N] from 0 (ruined) to 1 (whole)."""
    return look(judge, pictures)[2]


def distance(one: numpy.ndarray, other: numpy.ndarray) -> numpy.ndarray:
    """1 − cosine of embeddings [..., 64]: 0 the same scene, about 1 unrelated."""
    return 1 - (one * other).sum(-1)
