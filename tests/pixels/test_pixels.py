"""Every recorded setting gives the picture that it gave when it was recorded, bit for bit, in f32 on AVX2.

`settings.json` holds the settings by name, `hashes.json` the SHA-256 of each picture's pixels. What changes pictures on
purpose records them anew, with `python tests/pixels/record.py`, and says in its commit which and why.
"""

import json
import pathlib

import pytest
from record import make_hashes

HERE = pathlib.Path(__file__).parent
RECORDED = json.loads((HERE / "hashes.json").read_text())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return make_hashes(tmp_path_factory.mktemp("pixels"))


def test_every_setting_is_recorded():
    assert list(RECORDED) == list(json.loads((HERE / "settings.json").read_text()))


@pytest.mark.parametrize("name", RECORDED)
def test_the_picture_is_the_recorded_one(made, name):
    assert made[name] == RECORDED[name]


def test_no_two_settings_give_one_picture():
    """Settings that change nothing would prove nothing; but a dial at 0 is the plain picture."""
    moved = [digest for name, digest in RECORDED.items() if not name.endswith(" 0")]
    assert len(set(moved)) == len(moved)
