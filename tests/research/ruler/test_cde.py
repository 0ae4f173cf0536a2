"""The Calibrated Dial Error against values worked out by hand."""

import numpy
import pytest

from research.ruler.cde import (
    asymmetry,
    breakdowns,
    calibrated_dial_error,
    errors,
    interval,
    responses,
    reversals,
    seed_spread,
    shows_style,
    spoilt,
    unevenness,
    zero_exact,
)

POSITIONS = numpy.linspace(0, 1, 11)
HOLDS = numpy.zeros(11, bool)


def test_a_perfect_dial_has_no_error():
    assert calibrated_dial_error(POSITIONS, HOLDS, POSITIONS) == pytest.approx(0)


def test_a_dead_dial_has_50():
    assert calibrated_dial_error(numpy.zeros(11), HOLDS, POSITIONS) == pytest.approx(50)


def test_response_is_measured_between_the_strips_own_ends():
    strengths = numpy.array([[0.1, 0.3, 0.9], [0.5, 0.5, 0.2]])
    full = numpy.array([0.5, 0.3])
    assert responses(strengths, full) == pytest.approx(numpy.array([[0, 0.5, 2], [0, 0, 1.5]]))


def test_overshoot_is_not_clipped():
    response = numpy.array([0, 1, 3.0])
    assert errors(response, numpy.zeros(3, bool), numpy.array([0, 0.5, 1])) == pytest.approx([0, 50, 200])


def test_a_squared_curve():
    # Mean of x − x² over 0, 0.1 … 1 is (5.5 − 3.85) / 11.
    assert calibrated_dial_error(POSITIONS**2, HOLDS, POSITIONS) == pytest.approx(15)


def test_positions_over_the_budget_score_100():
    over = POSITIONS > 0.75
    assert calibrated_dial_error(POSITIONS, over, POSITIONS) == pytest.approx(300 / 11)


def test_a_position_is_spoilt_by_distance_by_a_loss_of_quality_of_more_than_a_fifth_or_by_fading():
    distances = numpy.array([0, 0.2, 0.3, 0.31, 0.1, 0])
    qualities = numpy.array([0.9, 0.9, 0.73, 0.9, 0.71, 0.9])
    fades = numpy.array([False, True, False, False, False, False])
    assert spoilt(distances, qualities, fades, 0.3).tolist() == [False, True, False, True, True, False]


def test_a_cross_fade_that_follows_the_dial_exactly_has_nine_positions_of_100():
    fades = (POSITIONS > 0) & (POSITIONS < 1)
    over = spoilt(numpy.zeros(11), numpy.ones(11), fades, 0.3)
    assert calibrated_dial_error(POSITIONS, over, POSITIONS) == pytest.approx(900 / 11)


def test_a_strip_whose_styled_prompt_shows_no_style_is_left_out():
    strengths = numpy.array([[0.0, 0.5, 1.0], [0.0, 0.02, 0.05]])
    full = numpy.array([1.0, 0.05])
    assert shows_style(strengths[:, 0], full).tolist() == [True, False]
    error = calibrated_dial_error(responses(strengths, full), numpy.array([[False] * 3, [True] * 3]), numpy.array([0, 0.5, 1]))
    assert error[0] == pytest.approx(0)
    assert numpy.isnan(error[1])


def test_breakdown_is_the_first_spoilt_position():
    over = numpy.array([POSITIONS > 0.65, HOLDS])
    over[0, 9] = False
    first, held = breakdowns(over, POSITIONS)
    assert first == pytest.approx(0.7)
    assert numpy.isnan(held)


def test_reversals_count_only_steps_back_beyond_the_noise():
    response = numpy.array([0, 0.2, 0.17, 0.5, 0.3, 0.9, 0.4])
    assert reversals(response, 0.05) == 2
    assert reversals(response, 0.01) == 3


def test_unevenness():
    assert unevenness(POSITIONS) == pytest.approx(1)
    assert unevenness(numpy.array([0, 0, 0.9, 1.0, 1.0])) == pytest.approx(0.9 / 0.25)
    assert numpy.isnan(unevenness(numpy.zeros(5)))


def test_zero_is_exact_only_when_every_bit_agrees():
    picture = numpy.full((4, 4, 3), 7, numpy.uint8)
    other = picture.copy()
    assert zero_exact(picture, other)
    other[3, 3, 2] += 1
    assert not zero_exact(picture, other)


def test_spread_over_seeds():
    one_content = numpy.array([[[0, 0.4], [0, 0.6]]])
    assert seed_spread(one_content) == pytest.approx((0 + 0.1 * 2**0.5) / 2)
    with_gap = numpy.array([[[0, 0.4], [0, 0.6], [numpy.nan, numpy.nan]]])
    assert seed_spread(with_gap) == pytest.approx(seed_spread(one_content))
    assert numpy.isnan(seed_spread(one_content[:, :1]))


def test_asymmetry():
    assert asymmetry(POSITIONS, POSITIONS) == pytest.approx(0)
    assert asymmetry(numpy.array([0, 0.5, 1]), numpy.array([0, 0.2, 1])) == pytest.approx(0.1)
    assert asymmetry(numpy.array([0, 0.5]), numpy.array([numpy.nan, 0.2])) == pytest.approx(0.3)


def test_interval_holds_the_mean_and_shrinks_with_agreement():
    assert interval(numpy.full(20, 7.0)) == (7, 7)
    strips = numpy.random.default_rng(1).normal(10, 2, 100)
    low, high = interval(strips)
    assert low < strips.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * 2 / 10, rel=0.25)


def test_interval_leaves_out_strips_that_could_not_be_judged():
    assert interval(numpy.array([3.0, numpy.nan, 3.0])) == (3, 3)
    assert all(numpy.isnan(interval(numpy.full(3, numpy.nan))))
