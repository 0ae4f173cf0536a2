"""A picture drawn a second time, larger, and a photo enlarged by a network that the server was given."""

import io
import pathlib

import pytest
from PIL import Image
from live import running_server
from playwright.sync_api import expect

from driving import download, drop, give_start_image, make, photo, plain_picture

NETWORK = pathlib.Path(__file__).parents[1] / "golden/models/upscalers/compact.pth"


@pytest.fixture(scope="module")
def server():
    with running_server("--upscaler", str(NETWORK)) as (address, _):
        yield address


@pytest.fixture
def drawing(page):
    """A page that is about to draw a small picture from noise."""
    ready(page)
    return page


def ready(page):
    page.locator("#style").fill("")
    page.locator("#more summary").click()
    for field, value in (("#steps", "3"), ("#width", "64"), ("#height", "64")):
        page.locator(field).fill(value)


def made_size(page):
    return Image.open(download(page, "#save_picture").path()).size


def sent_by(page, path="**/v1/generate"):
    with page.expect_request(path) as sent:
        make(page)
    return sent.value.post_data_json


@pytest.mark.parametrize("enlarger", ["latent", "lanczos", "compact"])
def test_a_picture_is_drawn_twice(drawing, enlarger):
    expect(drawing.locator("#hires_with")).to_be_hidden()
    drawing.locator("#hires").fill("1.5")
    drawing.locator("#hires_with").select_option(enlarger)
    drawing.locator("#hires_strength").fill("0.4")
    expect(drawing.locator("#hires_strength_value")).to_have_text("40 %")
    body = sent_by(drawing)
    assert (body["hires"], body["hires_with"], body["hires_strength"]) == (1.5, enlarger, 0.4)
    assert made_size(drawing) == (96, 96)


def test_once_is_the_default(drawing):
    assert not {"hires_with", "hires_strength"} & sent_by(drawing).keys()
    assert made_size(drawing) == (64, 64)


def test_an_impossible_factor_is_said_before_it_is_sent(drawing):
    drawing.locator("#hires").fill("9")
    drawing.locator("#make").click()
    expect(drawing.locator("#error")).to_contain_text("Second pass")


def test_it_is_offered_only_where_there_is_one(drawing):
    expect(drawing.locator("#second_pass")).to_be_visible()
    drawing.locator("#style").fill("winter")
    drawing.locator("#method").select_option("anchored")
    expect(drawing.locator("#second_pass")).to_be_hidden()
    drawing.locator("#method").select_option("calibrated")
    expect(drawing.locator("#second_pass")).to_be_visible()
    drawing.locator("#hires").fill("2")
    give_start_image(drawing, "photo.png", plain_picture())
    expect(drawing.locator("#second_pass")).to_be_hidden()
    drawing.locator("#style").fill("")
    assert not {"hires", "hires_with"} & sent_by(drawing).keys()


def test_a_picture_brings_its_second_pass_back(drawing):
    drawing.locator("#hires").fill("1.5")
    drawing.locator("#hires_with").select_option("compact")
    make(drawing)
    data = pathlib.Path(download(drawing, "#save_picture").path()).read_bytes()
    drawing.locator("#hires_with").select_option("latent")
    drawing.locator("#hires").fill("1")
    drop(drawing, "large.png", data)
    expect(drawing.locator("#status")).to_contain_text("Picture and settings are back.")
    expect(drawing.locator("#hires")).to_have_value("1.5")
    expect(drawing.locator("#hires_with")).to_have_value("compact")


def test_a_network_enlarges_a_photo(page):
    data = photo(30, 20)
    give_start_image(page, "photo.png", data)
    page.locator("#restore").select_option("upscale")
    expect(page.locator("#strength")).to_be_visible()
    page.locator("#upscale_with").select_option("compact")
    page.locator("#upscale_by").select_option("3")
    expect(page.locator("#strength")).to_be_hidden()
    expect(page.locator("#restore_note")).to_contain_text("network")
    body = sent_by(page, "**/v1/upscale")
    assert {name: body[name] for name in body if name != "image"} == {"with": "compact", "by": 3}
    expect(page.locator("#caption")).to_have_text("larger")
    made = Image.open(download(page, "#save_picture").path())
    assert made.size == (90, 60) and "Postprocess upscaler: compact" in made.info["parameters"]
    assert page.locator("#wipe").is_visible()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#caption")).to_have_text("larger")
    page.locator("#upscale_with").select_option("")
    page.locator("#gallery button.kept").first.click()
    expect(page.locator("#upscale_with")).to_have_value("compact")


def test_it_fits_a_phone(open_page):
    page = open_page(width=390, height=844, touch=True)
    ready(page)
    page.locator("#hires").fill("2")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for field in ("#hires", "#hires_with", "#hires_strength"):
        box = page.locator(field).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 16
