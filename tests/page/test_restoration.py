"""A photo is coloured, sharpened or enlarged, and compared with what it was."""

import base64
import io

import numpy
import pytest
from PIL import Image
from playwright.sync_api import expect

from driving import drag, give_start_image, make, open_brush_again, photo, pixels, shown_and_given

BRIGHTNESS = numpy.array([0.299, 0.587, 0.114])


def smooth(mode="RGB"):
    """A picture with slow colours, as photos have them."""
    y, x = numpy.mgrid[0:64, 0:64] / 64
    waves = [128 + 90 * numpy.sin(6 * x + shift) * numpy.cos(5 * y) for shift in (0, 1, 2)]
    data = io.BytesIO()
    Image.fromarray(numpy.stack(waves, -1).astype(numpy.uint8)).convert(mode).save(data, "PNG")
    return data.getvalue()


def restore(page, data, kind):
    page.locator("#steps").evaluate("field => (field.value = 6)")
    give_start_image(page, "photo.png", data)
    page.locator("#restore").select_option(kind)


def drawn(page):
    """The picture as it is on the screen."""
    data = base64.b64decode(pixels(page).partition(",")[2])
    return numpy.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)


def test_a_photo_becomes_larger_and_keeps_what_is_known(page):
    data = smooth()
    restore(page, data, "upscale")
    page.locator("#upscale_by").select_option("3")
    make(page)
    shown, given = shown_and_given(page, data, (192, 192))
    assert abs(shown.reshape(64, 3, 64, 3, 3).mean((1, 3)) - given).max() < 1


def test_a_grey_photo_gets_colours_and_keeps_its_brightness(page):
    data = smooth("L")
    restore(page, data, "colorize")
    expect(page.locator("#strength")).to_be_hidden()
    make(page)
    shown, given = shown_and_given(page, data)
    assert abs((shown @ BRIGHTNESS).round() - given[..., 0]).max() <= 1
    assert shown.std(-1).mean() > 3


def test_a_blurred_photo_is_sharpened_by_the_blur_that_is_named(page):
    restore(page, smooth(), "deblur")
    expect(page.locator("#blur_sigma")).to_have_value("2")
    expect(page.locator("#strength_value")).to_have_text("50 %")
    page.locator("#blur_sigma").fill("1.5")
    with page.expect_request("**/v1/generate") as sent:
        make(page)
    body = sent.value.post_data_json
    assert (body["restore"], body["blur_sigma"], body["strength"]) == ("deblur", 1.5, 0.5)
    assert not {"style", "width", "mask", "upscale_by", "extend_left"} & body.keys()


def test_an_impossible_blur_is_said_before_it_is_sent(page):
    restore(page, smooth(), "deblur")
    page.locator("#blur_sigma").fill("99")
    page.locator("#make").click()
    expect(page.locator("#error")).to_contain_text("Blur, in pixels:")


def test_a_restored_photo_needs_no_words(page):
    restore(page, smooth(), "upscale")
    page.locator("#prompt").fill("")
    make(page)
    expect(page.locator("#caption")).to_have_text("larger")
    page.locator("#restore").select_option("")
    page.locator("#make").click()
    expect(page.locator("#error")).to_contain_text("Prompt:")


def test_what_is_not_asked_of_a_restoration_is_out_of_sight(page):
    restore(page, smooth(), "upscale")
    for field in ("#blur_sigma", "#extend", "#invert_label", "#mask_paint"):
        expect(page.locator(field)).to_be_hidden()
    page.locator("#restore").select_option("")
    for field in ("#extend", "#invert_label", "#mask_paint"):
        expect(page.locator(field)).to_be_visible()
    expect(page.locator("#upscale_by")).to_be_hidden()
    open_brush_again(page)
    drag(page, (0.3, 0.3), (0.6, 0.6))
    page.locator("#mask_done").click()
    expect(page.locator("#restore")).to_be_hidden()


def test_before_is_wiped_over_after(page):
    data = smooth("L")
    restore(page, data, "colorize")
    expect(page.locator("#wipe")).to_be_hidden()
    make(page)
    after = drawn(page)
    page.locator("#before").fill("0.5")
    wiped, middle = drawn(page), after.shape[1] // 2
    assert wiped[:, : middle - 4].std(-1).mean() < 1 < after[:, : middle - 4].std(-1).mean()
    assert (wiped[:, middle + 4 :] == after[:, middle + 4 :]).all()
    page.locator("#before").fill("0")
    assert (drawn(page) == after).all()


def test_nothing_is_before_a_picture_from_noise(page):
    page.locator("#style").fill("")
    make(page)
    expect(page.locator("#wipe")).to_be_hidden()


def test_a_made_picture_is_started_from(page):
    page.locator("#style").fill("")
    make(page)
    page.locator("#start_from").click()
    expect(page.locator("#status")).to_have_text("This picture is the start image.")
    page.locator("#restore").select_option("upscale")
    make(page)
    assert page.locator("#picture").evaluate("canvas => canvas.dataset.position") == "0"
    expect(page.locator("#wipe")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone(open_page, scheme):
    page = open_page(width=390, height=844, scheme=scheme, touch=True)
    restore(page, photo(), "deblur")
    make(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for field in ("#restore", "#blur_sigma", "#before"):
        box = page.locator(field).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
