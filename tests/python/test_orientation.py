"""A picture in memory stands upright, as the engine reads a file."""

import io

import numpy
import pytest
from PIL import Image

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
