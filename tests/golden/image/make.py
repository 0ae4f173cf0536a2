"""Small pictures of every kind, and what Pillow reads from them: python tests/golden/image/make.py"""

import pathlib

import numpy
from PIL import Image, ImageOps, PngImagePlugin

HERE = pathlib.Path(__file__).parent
WIDTH, HEIGHT = 13, 9


def gradient(channels: int) -> numpy.ndarray:
    y, x, c = numpy.mgrid[0:HEIGHT, 0:WIDTH, 0:channels]
    return ((19 * x + 28 * y + 70 * c) % 256).astype(numpy.uint8)


def save(name: str, image: Image.Image, **options) -> None:
    """The file and, as raw RGB bytes, what must be read from it."""
    path = HERE / name
    image.save(path, **options)
    read = ImageOps.exif_transpose(Image.open(path))
    if read.mode.startswith("I"):
        read = Image.fromarray((numpy.asarray(read) >> 8).astype(numpy.uint8))
    rgba = numpy.asarray(read.convert("RGBA")).astype(numpy.int64)
    white = (rgba[..., :3] * rgba[..., 3:] + 255 * (255 - rgba[..., 3:]) + 127) // 255
    (HERE / f"{name}.rgb").write_bytes(white.astype(numpy.uint8).tobytes())


def turned_and_commented() -> None:
    """EXIF in PNG and WebP as in JPEG: each orientation, and settings as A1111 and its kin write them."""
    rgb = Image.fromarray(gradient(3))
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x112] = orientation
        save(f"turned{orientation}.png", rgb, exif=exif)
        save(f"turned{orientation}.webp", rgb, exif=exif, lossless=True)
    settings = "a café, 猫 🐕\nNegative prompt: bad\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 5, Size: 64x64"
    for name, comment in {
        "be": b"UNICODE\0" + settings.encode("utf-16-be"),
        "le": b"UNICODE\0" + settings.encode("utf-16-le"),
        "bom": b"UNICODE\0" + settings.encode("utf-16"),
        "utf8": bytes(8) + settings.encode(),
        "ascii": b"ASCII\0\0\0" + settings.encode() + b"\0",
    }.items():
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9286] = comment
        save(f"comment_{name}.jpg", rgb, exif=exif, quality=90, subsampling=0)
        save(f"comment_{name}.webp", rgb, exif=exif, lossless=True)
    exif = Image.Exif()
    exif.get_ifd(0x8769)[0x9286] = b"UNICODE\0" + settings.encode("utf-16-be")
    save("comment_be.png", rgb, exif=exif.tobytes())


def main() -> None:
    rgb = Image.fromarray(gradient(3))
    text = PngImagePlugin.PngInfo()
    text.add_text("Software", "another")
    text.add_text("parameters", "a dog\nSteps: 20")
    save("rgb.png", rgb, pnginfo=text)
    international = PngImagePlugin.PngInfo()
    international.add_itxt("parameters", "猫 θ", zip=True)
    save("itxt.png", rgb, pnginfo=international)
    western = PngImagePlugin.PngInfo()
    western.add_text("parameters", "café, naïve")
    save("latin1.png", rgb, pnginfo=western)
    save("rgba.png", Image.fromarray(gradient(4)))
    save("grey.png", Image.fromarray(gradient(1)[..., 0]))
    save("grey_alpha.png", Image.fromarray(gradient(2)))
    save("grey16.png", Image.fromarray(gradient(1)[..., 0].astype(numpy.uint16) * 257))
    save("bits.png", Image.fromarray(gradient(1)[..., 0] > 127))
    save("palette.png", rgb.quantize(7))
    save("palette_transparent.png", rgb.quantize(7), transparency=2)
    save("rgb.jpg", rgb, quality=90, subsampling=0)
    save("grey.jpg", Image.fromarray(gradient(1)[..., 0]), quality=90)
    save("cmyk.jpg", Image.fromarray(gradient(4), "CMYK"), quality=95)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        save(f"turned{orientation}.jpg", rgb, quality=90, subsampling=0, exif=exif)
    save("lossless.webp", Image.fromarray(gradient(4)), lossless=True, exact=True)
    save("lossy.webp", rgb, quality=80)
    big = Image.fromarray(numpy.random.default_rng(0).integers(0, 256, (37, 53, 3), numpy.uint8))
    big.save(HERE / "big.png")
    for width, height in ((16, 16), (40, 24), (8, 40), (80, 80)):
        (HERE / f"fill-{width}x{height}.rgb").write_bytes(ImageOps.fit(big, (width, height), Image.LANCZOS).tobytes())


if __name__ == "__main__":
    turned_and_commented()
    main()
