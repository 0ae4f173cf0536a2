"""The page of a model that upscales, and does nothing else. The golden one is small and random."""

import pathlib

import pytest
from live import running_server
from playwright.sync_api import expect

from driving import give_start_image, make, photo, shown_and_given

MODEL = pathlib.Path(__file__).parents[1] / "golden/models/upscaling"


@pytest.fixture(scope="module")
def server():
    with running_server("-m", str(MODEL)) as (address, _):
        yield address


def test_it_asks_for_what_the_model_hears_and_sends_no_more(page):
    data = photo(12, 8)
    page.locator("#steps").evaluate("field => (field.value = 2)")
    give_start_image(page, "photo.png", data)
    expect(page.locator("#restore")).to_have_value("upscale")
    for field in ("#strength", "#mask_paint", "#redraw_words", "#extend", "#invert_label", "#second_pass"):
        expect(page.locator(field)).to_be_hidden()
    assert page.locator("#upscale_by option").all_inner_texts() == ["4"]
    with page.expect_request("**/v1/generate") as sent:
        make(page)
    body = sent.value.post_data_json
    assert (body["restore"], body["upscale_by"]) == ("upscale", 4)
    assert not {"strength", "style", "width", "hires", "redraw_words", "upscale_with"} & body.keys()
    shown_and_given(page, data, (48, 32))


def test_without_a_picture_it_says_what_is_missing(page, open_page):
    page.locator("#prompt").fill("a dog")
    page.locator("#make").click()
    expect(page.locator("#error")).to_contain_text("makes a picture 4 times as wide and high")
    open_page.complaints.clear()  # The browser logs each refusal.
