"""Files of strangers: their text opens nothing, and what is written goes through no link."""

import importlib
import json
import pathlib
import sys
import types
import warnings

import pytest
from PIL import Image
from small import SMALL

import latentdial
from latentdial import _engine

FILES = {"Start image": "image", "Interpolate to image": "to_image", "Style mask": "style_mask", "Dial file": "dial"}


@pytest.mark.parametrize("label", FILES)
def test_a_pictures_text_names_no_file(label):
    with pytest.warns(UserWarning, match=rf"files, which you must give: {FILES[label]} \(/etc/passwd\)"):
        settings = latentdial.parse_parameters(f'a dog\nSteps: 2, {label}: "/etc/passwd", Seed: 7')
    assert settings["seed"] == 7 and not set(FILES.values()) & settings.keys()


def test_a_picture_is_made_again_from_the_photo_that_is_given(pipe, tmp_path):
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save(tmp_path / "photo.png")
    made = pipe("a dog", image=tmp_path / "photo.png", **SMALL)
    with pytest.warns(UserWarning, match="photo.png"):
        settings = latentdial.parse_parameters(made.parameters[0])
    assert pipe(**settings, image=Image.open(tmp_path / "photo.png")).images[0].tobytes() == made.images[0].tobytes()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        latentdial.parse_parameters(pipe("a dog", **SMALL).parameters[0])


def test_a_text_of_a_hundred_thousand_levels():
    for deep in ("[" * 100_000, '{"a":' * 100_000):
        assert latentdial.parse_parameters(f"a dog\nSteps: 2, Prompt text: {json.dumps(deep)}")["prompt"] == deep


def test_a_plan_names_files_of_its_folder(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps({"settings": {"prompt": "a dog", "image": "/etc/passwd"}}))
    with pytest.raises(latentdial.InvalidInput, match="outside of the plan's folder") as error:
        _engine.read_plan(str(tmp_path / "plan.json"), False)
    assert error.value.field == "allow_paths"
    assert len(_engine.read_plan(str(tmp_path / "plan.json"), True)) == 1


@pytest.mark.parametrize("name", ["dog.png", "dog.png.tmp", ".dog.png.tmp"])
def test_save_writes_through_no_link(tmp_path, name):
    (tmp_path / "victim").write_text("somebody's")
    (tmp_path / name).symlink_to("victim")
    latentdial.save(Image.new("RGB", (8, 8)), tmp_path / "dog.png")
    assert (tmp_path / "victim").read_text() == "somebody's"
    assert Image.open(tmp_path / "dog.png").size == (8, 8) and not (tmp_path / "dog.png").is_symlink()


@pytest.fixture
def ray_folder(monkeypatch, tmp_path):
    """The driver's folder, for which Ray need not be there."""
    if "latentdial.ray" not in sys.modules:
        monkeypatch.setitem(sys.modules, "ray", types.ModuleType("ray"))
    driver = importlib.import_module("latentdial.ray")
    yield lambda resume=True: driver.Folder(tmp_path / "out", resume)
    if isinstance(sys.modules["ray"], types.ModuleType) and not hasattr(sys.modules["ray"], "init"):
        del sys.modules["latentdial.ray"]


@pytest.mark.parametrize("name", ["dog.png", "dog.png.tmp", "manifest.jsonl", "manifest.jsonl.tmp"])
def test_rays_driver_writes_through_no_link(ray_folder, tmp_path, name):
    folder = ray_folder(False)
    (tmp_path / "victim").write_text("somebody's")
    (tmp_path / "out" / name).symlink_to("../victim")
    folder.keep_lines(set())
    folder.add("dog.png", b"a picture")
    folder.list([{"file": "dog.png"}])
    assert (tmp_path / "victim").read_text() == "somebody's"
    assert (tmp_path / "out/dog.png").read_bytes() == b"a picture"
    assert (tmp_path / "out/manifest.jsonl").read_text() == '{"file": "dog.png"}\n'
    (tmp_path / "out/manifest.jsonl").unlink()
    (tmp_path / "out/manifest.jsonl").symlink_to("../victim")
    with pytest.raises(OSError):
        folder.list([{"file": "cat.png"}])
    assert (tmp_path / "victim").read_text() == "somebody's"


def test_rays_driver_reads_a_manifest_of_a_stranger(ray_folder, tmp_path):
    folder = ray_folder(False)
    manifest = pathlib.Path(tmp_path / "out/manifest.jsonl")
    manifest.write_text("[" * 100_000 + '\n{"file": ' + "[" * 100_000 + '\n{"file": "dog.png"}\n{"file": []}\n')
    assert folder.keep_lines({"dog.png"}) == {"dog.png"}
    assert manifest.read_text() == '{"file": "dog.png"}\n'
