"""Rendered scenes in endless, repeatable order, and their latents in files."""

import functools
import multiprocessing
import multiprocessing.pool
import os
import pathlib
import signal
from collections.abc import Iterator

import numpy
import torch
from diffusers import AutoencoderKL
from transformers import CLIPTokenizer

from research.training.loop import Stop
from research.world.captions import caption, random_scene
from research.world.render import render

CAPTIONS = 4  # A scene; each names what it names anew.
CHUNK = 200
SHARD = 5_000
OVERSHOOT_FROM = 0.9  # Scenes whose attributes are all so strong have their plain twin beside them.


def to_unit(pictures: numpy.ndarray) -> torch.Tensor:
    """uint8 [N, 128, 128, 3] → float32 [N, 3, 128, 128] in −1…1, channels last in memory."""
    return torch.from_numpy(pictures).float().div_(127.5).sub_(1).permute(0, 3, 1, 2)


def captioned(index: int, recomposes: bool = False) -> tuple[numpy.ndarray, list[str], bool, numpy.ndarray | None]:
    """Scene `index` of the training: picture, captions, whether it is plain, and the plain twin of one whose attributes are at full strength."""
    rng = numpy.random.default_rng([41, index])
    scene = random_scene(rng).at(recomposes=recomposes)
    full = scene.strengths and min(scene.strengths.values()) >= OVERSHOOT_FROM
    texts = [caption(scene, rng) for _ in range(CAPTIONS)]
    return render(scene), texts, not scene.strengths, render(scene.at(strengths={})) if full else None


def picture(index: int) -> numpy.ndarray:
    """Scene `index` of those that the autoencoder learns from."""
    return render(random_scene(numpy.random.default_rng([43, index])))


def renderers(processes: int) -> multiprocessing.pool.Pool:
    """Processes that render. Forked, since they need nothing that takes seconds to import."""
    return multiprocessing.get_context("fork").Pool(processes, leave_signals_to_the_parent)


def leave_signals_to_the_parent() -> None:
    """A signal to the whole group must not take away what the parent waits for; it ends its processes itself."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


class Stream:
    """Pictures from number `first` on, rendered ahead by `processes`; the same whatever their number."""

    def __init__(self, first: int, processes: int):
        self.pool = renderers(processes)
        self.first, self.ready = first, []
        self.chunks: Iterator = iter(())

    def take(self, count: int) -> numpy.ndarray:
        """The next pictures, uint8 [count, 128, 128, 3]."""
        while len(self.ready) < count:
            try:
                self.ready.append(next(self.chunks))
            except StopIteration:
                self.chunks = self.pool.imap(picture, range(self.first, self.first + 20 * CHUNK), chunksize=10)
                self.first += 20 * CHUNK
        taken, self.ready = self.ready[:count], self.ready[count:]
        return numpy.stack(taken)

    def close(self) -> None:
        self.pool.terminate()


@torch.inference_mode()
def encode(autoencoder: AutoencoderKL, pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 pictures → latents as the U-Net sees them, f16 [N, 12, 16, 16]."""
    x = to_unit(pictures).to(autoencoder.device)
    return (autoencoder.encode(x).latent_dist.mode() * autoencoder.config.scaling_factor).half().cpu().numpy()


def tokenize(tokenizer: CLIPTokenizer, captions: list[str]) -> torch.Tensor:
    """Ids [N, 32]."""
    return tokenizer(captions, padding="max_length", truncation=True, max_length=tokenizer.model_max_length, return_tensors="pt").input_ids


def write_shard(path: pathlib.Path, first: int, autoencoder: AutoencoderKL, tokenizer: CLIPTokenizer, processes: int, stop: Stop, recomposes: bool) -> None:
    """Of scenes `first` … `first` + SHARD − 1: latents, ids of the captions, which are plain, twins and whose (`twin_of`) they are."""
    latents, ids, plain, twins, twin_of = [], [], [], [], []
    with renderers(processes) as pool:
        scenes = pool.imap(functools.partial(captioned, recomposes=recomposes), range(first, first + SHARD), chunksize=20)
        for start in range(0, SHARD, CHUNK):
            stop.leave("rendering")
            pictures, captions, is_plain, twin = zip(*(next(scenes) for _ in range(CHUNK)))
            plain.append(is_plain)
            latents.append(encode(autoencoder, numpy.stack(pictures)))
            ids.append(tokenize(tokenizer, [text for texts in captions for text in texts]).view(CHUNK, CAPTIONS, -1).numpy().astype(numpy.uint16))
            if kept := [i for i in range(CHUNK) if twin[i] is not None]:
                twins.append(encode(autoencoder, numpy.stack([twin[i] for i in kept])))
                twin_of += [start + i for i in kept]
    temporary = path.with_suffix(".tmp.npz")
    arrays = {"latents": latents, "ids": ids, "plain": plain, "twins": twins}
    numpy.savez(temporary, twin_of=numpy.array(twin_of), **{name: numpy.concatenate(parts) for name, parts in arrays.items()})
    temporary.rename(path)


def shards(folder: pathlib.Path, first: int, count: int) -> dict[int, pathlib.Path]:
    """The files of scenes `first` … `first` + `count` − 1 by their first scene, written or not."""
    return {scene: folder / f"scenes-{scene:07d}.npz" for scene in range(first, first + count, SHARD)}


def write_shards(
    files: dict[int, pathlib.Path], autoencoder: AutoencoderKL, tokenizer: CLIPTokenizer, processes: int, stop: Stop, recomposes: bool = False
) -> None:
    """Those of the `files` (see shards) that are still missing; `recomposes` as a scene's."""
    for i, (first, path) in enumerate(files.items()):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_shard(path, first, autoencoder, tokenizer, processes, stop, recomposes)
            print(f"scenes {(i + 1) * SHARD}/{len(files) * SHARD}", flush=True)


def load_shards(paths: list[pathlib.Path]) -> dict[str, numpy.ndarray]:
    """All scenes: latents [N, 12, 16, 16] f16, ids [N, CAPTIONS, 32], twins [M, 12, 16, 16] f16, `twin` [N] their rows (−1: none).

    The last twin is the mean of all scenes; it stands beside the plain ones."""
    stored = [dict(numpy.load(path)) for path in paths]
    latents, ids, plain, twins = (numpy.concatenate([s[name] for s in stored]) for name in ("latents", "ids", "plain", "twins"))
    mean = numpy.mean([s["latents"].mean(0, dtype=numpy.float32) for s in stored], 0, keepdims=True).astype(numpy.float16)
    twin = numpy.where(plain, len(twins), -1)
    twin[numpy.concatenate([s["twin_of"] + i * SHARD for i, s in enumerate(stored)])] = numpy.arange(len(twins))
    return {"latents": latents, "ids": ids, "twins": numpy.concatenate([twins, mean]), "twin": twin}
