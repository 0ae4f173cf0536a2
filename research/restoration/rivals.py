"""What needs no model: filters, and OpenCV's ways to fill a hole."""

import os

import numpy
from PIL import Image

from research.restoration.copies import BY, SIGMA, blurred

# OpenCV adds itself, and an empty part, which is the current folder, to where programs that are started from here look for libraries.
searched = os.environ.get("LD_LIBRARY_PATH")
import cv2  # noqa: E402

os.environ.pop("LD_LIBRARY_PATH", None)
if searched is not None:
    os.environ["LD_LIBRARY_PATH"] = searched

REACH = 5  # Of OpenCV's filling, in pixels.
TELEA, NAVIER_STOKES = cv2.INPAINT_TELEA, cv2.INPAINT_NS


def bytes_of(picture: numpy.ndarray) -> numpy.ndarray:
    return picture.round().clip(0, 255).astype(numpy.uint8)


def resized(copy: numpy.ndarray, kind: Image.Resampling) -> numpy.ndarray:
    picture = Image.fromarray(bytes_of(copy))
    return numpy.asarray(picture.resize((picture.width * BY, picture.height * BY), kind)).astype(float)


def richardson_lucy(copy: numpy.ndarray, rounds: int = 20) -> numpy.ndarray:
    picture = copy.copy()
    for _ in range(rounds):
        picture = picture * blurred(copy / numpy.maximum(blurred(picture), 1e-3))
    return picture


def wiener(copy: numpy.ndarray, noise: float = 1e-3) -> numpy.ndarray:
    rows, columns = (numpy.fft.fftfreq(side) for side in copy.shape[:2])
    transfer = numpy.exp(-2 * (numpy.pi * SIGMA) ** 2 * (rows[:, None] ** 2 + columns[None] ** 2))[..., None]
    return numpy.fft.ifft2(numpy.fft.fft2(copy, axes=(0, 1)) * transfer / (transfer**2 + noise), axes=(0, 1)).real


def grown(mask: numpy.ndarray, reach: int = 10) -> numpy.ndarray:
    """With what the blur of a mask's edge reaches."""
    return cv2.dilate(mask.astype(numpy.uint8), numpy.ones((2 * reach + 1,) * 2, numpy.uint8)) > 0


def filled(picture: numpy.ndarray, mask: numpy.ndarray, way: int) -> numpy.ndarray:
    """By one of OpenCV's ways, TELEA or NAVIER_STOKES."""
    return cv2.inpaint(bytes_of(picture), mask.astype(numpy.uint8), REACH, way).astype(float)
