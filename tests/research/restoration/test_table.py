"""The table's own rulers and rivals."""

import numpy

from research.restoration import table


def scene():
    return table.scenes(1)[0][0]


def test_a_picture_is_its_own_best_restoration():
    truth = scene()
    other = table.scenes(2)[0][1]
    assert table.chroma_error(truth, truth) == 0 and table.sharpness(truth, truth) == 1
    assert table.decibels(truth + 1, truth) > 40 > table.decibels(other, truth)
    assert table.chroma_error(other, truth) > 5


def test_a_blur_lowers_sharpness_and_what_undoes_it_raises_it():
    truth = scene()
    soft = table.blurred(truth, table.SIGMA)
    assert abs(soft.mean() - truth.mean()) < 1
    sharpened = table.richardson_lucy(soft)
    assert table.sharpness(soft, truth) < table.sharpness(sharpened, truth)
    assert table.decibels(sharpened, truth) > table.decibels(soft, truth) + 1
    assert abs(table.blurred(sharpened, table.SIGMA) - soft).mean() < 1


def test_grey_has_no_colour():
    grey = numpy.repeat(table.brightness(scene())[..., None], 3, -1)
    assert abs(table.chroma(grey)).max() < 0.5
    assert abs(table.brightness(grey) - grey[..., 0]).max() < 1e-9
