"""The judge of everything but the attribute that is turned: whether it is still the same scene, what its subject is, how whole the picture is."""

import numpy
import torch

from research.ruler.damage import damaged_at_random
from research.ruler.generated import TECHNIQUES, plain_pictures, restyle_all
from research.ruler.network import Residual, block
from research.ruler.rendered import LATENT_NOISE, Codec, out_of_focus, render_all, round_trip
from research.ruler.workshop import Workshop, trained
from research.training.pictures import to_unit
from research.world.captions import plain_scene, random_strength
from research.world.scene import ATTRIBUTES, Scene
from research.world.subjects import SUBJECTS

STREAM = 53
PROMPTS = 1500  # Of rendered scenes.
GENERATED = 400  # More of the model's own pictures: what it leaves vague must not count as another scene.
SEEDS = 4  # Of each prompt: the hard negatives, alike but for colours, sun, clouds and some pixels of place.
VIEWS = 6  # Of each scene: one plain, the others of any attribute and strength; one of them lightly damaged, one seen through the autoencoder.
LIGHT = 0.4  # Damage that leaves the scene what it is: what became of the quality is another question.
DAMAGED = 6000
STEPS = 3000
PROMPTS_A_BATCH = 16
TEMPERATURE = 0.1
WIDTH = 64  # Of an embedding.


class Content(torch.nn.Module):
    """[N, 3, 128, 128] in −1…1 → unit embeddings [N, 64], subject scores [N, 12], damage [N] from 0 none to 1 ruined."""

    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Sequential(
            torch.nn.PixelUnshuffle(4),
            block(48, 64, 3, 2),
            Residual(64),
            block(64, 96, 3, 2),
            Residual(96),
            block(96, 128, 3, 2),
            torch.nn.Flatten(),
        )
        self.embedding = torch.nn.Sequential(torch.nn.Linear(128 * 16, 256), torch.nn.ReLU(), torch.nn.Linear(256, WIDTH))
        self.subject = torch.nn.Linear(128 * 16, len(SUBJECTS))
        self.damage = torch.nn.Sequential(torch.nn.Linear(128 * 16, 64), torch.nn.ReLU(), torch.nn.Linear(64, 1))

    def forward(self, pictures: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        features = self.trunk(pictures)
        return torch.nn.functional.normalize(self.embedding(features), dim=1), self.subject(features), self.damage(features)[:, 0]


def views(rng: numpy.random.Generator) -> list[list[Scene]]:
    """SEEDS scenes of one random prompt, each VIEWS times: whatever an attribute does to it, a giant's size or a ruin's outline, it is the same scene."""
    prompt, every = plain_scene(rng), []
    for seed in rng.integers(2**31, size=SEEDS):
        scene = prompt.at(seed=int(seed))
        every.append([scene, *(scene.at(strengths={str(rng.choice(ATTRIBUTES)): random_strength(rng)}) for _ in range(VIEWS - 1))])
    return every


def generated_views(workshop: Workshop, rng: numpy.random.Generator) -> tuple[numpy.ndarray, list[int]]:
    """The same of the model's pictures, with the renderer's techniques over them: [prompts, SEEDS, VIEWS, 128, 128, 3] and subjects."""
    count = workshop.count(GENERATED)
    plain, subjects = plain_pictures(workshop, STREAM, count, SEEDS)
    styles = []
    for _ in range(count * SEEDS):
        styles += [(None, 0.0, 0), *((str(rng.choice(TECHNIQUES)), random_strength(rng), int(rng.integers(2**31))) for _ in range(VIEWS - 1))]
    pictures = restyle_all(plain.reshape(-1, *plain.shape[2:]).repeat(VIEWS, 0), styles)
    return pictures.reshape(count, SEEDS, VIEWS, *pictures.shape[1:]), subjects


def training_views(workshop: Workshop, codec: Codec) -> tuple[numpy.ndarray, torch.Tensor]:
    """Pictures uint8 [prompts, SEEDS, VIEWS, 128, 128, 3] and the prompts' subjects."""
    rng, count = numpy.random.default_rng(STREAM), workshop.count(PROMPTS)
    scenes = [views(rng) for _ in range(count)]
    pictures = render_all([view for prompt in scenes for scene in prompt for view in scene])
    pictures = pictures.reshape(count, SEEDS, VIEWS, *pictures.shape[1:])
    subjects = [SUBJECTS.index(prompt[0][0].subject) for prompt in scenes]
    if workshop.maker:
        own, own_subjects = generated_views(workshop, rng)
        pictures, subjects = numpy.concatenate([pictures, own]), subjects + own_subjects
    worn = pictures[:, :, -2]
    worn[:] = damaged_at_random(worn.reshape(-1, *worn.shape[2:]), 2, LIGHT)[0].reshape(worn.shape)
    pictures[:, :, -1] = round_trip(codec, pictures[:, :, -1], LATENT_NOISE)
    return pictures, torch.tensor(subjects)


def contrast(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """InfoNCE of two views of the same scenes, both [N, 64]: each must find its own among all the others."""
    similarity = one @ other.T / TEMPERATURE
    own = torch.arange(len(one), device=one.device)
    return torch.nn.functional.cross_entropy(similarity, own) + torch.nn.functional.cross_entropy(similarity.T, own)


def content_loss(judge: Content, pictures: numpy.ndarray, subjects: torch.Tensor, device: str = "cpu"):
    """A function that gives the loss of a fresh batch of `training_views`: two views of each scene, and ruined pictures."""
    rng, subjects = numpy.random.default_rng([STREAM, 1]), subjects.to(device)
    every = pictures.reshape(-1, *pictures.shape[3:])
    ruined, amounts, _ = damaged_at_random(every[rng.permutation(len(every))[:DAMAGED]], 0)
    prompts_a_batch = min(PROMPTS_A_BATCH, len(pictures))
    scenes = prompts_a_batch * SEEDS

    def loss() -> torch.Tensor:
        prompts = rng.permutation(len(pictures))[:prompts_a_batch]
        shown = rng.random((prompts_a_batch, SEEDS, VIEWS)).argsort(-1)[..., :2]
        pair = [pictures[prompts[:, None], numpy.arange(SEEDS), shown[..., i]].reshape(scenes, *pictures.shape[3:]) for i in range(2)]
        bad = rng.integers(len(ruined), size=scenes)
        embeddings, subject, damage = judge(out_of_focus(to_unit(numpy.concatenate([*pair, ruined[bad]])).to(device)))
        wanted = torch.cat([torch.zeros(2 * scenes), torch.from_numpy(amounts[bad])]).to(device)
        same = contrast(embeddings[:scenes], embeddings[scenes : 2 * scenes])
        same = same + torch.nn.functional.cross_entropy(subject[: 2 * scenes], subjects[prompts].repeat_interleave(SEEDS).repeat(2))
        return same + 3 * torch.nn.functional.smooth_l1_loss(damage, wanted, beta=0.1)

    return loss


def load_content(workshop: Workshop, codec: Codec) -> Content:
    """The judge, from content.pt, or trained when that is missing."""
    return trained(workshop, "content", Content, STREAM, STEPS, lambda judge: content_loss(judge, *training_views(workshop, codec), workshop.device))


@torch.inference_mode()
def look(judge: Content, pictures: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray, numpy.ndarray]:
    """uint8 pictures [N, 128, 128, 3] → unit embeddings [N, 64], subject indices [N], quality [N] from 0 ruined to 1 whole."""
    device = next(judge.parameters()).device
    parts = [judge(to_unit(pictures[i : i + 100]).to(device)) for i in range(0, len(pictures), 100)]
    embeddings, subjects, damage = (torch.cat(part).cpu() for part in zip(*parts))
    return embeddings.numpy(), subjects.argmax(1).numpy(), 1 - damage.clamp(0, 1).numpy()


def embed(judge: Content, pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 pictures [N, 128, 128, 3] → unit embeddings [N, 64] that know the scene and not what is turned."""
    return look(judge, pictures)[0]


def distance(one: numpy.ndarray, other: numpy.ndarray) -> numpy.ndarray:
    """1 − cosine of embeddings [..., 64]: 0 the same scene, about 1 unrelated."""
    return 1 - (one * other).sum(-1)
