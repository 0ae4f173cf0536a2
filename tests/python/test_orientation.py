"""A picture in memory stands upright, as the engine reads a file."""

import io

import numpy
import pytest
from PIL import Image

import latentdial
from latentdial import _engine
from latentdial.pictures import to_pixels

TURNS = {1: None, 2: Image.FLIP_LEFT_RIGHT, 3: Image.ROTATE_180, 4: Image.FLIP_TOP_BOTTOM, 5: Image.TRANSPOSE, 6: Image.ROTATE_90,
         7: Image.TRANSVERSE, 8: Image.ROTATE_270}


@pytest.mark.parametrize("kind", ["png", "webp", "jpg"])
@pytest.mark.parametrize("orientation", sorted(TURNS))
def test_every_orientation_in_every_format(tmp_path, kind, orientation):
    pixels = numpy.zeros((16, 32, 3), numpy.uint8)
    pixels[:8, :16] = (255, 0, 0)
    pixels[8:, 16:] = (0, 255, 0)
    upright = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x112] = orientation
    turned = upright if TURNS[orientation] is None else upright.transpose(TURNS[orientation])
    data = io.BytesIO()
    turned.save(data, {"jpg": "jpeg"}.get(kind, kind), exif=exif, **({"lossless": True} if kind == "webp" else {}))
    (tmp_path / f"t.{kind}").write_bytes(data.getvalue())
    for read in (to_pixels("image", Image.open(data)), _engine.read_image(str(tmp_path / f"t.{kind}"))):
        assert read.shape == pixels.shape
        assert numpy.abs(read.astype(int) - pixels).mean() < 6


def test_a_mask_is_read_alike_from_memory_and_from_a_file(tmp_path):
    """White is meant; what is transparent is not, as a brush on an empty layer leaves it."""
    strokes = Image.new("RGBA", (32, 16))
    strokes.paste((255, 255, 255, 255), (0, 0, 8, 16))
    strokes.paste((255, 255, 255, 100), (8, 0, 16, 16))
    strokes.save(tmp_path / "mask.png")
    for picture in (strokes, numpy.array(strokes), tmp_path / "mask.png"):
        read = to_pixels("mask", picture)
        assert [int(read[0, x, 0]) for x in (0, 8, 16)] == [255, 100, 0]
    assert (to_pixels("image", strokes) == 255).all(), "of a picture it is laid on white"


def test_a_photo_with_a_hole_is_no_mask(tmp_path):
    photo = Image.new("RGBA", (32, 16), (200, 30, 30, 255))
    photo.paste((0, 0, 0, 0), (0, 0, 8, 16))
    photo.save(tmp_path / "photo.png")
    for picture in (photo, tmp_path / "photo.png"):
        with pytest.raises(latentdial.InvalidInput, match="transparent parts"):
            to_pixels("style_mask", picture)
