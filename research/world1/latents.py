"""Latents in closed form: the principal components of 8×8 patches, and the cache of scenes that the U-Net trains on.

A linear patch basis costs nothing to fit and is as good for diffusion at this size as a learnt encoder; the encoder is distilled to it,
and the decoder learns to turn it into sharper pictures than the basis alone can.
"""

import dataclasses
import multiprocessing
import pathlib

import numpy

from research.world1.captions import caption, random_scene
from research.world1.scenes import draw_scene
from research.world1.styles import apply_style

PATCH = 8
CHANNELS = 12
PICTURES_KEPT = 1500  # Per cache file, for the autoencoder.


@dataclasses.dataclass
class PatchBasis:
    """z = ((patch − mean) · components) / spread; unscaled latents have variance std(component), the U-Net sees z · scaling_factor."""

    mean: numpy.ndarray  # [192]
    components: numpy.ndarray  # [192, CHANNELS]
    spread: numpy.ndarray  # [CHANNELS], square root of each component's standard deviation
    scaling_factor: float

    @staticmethod
    def fit(pictures: numpy.ndarray) -> "PatchBasis":
        """From pictures [N, H, W, 3] in −1…1."""
        patches = to_patches(pictures).reshape(-1, PATCH * PATCH * 3)
        mean = patches.mean(0)
        values, vectors = numpy.linalg.eigh(numpy.cov(patches - mean, rowvar=False))
        std = numpy.sqrt(values[::-1][:CHANNELS])
        spread = numpy.sqrt(std)
        overall = float(numpy.sqrt(numpy.mean((std / spread) ** 2)))
        return PatchBasis(mean, vectors[:, ::-1][:, :CHANNELS].copy(), spread, 1 / overall)

    def encode(self, pictures: numpy.ndarray) -> numpy.ndarray:
        """[N, H, W, 3] in −1…1 → unscaled latents [N, CHANNELS, H/8, W/8]."""
        z = (to_patches(pictures) - self.mean) @ self.components / self.spread
        return z.transpose(0, 3, 1, 2).astype(numpy.float32)

    def save(self, path: pathlib.Path) -> None:
        numpy.savez(path, **dataclasses.asdict(self))

    @staticmethod
    def load(path: pathlib.Path) -> "PatchBasis":
        stored = numpy.load(path)
        return PatchBasis(stored["mean"], stored["components"], stored["spread"], float(stored["scaling_factor"]))


def to_patches(pictures: numpy.ndarray) -> numpy.ndarray:
    """[N, H, W, 3] → [N, H/8, W/8, 192]."""
    n, h, w, _ = pictures.shape
    blocks = pictures.reshape(n, h // PATCH, PATCH, w // PATCH, PATCH, 3).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, h // PATCH, w // PATCH, PATCH * PATCH * 3)


def render(scene) -> numpy.ndarray:
    """The scene as uint8 [128, 128, 3]."""
    picture = apply_style(draw_scene(scene.subject, scene.place, scene.modifiers, scene.seed), scene.style, scene.strength, scene.seed)
    return (numpy.clip(picture, 0, 1) * 255 + 0.5).astype(numpy.uint8)


def render_captioned(seed: int) -> tuple[numpy.ndarray, str]:
    rng = numpy.random.default_rng([7, seed])
    scene = random_scene(rng)
    return render(scene), caption(scene, rng)


def to_unit(pictures: numpy.ndarray) -> numpy.ndarray:
    """uint8 → float32 in −1…1."""
    return pictures.astype(numpy.float32) / 127.5 - 1


def add_to_cache(folder: pathlib.Path, first: int, count: int, processes: int = 2) -> None:
    """Renders scenes `first` … `first + count − 1` into one cache file of latents (f16) and captions; keeps some pictures too."""
    folder.mkdir(parents=True, exist_ok=True)
    with multiprocessing.Pool(processes) as pool:
        rendered = pool.map(render_captioned, range(first, first + count), chunksize=64)
    pictures = numpy.stack([picture for picture, _ in rendered])
    basis_path = folder / "basis.npz"
    if not basis_path.exists():
        PatchBasis.fit(to_unit(pictures[:1500])).save(basis_path)
    basis = PatchBasis.load(basis_path)
    latents = numpy.concatenate([basis.encode(to_unit(pictures[i : i + 256])) for i in range(0, count, 256)])
    temporary = folder / f"scenes-{first:07d}.tmp.npz"
    numpy.savez(temporary, latents=(latents * basis.scaling_factor).astype(numpy.float16), captions=[c for _, c in rendered], pictures=pictures[:PICTURES_KEPT])
    temporary.rename(folder / f"scenes-{first:07d}.npz")


def cache_files(folder: pathlib.Path) -> list[pathlib.Path]:
    """The cache's whole files, in order."""
    return [path for path in sorted(folder.glob("scenes-[0-9]*.npz")) if ".tmp" not in path.name]


def load_cache(files: list[pathlib.Path]) -> tuple[numpy.ndarray, list[str]]:
    """The scaled latents [N, CHANNELS, 16, 16] f16 of these cache files and their captions."""
    stored = [numpy.load(path) for path in files]
    return numpy.concatenate([s["latents"] for s in stored]), [str(c) for s in stored for c in s["captions"]]
