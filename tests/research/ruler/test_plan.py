"""What the ruler makes, and how it ranks: no pictures needed."""

import numpy
import pytest

from research.ruler.pictures import without_dials
from research.ruler.plan import CALIBRATION_CONTENTS, CONTENTS, GROUPS, METHODS, POSITIONS, SEEDS, Trial, dial_file, method_plan, plain_plan, styled_plan
from research.ruler.ranks import rank_correlation
from research.ruler.strips import shown_strips
from research.world.captions import PLACE_WORDS, WORDS
from research.world.scene import ATTRIBUTES, JUDGED_ONLY
from research.world.subjects import SUBJECTS

SMALL = Trial(CONTENTS[:2], SEEDS[:2])


def test_surface_and_structure_are_told_apart_and_so_is_what_was_judged_only():
    assert sorted(GROUPS["surface"] + GROUPS["structure"]) == sorted(ATTRIBUTES)
    assert len(GROUPS["surface"]) >= 6 and len(GROUPS["structure"]) >= 6
    assert set(GROUPS["surface, judged only"] + GROUPS["structure, judged only"]) == set(JUDGED_ONLY)
    for kind in ("surface", "structure"):
        assert set(GROUPS[f"{kind}, designed on"]) == set(GROUPS[kind]) - set(JUDGED_ONLY)


def test_contents_are_of_the_world_and_calibration_has_others():
    assert len(CONTENTS) == 8 and len(SEEDS) == 5 and len(POSITIONS) == 11
    assert not set(CONTENTS) & set(CALIBRATION_CONTENTS)
    for content in CONTENTS + CALIBRATION_CONTENTS:
        assert any(content == f"a {subject} {words}" for subject in SUBJECTS for words in PLACE_WORDS.values())


def test_every_strip_is_one_section_and_the_reference_has_a_picture_for_each(tmp_path):
    sections = method_plan(SMALL, METHODS["guide"], tmp_path)
    assert len(sections) == 2 * (2 * len(ATTRIBUTES) * 2)  # The negative side has as many here.
    first, second = sections[0], sections[2]
    assert first["settings"]["style"] == WORDS[ATTRIBUTES[0]] and second["settings"]["style"] == WORDS[ATTRIBUTES[1]]
    assert first["grid"]["position"] == list(POSITIONS) and sections[-1]["grid"]["position"][-1] == -1
    assert sum(len(section["grid"]["seed"]) for section in styled_plan(SMALL)) == numpy.prod(SMALL.strips)
    assert sum(len(section["grid"]["seed"]) for section in plain_plan()) == len(CONTENTS) * len(SEEDS)


def test_a_dial_is_judged_with_its_files_and_without(tmp_path):
    for attribute in ATTRIBUTES[1:]:
        dial_file(tmp_path, attribute).write_text("{}")
    fitted, bare = (method_plan(SMALL, METHODS[name], tmp_path) for name in ("calibrated", "calibrated-unfitted"))
    seeds = len(SMALL.seeds)
    assert all(section["settings"]["dial"] == str(dial_file(tmp_path, ATTRIBUTES[1])) for section in fitted[seeds : 2 * seeds])
    assert all("dial" not in section["settings"] for section in fitted[:seeds]), "the program would not fit it"
    assert all("dial" not in section["settings"] and section["settings"]["method"] == "calibrated" for section in bare)


def test_what_is_unfitted_finds_no_dial_beside_the_model(tmp_path):
    (tmp_path / "model/dials").mkdir(parents=True)
    (tmp_path / "model/unet").mkdir()
    bare = without_dials(tmp_path / "model", tmp_path / "bare")
    assert [path.name for path in bare.iterdir()] == ["unet"]
    assert without_dials(tmp_path / "model", tmp_path / "bare") == bare


def test_what_is_shown_lies_in_the_smallest_trial():
    for content, attribute, seed in shown_strips(Trial(CONTENTS[:1], SEEDS[:1]), 8):
        assert content == seed == 0 and 0 <= attribute < len(ATTRIBUTES)


def test_rank_correlation_shares_ranks_among_equals():
    assert rank_correlation(numpy.array([1, 2, 3.0]), numpy.array([10, 20, 90.0])) == pytest.approx(1)
    assert rank_correlation(numpy.array([1, 2, 3.0]), numpy.array([3, 2, 1.0])) == pytest.approx(-1)
    # Ranks 0, 1.5, 1.5, 3 against 0, 1, 2, 3.
    assert rank_correlation(numpy.array([0, 1, 1, 2.0]), numpy.array([0, 1, 2, 3.0])) == pytest.approx(4.5 / (4.5 * 5) ** 0.5)
    assert numpy.isnan(rank_correlation(numpy.ones(4), numpy.arange(4.0)))
