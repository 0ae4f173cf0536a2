"""The figures on the embedded model, through the package: strips are found again, a dead dial and a spoilt picture are seen."""

import json
import pathlib
import subprocess
import sys

import numpy
import pytest
from PIL import Image

from research.ruler.own.denoiser import Denoiser, against_ends
from research.ruler.own.figures import model_figures, summary
from research.ruler.own.strips import faded, found_strips, made_strips
from research.ruler.own.validate import auc, validate

latentdial = pytest.importorskip("latentdial")
ROOT = pathlib.Path(__file__).resolve().parents[3]
MODEL = ROOT / "models/scenes"
PROMPT, STYLE = "a castle by the lake", "Monet style"


@pytest.fixture(scope="module")
def denoiser():
    return Denoiser(latentdial.Pipeline.from_pretrained(MODEL, threads=1), MODEL)


@pytest.fixture(scope="module")
def made(denoiser, tmp_path_factory):
    """A strip that the model made, and the folder that keeps it."""
    out = tmp_path_factory.mktemp("strips")
    return next(made_strips(denoiser.pipe, [PROMPT], [STYLE], ["lerp"], [4], "0:1:4", out, steps=10, sampler="dpm++2m")), out


def test_a_strip_is_found_by_its_settings(made, tmp_path):
    strip, out = made
    found, notices = found_strips([out])
    assert notices == []
    assert [(one.prompt, one.style, one.seed, one.positions.tolist()) for one in found] == [(PROMPT, STYLE, 4, pytest.approx([0, 1 / 3, 2 / 3, 1]))]
    assert (found[0].pictures == strip.pictures).all()
    Image.fromarray(strip.pictures[0]).save(tmp_path / "bare.png")
    (first,) = sorted(out.rglob("frame-000.png"))
    (tmp_path / "alone.png").write_bytes(first.read_bytes())
    found, notices = found_strips([tmp_path])
    assert found == [] and len(notices) == 1


def test_a_dead_dial_has_no_path_and_no_rise_on_the_meter(denoiser, made):
    strip = made[0]
    strip = type(strip)(**{**vars(strip), "pictures": strip.pictures[[0, 0, 0, 0]]})
    figures = model_figures(strip, denoiser, evaluations=4)
    assert numpy.isnan(figures["delta smooth"]).all() and numpy.isnan(figures["largest step"])
    assert len(set(figures["readings"].tolist())) == 1 or numpy.isnan(figures["readings"]).all()


def test_a_jump_is_one_large_step(denoiser, made):
    strip = made[0]
    jump = type(strip)(**{**vars(strip), "pictures": strip.pictures[[0, 0, 3, 3]]})
    figures = model_figures(jump, denoiser, evaluations=2)
    assert figures["largest step"] == pytest.approx(3)
    assert model_figures(faded(strip), denoiser, evaluations=2)["largest step"] < 1.8


def test_a_spoilt_position_is_doubted(denoiser, made):
    plain = made[0].pictures[0]
    rng = numpy.random.default_rng(1)
    tiles = plain.reshape(8, 16, 8, 16, 3).swapaxes(1, 2).reshape(64, 16, 16, 3)
    shuffled = rng.permutation(tiles).reshape(8, 8, 16, 16, 3).swapaxes(1, 2).reshape(128, 128, 3)
    grain = numpy.clip(plain.astype(int) + rng.integers(-70, 70, plain.shape), 0, 255).astype(numpy.uint8)
    doubts = against_ends(denoiser.doubts(denoiser.latents(numpy.stack([plain, grain, shuffled, plain])), PROMPT))
    assert doubts[[0, 3]] == pytest.approx([1, 1], rel=1e-3)
    assert doubts[2] > max(1.5, doubts[1])
    assert doubts[1] > 1.05


def test_a_strip_that_goes_back_and_forth_is_not_smooth(denoiser, made):
    strip = made[0]
    swapped = type(strip)(**{**vars(strip), "pictures": strip.pictures[[0, 3, 0, 3]]})
    there_and_back = summary([{"method": "", "positions": strip.positions, **model_figures(swapped, denoiser, evaluations=2)}])
    straight = summary([{"method": "", "positions": strip.positions, **model_figures(faded(strip), denoiser, evaluations=2)}])
    # A way that ends where it began has no length past it, so no δ: it is left out and counted.
    assert there_and_back["delta smooth"]["no figure"] == 2
    assert straight["delta smooth"]["mean"] < 0.5


def test_the_validation_runs_through_the_autoencoder(denoiser):
    figures = validate(denoiser, 1, ("giant",))["giant"]
    assert auc(*figures["C, drawn"]) == auc(*figures["C, decoded"]) == 1
    assert auc(*figures["R, decoded"]) > 0.9


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "research.ruler.own", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_command_judges_a_folder(made):
    result = run("--pixels", "--fade", "--json", made[1])
    assert result.returncode == 0, result.stderr
    methods = json.loads(result.stdout)["methods"]
    assert methods["fade of lerp"]["C"]["mean"] > 0.99
    assert methods["lerp"]["C"]["mean"] < methods["fade of lerp"]["C"]["mean"]


def test_the_command_says_what_it_lacks(tmp_path):
    result = run("--pixels", tmp_path)
    assert result.returncode == 1 and result.stderr.startswith("ruler: no strip is there to judge")
