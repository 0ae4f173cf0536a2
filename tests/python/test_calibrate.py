"""A dial fitted in Python is the program's, and is turned without a file."""

import os
import signal

import numpy
import pytest

import latentdial

FEW = {"steps": 6, "sampler": "dpm++2m", "guidance_scale": 3.5}
ON = {"prompts": "a house in the meadow", "seeds": [0]}


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def fitted(pipe, told):
    return pipe.calibrate("sketch", **ON, **FEW, callback=told.append)


def test_it_says_what_it_found(fitted, told, pipe):
    assert (fitted.style, fitted.model, fitted.fingerprint, fitted.guidance_scale) == ("sketch", "scenes", pipe.info.fingerprint, 3.5)
    assert fitted.high >= 0.8 and fitted.reason
    assert fitted.points == sorted(fitted.points) and fitted.points[0] == (0, 0)
    assert [point.strength for point in fitted.response[:4]] == [0.25, 0.5, 0.75, 1] and fitted.response[1].content is None
    assert fitted.used == 1 and fitted.pictures == told[-1].picture > 2
    assert all(progress.pictures == 0 and progress.step <= progress.steps for progress in told)
    assert isinstance(fitted, latentdial.Calibration) and "sketch" in repr(fitted)


def test_it_is_turned_without_a_file_as_with_one(fitted, pipe, tmp_path):
    fitted.save(tmp_path / "sketch.dial.json")
    turned, from_file = (pipe.dial("a castle", "sketch", at=[0, 0.5], dial=dial, **FEW) for dial in (fitted, tmp_path / "sketch.dial.json"))
    for a, b in zip(turned.images, from_file.images):
        assert numpy.array_equal(numpy.asarray(a), numpy.asarray(b))
    assert turned.notices == [] and turned.settings[0]["dial"] is fitted
    dial_hash = turned.parameters[1].split("Dial file hash: ")[1][:16]
    assert f"Dial file: sketch.dial.json, Dial file hash: {dial_hash}" in from_file.parameters[1]
    assert numpy.array_equal(numpy.asarray(pipe(**turned.settings[1]).images[0]), numpy.asarray(turned.images[1]))


def test_it_is_for_its_style_alone(fitted, pipe):
    with pytest.raises(latentdial.InvalidInput, match='dial: the given dial is for the style "sketch"'):
        pipe.dial("a castle", "sunset", at=1, dial=fitted, **FEW)


def test_it_is_the_programs(fitted, program, tmp_path):
    few = ("--steps", "6", "--sampler", "dpm++2m", "--cfg", "3.5")
    program("calibrate", "--style", "sketch", "-p", ON["prompts"], "--seeds", "1", *few, "-o", "theirs.dial.json")
    fitted.save(tmp_path / "ours.dial.json")
    assert (tmp_path / "ours.dial.json").read_bytes() == (tmp_path / "theirs.dial.json").read_bytes()


def test_false_and_ctrl_c_stop_it(pipe):
    with pytest.raises(latentdial.Cancelled):
        pipe.calibrate("sunset", **ON, **FEW, callback=lambda progress: progress.step < 2)
    with pytest.raises(KeyboardInterrupt):
        pipe.calibrate("sunset", **ON, **FEW, callback=lambda progress: os.kill(os.getpid(), signal.SIGINT))


def test_a_failed_save_is_an_os_error(fitted, tmp_path):
    with pytest.raises(OSError, match="dial.json"):
        fitted.save(tmp_path / "nowhere" / "a.dial.json")
