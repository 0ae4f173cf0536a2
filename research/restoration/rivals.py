"""What needs no model: filters, and OpenCV's ways to fill a hole."""

import cv2
import numpy
from PIL import Image

from research.restoration.copies import BY, SIGMA, blurred

REACH = 5  # Of OpenCV's filling, in pixels.


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


def filled(picture: numpy.ndarray, mask: numpy.ndarray, way: int) -> numpy.ndarray:
    """By one of OpenCV's ways, cv2.INPAINT_TELEA or cv2.INPAINT_NS."""
    return cv2.inpaint(bytes_of(picture), mask.astype(numpy.uint8), REACH, way).astype(float)
