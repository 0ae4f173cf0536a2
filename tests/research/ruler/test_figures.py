"""The figures of whole methods, with stand-ins for judges: each measure must be able to say no."""

import sys
import pathlib

import numpy
import pytest

pytest.importorskip("torch")
sys.path.insert(0, str(pathlib.Path(__file__).parent))

import stand_ins  # noqa: E402
from research.ruler.beside import cross_faded  # noqa: E402
from research.ruler.figures import method_figures, positive_figures  # noqa: E402
from research.ruler.judge import own_attribute, read_side  # noqa: E402
from research.ruler.overview import write_overview  # noqa: E402
from research.ruler.page import write_page  # noqa: E402
from research.ruler.pictures import kept  # noqa: E402
from research.ruler.plan import GROUPS, POSITIONS  # noqa: E402
from research.ruler.strips import strip_of  # noqa: E402
from research.ruler.tables import BESIDE, HEADER, JUDGED_ONLY_HEADER, beside_rows, judged_only_rows, main_rows, ranked  # noqa: E402
from research.world.scene import ATTRIBUTES  # noqa: E402


@pytest.fixture(scope="module")
def judges():
    return stand_ins.judges()


@pytest.fixture(scope="module")
def reference(judges):
    return stand_ins.reference(judges)


def group(judges, reference, name: str, response, **changes) -> dict:
    return positive_figures(judges, reference, stand_ins.strips(response, **changes))[0]["groups"][name]


def test_one_attribute_by_itself_is_read_as_among_all(judges, reference):
    made, i = stand_ins.strips(lambda p: p**2), 7
    full = (own_attribute(reference.styled.a), own_attribute(reference.styled.b))
    among = read_side(judges, made, *full, reference.budget).only([i])
    alone = read_side(judges, made[:, [i]], *(values[:, [i]] for values in full), reference.budget, (ATTRIBUTES[i],))
    assert (alone.a == among.a).all() and (alone.b == among.b).all() and (alone.over == among.over).all()
    other = read_side(judges, made[:, [i]], *(values[:, [i]] for values in full), reference.budget, (ATTRIBUTES[0],))
    assert (other.b != among.b).any()


@pytest.mark.parametrize("name", GROUPS)
def test_a_perfect_dial_is_perfect_in_every_group(judges, reference, name):
    figures = group(judges, reference, name, lambda p: p)
    assert figures["CDE"]["mean"] == pytest.approx(0, abs=0.3) and figures["ghosts"]["mean"] == 0 and figures["unbroken"]["mean"] == 1
    assert figures["strips"] == 4 * len(GROUPS[name]) and figures["strips left out"] == 0


def test_a_dead_dial_has_50(judges, reference):
    figures = group(judges, reference, "structure", lambda p: 0)
    assert figures["CDE"]["mean"] == pytest.approx(50) and figures["CDE remapped"]["mean"] == pytest.approx(50)


def test_a_dial_that_jumps_is_wrong_and_only_calibration_is_at_fault_in_a_bent_one(judges, reference):
    assert group(judges, reference, "structure", lambda p: float(p > 0.5))["CDE"]["mean"] == pytest.approx(250 / 11, abs=0.3)
    bent = group(judges, reference, "structure", lambda p: p**2)
    assert bent["CDE"]["mean"] == pytest.approx(15, abs=0.5) and bent["CDE remapped"]["mean"] < 1


def test_a_fade_that_follows_the_dial_exactly_is_refused(judges, reference):
    figures = group(judges, reference, "structure", lambda p: p, faded=lambda p: 0 < p < 1)
    assert figures["CDE"]["mean"] == pytest.approx(900 / 11, abs=0.3) and figures["ghosts"]["mean"] == 1 and figures["unbroken"]["mean"] == 0
    assert figures["style alone"]["mean"] == pytest.approx(0, abs=0.3)
    assert figures["CDE remapped"]["mean"] > 35


def test_a_lost_scene_and_a_lost_quality_are_refused(judges, reference):
    whole = positive_figures(judges, reference, stand_ins.strips(lambda p: p))[0]
    worse = positive_figures(judges, reference, stand_ins.strips(lambda p: p, quality=lambda p: 1 - 0.5 * (p > 0.85)))[0]
    assert worse["groups"]["surface"]["CDE"]["mean"] == pytest.approx(200 / 11, abs=0.3)
    assert worse["groups"]["surface"]["breakdown"] == pytest.approx(0.9)
    other = stand_ins.strips(lambda p: p)
    other[..., 5:, stand_ins.SCENE, :, :] = 255
    moved = positive_figures(judges, reference, other)[0]
    assert whole["groups"]["surface"]["unbroken"]["mean"] == 1 and moved["groups"]["surface"]["unbroken"]["mean"] == 0
    assert moved["groups"]["surface"]["CDE"]["mean"] > 50


def test_a_zero_that_is_not_the_plain_picture_is_told(judges, reference):
    strips = stand_ins.strips(lambda p: p)
    assert positive_figures(judges, reference, strips)[0]["exact zeros"] == 1
    strips[0, 0, 0, 0, -1, -1, -1] += 1
    assert positive_figures(judges, reference, strips)[0]["exact zeros"] == pytest.approx(1 - 1 / (4 * len(ATTRIBUTES)))


def test_one_bad_attribute_is_bad_in_its_own_groups_alone(judges, reference):
    strips = stand_ins.strips(lambda p: p)
    storm = ATTRIBUTES.index("storm")
    strips[:, storm] = stand_ins.strips(lambda p: 0)[:, storm]
    figures = positive_figures(judges, reference, strips)[0]
    assert figures["by attribute"]["storm"]["CDE"]["mean"] == pytest.approx(50)
    assert figures["groups"]["structure, judged only"]["CDE"]["mean"] == pytest.approx(25, abs=0.5)
    assert figures["groups"]["structure"]["CDE"]["mean"] == pytest.approx(50 / 7, abs=0.5)
    for name in ("surface", "surface, judged only", "structure, designed on"):
        assert figures["groups"][name]["CDE"]["mean"] == pytest.approx(0, abs=0.3)
    low, high = figures["groups"]["structure"]["CDE"]["low"], figures["groups"]["structure"]["CDE"]["high"]
    assert low < 50 / 7 < high


def test_strips_whose_prompt_shows_nothing_are_left_out(judges):
    reference = stand_ins.reference(judges)
    reference.styled.b[:, 3] = reference.plain.b[:, None].mean()
    figures = positive_figures(judges, reference, stand_ins.strips(lambda p: p))[0]
    assert figures["groups"]["surface"]["strips left out"] == 4 and figures["groups"]["structure"]["strips left out"] == 0


def test_a_cross_fade_is_a_straight_line_in_pixels():
    none, full = numpy.zeros((2, 4, 4, 3), numpy.uint8), numpy.full((2, 4, 4, 3), 200, numpy.uint8)
    strips = cross_faded(none, full)
    assert strips.shape == (2, 11, 4, 4, 3) and strips[0, :, 0, 0, 0].tolist() == [20 * i for i in range(11)]
    assert (strips[:, 0] == none).all() and (strips[:, -1] == full).all()


def test_all_is_reported(judges, reference, tmp_path):
    """Both sides of a method and a row without a negative side, as tables, page and overview."""
    trial = stand_ins.TRIAL
    good, away = (stand_ins.strips(response, trial) for response in (lambda p: p, lambda p: 1 - p))
    made = {name: kept(strips.reshape(-1, *strips.shape[4:]), tmp_path / name) for name, strips in (("guide", good), ("away", away))}
    methods = {
        "guide": method_figures(judges, trial, reference, made["guide"], made["away"]),
        "renderer": method_figures(judges, trial, reference, made["guide"], None),
    }
    assert methods["guide"]["CDE negative"]["mean"] == pytest.approx(0, abs=0.3) and methods["guide"]["asymmetry"] == pytest.approx(0, abs=0.01)
    for header, rows in ((HEADER, main_rows(methods)), (BESIDE, beside_rows(methods)), (JUDGED_ONLY_HEADER, judged_only_rows(methods))):
        assert all(len(row) == len(header) for row in rows) and [row[0] for row in rows] == ranked(methods)
    files = {name: made["guide"].files for name in methods}
    strip = strip_of("guide", methods["guide"], files["guide"], trial, (1, 12, 1))
    assert len(strip.files) == len(POSITIONS) and strip.files[-1] == made["guide"].files[-1] and strip.responses[-1] == pytest.approx(1, abs=0.01)
    write_page(tmp_path / "index.html", {"methods": methods, "settings": "none"}, files, trial, "<p>validation</p>")
    write_overview(tmp_path / "overview.png", methods, files, trial)
    assert "structure: unbroken" in (tmp_path / "index.html").read_text() and (tmp_path / "overview.png").stat().st_size > 1000
