"""The table's own rulers and rivals."""

import os
import pathlib

import numpy
import pytest

from research.restoration import copies, rivals, rulers, seams, table

SCENES = copies.truths(4)
TRUTH = SCENES[0].picture


@pytest.fixture(scope="module")
def distance():
    return rulers.FeatureDistance(pathlib.Path("models/scenes/vae"))


def test_a_picture_is_its_own_best_restoration(distance):
    other = SCENES[1].picture
    assert rulers.chroma_error(TRUTH, TRUTH) == 0 and rulers.sharpness(TRUTH, TRUTH) == 1 and distance(TRUTH, TRUTH) == 0
    assert rulers.decibels(TRUTH + 1, TRUTH) > 40 > rulers.decibels(other, TRUTH)
    assert rulers.chroma_error(other, TRUTH) > 5
    assert distance(TRUTH + 1, TRUTH) < 0.1 * distance(other, TRUTH)


def test_the_softer_a_picture_the_farther(distance):
    how_far = [distance(copies.blurred(TRUTH, sigma), TRUTH) for sigma in (0.5, 1, 2, 4)]
    assert how_far == sorted(how_far) and how_far[3] > 2 * how_far[0]


def test_a_blur_lowers_sharpness_and_what_undoes_it_raises_it():
    soft = copies.blurred(TRUTH)
    assert abs(soft.mean() - TRUTH.mean()) < 1
    sharpened = rivals.richardson_lucy(soft)
    assert rulers.sharpness(soft, TRUTH) < rulers.sharpness(sharpened, TRUTH)
    assert rulers.decibels(sharpened, TRUTH) > rulers.decibels(soft, TRUTH) + 1
    assert abs(copies.blurred(sharpened) - soft).mean() < 1


def test_grey_has_no_colour():
    grey = copies.grey(TRUTH)
    assert abs(rulers.chroma(grey)).max() < 0.5
    assert abs(copies.brightness(grey) - copies.brightness(TRUTH)).max() <= 0.5


@pytest.mark.parametrize("mask_of", [copies.half_mask, copies.box_mask])
def test_a_filled_hole_changes_nothing_beside_it(mask_of):
    mask = mask_of(SCENES[2])
    assert 0.1 < mask.mean() <= 0.5
    for way in (rivals.TELEA, rivals.NAVIER_STOKES):
        filled = rivals.filled(SCENES[2].picture * ~mask[..., None], mask, way)
        assert (filled == SCENES[2].picture)[~mask].all()
        assert filled[mask].mean() > 5


def test_programs_look_for_their_libraries_where_they_did():
    assert "" not in os.environ.get("LD_LIBRARY_PATH", "/").split(":")


def test_a_seam_is_seen():
    whole = [truth.picture for truth in SCENES]
    patched = [picture.copy() for picture in whole]
    for picture, other in zip(patched, whole[1:] + whole[:1]):
        picture[32:-32, 32:-32] = other[32:-32, 32:-32]
    assert rulers.seam_ratio(whole, 32) < 1.5 < rulers.seam_ratio(patched, 32)


def test_a_seam_ratio_is_told_with_its_interval():
    steps = numpy.array([rulers.seam_steps(truth.picture, 32) for truth in SCENES])
    middle, low, high = (float(word.strip("()")) for word in seams.ratio_interval(steps).replace("to ", "").split())
    assert low < middle < high and abs(middle - rulers.seam_ratio([truth.picture for truth in SCENES], 32)) < 1e-3
    assert seams.ratio_interval(steps, steps) == "1.000 (1.000 to 1.000)"
    assert seams.ratio_interval(2 * steps, steps) == "1.000 (1.000 to 1.000)", "of a ratio"


def test_shares_are_told_with_wilsons_interval():
    assert table.share_interval([True] * 60) == "100.0% (94.0% to 100.0%)"
    assert table.share_interval([True, False] * 50) == "50.0% (40.4% to 59.6%)"


def test_the_judge_names_the_subjects_of_renders():
    judge = rulers.SceneJudge(pathlib.Path("models/scenes/vae"))
    assert judge.names([truth.picture for truth in SCENES]) == [truth.scene.subject for truth in SCENES]
    assert judge.scene_distance(TRUTH, TRUTH) < 1e-5 < 0.1 < judge.scene_distance(SCENES[1].picture, TRUTH)


def test_other_sizes_are_other_sizes():
    shapes = {truth.picture.shape for truth in copies.truths_of_other_sizes(6)}
    assert (128, 256, 3) in shapes and len(shapes) >= 3
    assert all(side % copies.BY == 0 for height, width, _ in shapes for side in (height, width))
