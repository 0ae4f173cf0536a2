"""The figures for any checkpoint: what is good scores well, what is bad badly, and what means nothing has no figure."""

import json
import types

import numpy
import pytest
from PIL import Image

from research.ruler.own.denoiser import Denoiser, against_ends, signal_shares
from research.ruler.own.figures import judge, summary
from research.ruler.own.path import curve_errors, largest_step, smoothness
from research.ruler.own.pixels import contrast_loss, cross_fade_index, doubled_outlines, share
from research.ruler.own.report import as_json, table, write_sheet
from research.ruler.own.strips import Strip, faded, ordered
from research.ruler.own.validate import auc, drawn
from research.world.scene import Scene

FIGURES = (cross_fade_index, doubled_outlines, contrast_loss)
POSITIONS = numpy.linspace(0, 1, 6)
INNER = slice(1, -1)


def noise(seed: int) -> numpy.ndarray:
    return numpy.random.default_rng(seed).random((32, 32, 3))


def bar(left: int, depth: float = 1.0) -> numpy.ndarray:
    """A dark bar on white."""
    picture = numpy.ones((64, 64, 3))
    picture[16:48, left : left + 8] = 1 - depth
    return picture


def strip(pictures: list[numpy.ndarray], positions: numpy.ndarray = POSITIONS) -> Strip:
    return Strip("by hand", "a bar", "moved", 0, positions, numpy.rint(numpy.stack(pictures) * 255).astype(numpy.uint8))


# Pixels


def test_a_mix_has_a_cross_fade_index_of_1():
    for alpha in (0.1, 0.5, 0.8):
        mixed = (1 - alpha) * noise(1) + alpha * noise(2)
        assert cross_fade_index(mixed, noise(1), noise(2)) == pytest.approx(1)
        assert share(mixed, noise(1), noise(2)) == pytest.approx(alpha)


def test_the_cross_fade_index_by_hand():
    start = numpy.zeros((1, 2, 3))
    end, aside = start.copy(), start.copy()
    end[0, 0], aside[0, 1] = 1, 1
    # Half of the way, and half of its length aside: 1 − 0.25 / (0.25 + 0.25).
    assert cross_fade_index(0.5 * end + 0.5 * aside, start, end) == pytest.approx(0.5)
    assert cross_fade_index(0.8 * end + 0.2 * aside, start, end) == pytest.approx(1 - 0.04 / 0.08)
    assert cross_fade_index(1.5 * end, start, end) == pytest.approx(0)


@pytest.mark.parametrize("figure", FIGURES)
def test_equal_ends_and_an_end_itself_have_no_figure(figure):
    assert numpy.isnan(figure(noise(1), noise(2), noise(2)))
    assert numpy.isnan(figure(noise(1), noise(2), noise(2) + 1e-3))
    assert numpy.isnan(figure(noise(1), noise(1), noise(2)))
    assert numpy.isnan(figure(noise(2), noise(1), noise(2)))
    assert numpy.isfinite(figure(bar(28), bar(4), bar(50)))


def test_a_bar_that_moved_has_no_faint_outlines_and_one_that_fades_has_only_such():
    assert doubled_outlines(bar(28), bar(4), bar(50)) == 0
    for alpha in (0.2, 0.5, 0.8):
        assert doubled_outlines((1 - alpha) * bar(4) + alpha * bar(50), bar(4), bar(50)) == 1


def test_outlines_that_are_half_in_full_are_not_faint():
    both = bar(4)
    both[16:48, 50:58] = 0
    assert doubled_outlines(both, bar(4), bar(50)) == 0


def test_ends_that_differ_in_colour_alone_have_no_figure_for_outlines():
    assert numpy.isnan(doubled_outlines(bar(4) * 0.9, bar(4), bar(4) * 0.8))


def test_a_mix_never_gains_contrast_and_loses_it_where_the_ends_differ():
    for alpha in (0.2, 0.5, 0.8):
        mixed = (1 - alpha) * noise(1) + alpha * noise(2)
        assert contrast_loss(mixed, noise(1), noise(2)) > 0.1
    assert contrast_loss(bar(5, 0.6), bar(5, 0.3), bar(5, 0.9)) == pytest.approx(0, abs=1e-9)
    assert contrast_loss(bar(27), bar(5), bar(51)) < 0.01
    assert numpy.isnan(contrast_loss(numpy.full((32, 32, 3), 0.5), numpy.zeros((32, 32, 3)), numpy.ones((32, 32, 3))))


@pytest.mark.parametrize("attribute", ["giant", "winter", "alien invasion"])
def test_a_drawn_strip_of_a_structure_scores_well_and_its_fade_badly(attribute):
    good = judge(drawn(Scene("castle", "meadow", {}, 3), attribute), None)
    bad = judge(faded(drawn(Scene("castle", "meadow", {}, 3), attribute)), None)
    assert min(bad["C"][INNER]) > 0.99
    assert max(good["C"][INNER]) < 0.95
    assert min(bad["R"][INNER]) > 0.95
    assert max(good["R"][INNER]) < 0.75
    assert auc(list(bad["contrast loss"]), list(good["contrast loss"])) > 0.8


def test_a_large_picture_is_read_as_its_small_one():
    large = [numpy.kron(picture, numpy.ones((6, 6, 1))) for picture in (bar(28), bar(4), bar(50))]
    assert doubled_outlines(*large) == 0
    assert doubled_outlines((large[1] + large[2]) / 2, *large[1:]) == 1


# The path


def line(at: list[float]) -> numpy.ndarray:
    return numpy.outer(at, [3.0, 4.0]) + 7


def test_a_straight_path_is_smooth_whatever_its_steps():
    assert smoothness(line([0, 0.5, 1])) == pytest.approx([0])
    assert smoothness(line([0, 0.1, 0.5, 1])) == pytest.approx([0, 0])


def test_a_detour_by_hand():
    # 0, (1, 1), (2, 0): (√2 + √2 − 2) / 2.
    assert smoothness(numpy.array([[0, 0], [1, 1], [2.0, 0]])) == pytest.approx([2**0.5 - 1])


def test_a_path_that_wavers_is_not_smooth():
    wavering = line([0, 0.2, 0.4, 0.6, 0.8, 1])
    wavering[::2, 0] += 0.5
    assert min(smoothness(wavering)) > 0.05


def test_a_dead_dial_has_no_path_to_judge_and_the_worst_curve():
    dead = line([0.5] * 6) + numpy.random.default_rng(1).normal(0, 1e-6, (6, 2))
    assert numpy.isnan(smoothness(dead)).all()
    assert numpy.isnan(largest_step(dead))
    assert curve_errors(numpy.zeros(6), POSITIONS).mean() == pytest.approx(50)


def test_a_jump_is_one_step_with_no_smoothness_where_nothing_moves():
    jump = line([0, 0, 0, 1, 1, 1])
    assert largest_step(jump) == pytest.approx(5)
    assert numpy.isnan(smoothness(jump)).tolist() == [True, False, False, True]
    assert curve_errors(numpy.array([0, 0, 0, 1, 1, 1]), POSITIONS) == pytest.approx([0, 20, 40, 40, 20, 0])
    assert largest_step(line(list(POSITIONS))) == pytest.approx(1)


# The denoiser


class Foreseeing:
    """A pipeline whose U-Net knows the latents, so that x̂₀ is them, but for what it adds."""

    def __init__(self, prediction: str, wrong: float = 0.0):
        self.info = types.SimpleNamespace(prediction=prediction)
        self.wrong = wrong

    def encode(self, picture):
        return picture.transpose(2, 0, 1)[None].astype(numpy.float32) / 255

    def encode_prompt(self, text):
        return numpy.zeros((2, 3), numpy.float32)

    def unet(self, latents, level, states):
        known, signal = self.known[: len(latents)], signal_shares(None)[level]
        added = (latents - signal**0.5 * known) / (1 - signal) ** 0.5
        if self.info.prediction == "epsilon":
            return added - self.wrong * (signal / (1 - signal)) ** 0.5
        return signal**0.5 * added - (1 - signal) ** 0.5 * known - self.wrong / (1 - signal) ** 0.5

    def measure(self, pictures, style, prompt, evaluations):
        return [types.SimpleNamespace(strength=float(picture.mean() / 255), tells=True) for picture in pictures]


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_doubt_is_the_error_of_the_prediction(prediction):
    for wrong in (0.0, 0.25):
        pipe = Foreseeing(prediction, wrong)
        pipe.known = numpy.random.default_rng(1).normal(size=(3, 4, 8, 8)).astype(numpy.float32)
        assert Denoiser(pipe).doubts(pipe.known, "a bar") == pytest.approx([wrong] * 3, abs=1e-4)


def test_doubt_is_told_by_the_larger_end():
    assert against_ends(numpy.array([1, 6, 2.0])) == pytest.approx([0.5, 3, 1])


def test_signal_shares_are_those_of_the_models_own_schedule(tmp_path):
    assert signal_shares(None)[0] == pytest.approx(1 - 0.00085)
    assert signal_shares(tmp_path) == pytest.approx(signal_shares(None))
    (tmp_path / "scheduler").mkdir()
    (tmp_path / "scheduler/scheduler_config.json").write_text(json.dumps({"beta_start": 0.01, "beta_end": 0.02}))
    assert signal_shares(tmp_path)[0] == pytest.approx(0.99)


def judged_with(pictures: list[numpy.ndarray]) -> dict:
    """All figures by a model whose features and meter follow the mean of a picture."""
    pipe = Foreseeing("epsilon", 0.1)
    one = strip(pictures)
    pipe.known = numpy.concatenate([pipe.encode(picture) for picture in one.pictures[:4]])
    return judge(one, Denoiser(pipe))


def grey(level: float) -> numpy.ndarray:
    return numpy.full((32, 32, 3), level)


def test_the_meter_sees_a_dead_dial_and_a_jump():
    even, dead = summary([judged_with([grey(p) for p in POSITIONS])]), summary([judged_with([grey(0.0)] * 6)])
    jump = summary([judged_with([grey(p) for p in (0, 0, 0, 1, 1, 1)])])
    assert even["curve error"]["mean"] == pytest.approx(0, abs=0.5)
    assert dead["curve error"]["mean"] == pytest.approx(50)
    assert jump["curve error"]["worst"] == pytest.approx(40)
    assert dead["C"]["no figure"] == 4 and numpy.isnan(dead["C"]["mean"])


# Strips and their report


def test_a_strip_has_both_ends_and_something_between():
    settings, picture = {"method": "guide", "prompt": "a", "style": "b", "seed": 1}, numpy.zeros((8, 8, 3), numpy.uint8)
    made = ordered(settings, [(p, picture) for p in (1, 0, 0.5, -1, 2)])
    assert made.positions.tolist() == [0, 0.5, 1]
    for places in ((0, 1), (0, 0.5), (0.5, 0.7, 1), (0, 0.5, 0.5, 1)):
        assert ordered(settings, [(p, picture) for p in places]) is None


def test_the_table_tells_the_worst_position_and_says_nothing_where_it_knows_nothing(tmp_path):
    moved, dead = strip([bar(int(4 + 46 * p)) for p in POSITIONS]), strip([bar(4)] * 6)
    fade = faded(moved)
    judged = [judge(fade, None), judge(Strip(**{**vars(dead), "method": "dead"}), None)]
    lines = table(judged).splitlines()
    assert lines[1].startswith("fade of by hand") and "1.00 (1.00 at 0." in lines[1]
    assert lines[2].split() == ["dead", "1"] + ["–"] * 7
    read = json.loads(as_json(judged), parse_constant=pytest.fail)
    assert read["methods"]["dead"]["C"] == {"mean": None, "worst": None, "at": None, "no figure": 4}
    write_sheet(tmp_path / "sheet.png", [(fade, judged[0]), (dead, judged[1])])
    assert Image.open(tmp_path / "sheet.png").width == 6 * 128


def test_auc_by_hand():
    assert auc([2, 3], [0, 1]) == 1
    assert auc([1, numpy.nan], [1, 0]) == pytest.approx(0.75)
    assert numpy.isnan(auc([numpy.nan], [1]))
