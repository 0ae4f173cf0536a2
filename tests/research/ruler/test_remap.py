"""The oracle remap against curves whose inverse is known."""

import numpy
import pytest

from research.ruler.cde import calibrated_dial_error
from research.ruler.remap import fit_remap, isotonic, remapped

POSITIONS = numpy.linspace(0, 1, 11)
HOLDS = numpy.zeros(11, bool)


def error_after(response: numpy.ndarray, over: numpy.ndarray = HOLDS) -> float:
    return calibrated_dial_error(*remapped(response, over, POSITIONS, fit_remap(response, POSITIONS)), POSITIONS)


def test_isotonic_pools_what_falls():
    assert isotonic(numpy.array([0, 0.5, 0.3, 0.4, 1])) == pytest.approx([0, 0.4, 0.4, 0.4, 1])
    assert isotonic(POSITIONS) == pytest.approx(POSITIONS)
    assert isotonic(POSITIONS[::-1]) == pytest.approx(numpy.full(11, 0.5))


def test_a_straight_dial_is_left_as_it_is():
    assert fit_remap(POSITIONS, POSITIONS) == pytest.approx(POSITIONS)


def test_a_squared_curve_becomes_straight():
    assert error_after(POSITIONS**2) == pytest.approx(0, abs=1e-9)
    assert fit_remap(POSITIONS**2, POSITIONS)[5] == pytest.approx(0.7 + 0.1 / 15)  # Between 0.49 and 0.64.


def test_a_dead_zone_is_skipped():
    response = numpy.clip(2 * POSITIONS - 1, 0, 1)
    assert fit_remap(response, POSITIONS) == pytest.approx(numpy.concatenate([[0], 0.5 + POSITIONS[1:] / 2]))
    assert error_after(response) == pytest.approx(0, abs=1e-9)


def test_overshoot_is_cured_by_stopping_early():
    assert error_after(2 * POSITIONS) == pytest.approx(0, abs=1e-9)


def test_what_the_dial_never_reaches_stays_an_error():
    # It ends at 0.5: exact up to there, then short by 0.1, 0.2 … 0.5.
    assert error_after(POSITIONS / 2) == pytest.approx(100 * 1.5 / 11)


def test_a_dead_dial_stays_dead():
    assert error_after(numpy.zeros(11)) == pytest.approx(50)


def test_the_scorer_that_fits_may_differ_from_the_one_that_reports():
    remap = fit_remap(POSITIONS**2, POSITIONS)
    response, _ = remapped(numpy.stack([POSITIONS, POSITIONS**2]), numpy.stack([HOLDS, HOLDS]), POSITIONS, remap)
    assert response[0] == pytest.approx(remap)
    assert response[1] == pytest.approx(POSITIONS)


def test_a_place_between_positions_is_spoilt_when_the_nearer_one_is():
    over = POSITIONS > 0.85
    remap = numpy.array([0, 0.84, 0.86, 1.0])
    assert remapped(POSITIONS, over, POSITIONS, remap)[1].tolist() == [False, False, True, True]
