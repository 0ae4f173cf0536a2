"""Words say what is redrawn of the start image, in the place of a brush."""

import pytest
from playwright.sync_api import expect

from driving import drag, give_start_image, make, open_brush_again, photo, shown_and_given


@pytest.fixture
def named(page):
    page.locator("#steps").evaluate("field => (field.value = 4)")
    page.locator("#style").fill("")
    give_start_image(page, "photo.png", photo())
    page.locator("#redraw_words").fill("dog")
    page.locator("#redraw_words").blur()
    return page


def test_a_part_is_redrawn_by_words_and_the_rest_stays(named):
    expect(named.locator("#strength_value")).to_have_text("100 %")
    named.locator("#mask_fill").select_option("noise")
    with named.expect_request("**/v1/generate") as sent:
        make(named)
    body = sent.value.post_data_json
    assert (body["redraw_words"], body["strength"], body["mask_fill"]) == ("dog", 1, "noise")
    assert not {"mask", "only_masked", "invert", "hires"} & body.keys()
    shown, given = shown_and_given(named, photo())
    same = (shown == given).all(-1).mean()
    assert 0 < same < 1


def test_words_and_brush_are_one_choice(named):
    for field in ("#mask_paint", "#restore", "#extend", "#invert_label", "#only_masked"):
        expect(named.locator(field)).to_be_hidden()
    named.locator("#redraw_words").fill("")
    for field in ("#mask_paint", "#restore", "#extend", "#invert_label"):
        expect(named.locator(field)).to_be_visible()
    expect(named.locator("#mask_fill")).to_be_hidden()
    open_brush_again(named)
    drag(named, (0.3, 0.3), (0.6, 0.6))
    named.locator("#mask_done").click()
    expect(named.locator("#redraw_words")).to_be_hidden()


def test_they_go_with_their_picture(named):
    give_start_image(named, "other.png", photo())
    expect(named.locator("#redraw_words")).to_have_value("")


def test_words_that_cannot_be_are_refused_in_a_line(named, open_page):
    named.locator("#redraw_words").fill("dog,,cat")
    named.locator("#make").click()
    expect(named.locator("#error")).to_contain_text("has a word that is empty")
    open_page.complaints.clear()  # The browser logs each refusal.


def test_it_fits_a_phone(open_page):
    page = open_page(width=390, height=844, touch=True)
    give_start_image(page, "photo.png", photo())
    page.locator("#redraw_words").fill("dog")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    box = page.locator("#redraw_words").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["height"] >= 44
