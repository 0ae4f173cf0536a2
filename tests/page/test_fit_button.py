"""Fitting a style on the page: offered where no dial is there, done by a button, and kept by the browser."""

import json

import pytest
from playwright.sync_api import expect

from driving import MINUTE, download, make, pixels, turn_to

STYLE = "sketch drawing"  # None of the model's own dials is called so.


@pytest.fixture
def quick(page):
    """A page whose pictures take four steps."""
    page.locator("#more summary").click()
    page.locator("#steps").fill("4")
    return page


def fit(page):
    page.locator("#fit_start").click()
    expect(page.locator("#fit_progress")).to_be_visible()
    expect(page.locator("#fit_text")).to_contain_text("of up to")
    expect(page.locator("#status")).to_contain_text("is fitted", timeout=3 * MINUTE)
    expect(page.locator("#fit_progress")).to_be_hidden()


def test_it_is_offered_only_where_a_dial_is_missing(page):
    box = page.locator("#fit")
    expect(box).to_be_hidden()
    page.locator("#style").fill(STYLE)
    expect(box).to_contain_text(f"Fitting it to “{STYLE}” tells how the style usually shows")
    page.locator("#method").select_option("guide")
    expect(box).to_be_hidden()
    page.locator("#method").select_option("calibrated")
    expect(box).to_be_visible()
    for style in ("", "monet STYLE "):
        page.locator("#style").fill(style)
        expect(box).to_be_hidden()


def test_a_style_is_fitted_turned_kept_and_forgotten(quick):
    page = quick
    page.locator("#style").fill(STYLE)
    make(page)
    turn_to(page, 0.5)
    expect(page.locator("#caption")).to_have_text("calibrated on this picture · 50 %")
    before = pixels(page)
    fit(page)
    expect(page.locator("#changed")).to_be_visible()
    make(page)
    turn_to(page, 0.5)
    expect(page.locator("#caption")).to_have_text("calibrated · 50 %")
    expect(page.locator("#notices")).to_be_hidden()
    assert pixels(page) != before
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#fit_note")).to_contain_text("was fitted here")
    saved = download(page, "#fit_save")
    assert saved.suggested_filename == "sketch-drawing.dial.json"
    with open(saved.path()) as file:
        assert json.load(file)["style"] == STYLE
    page.locator("#fit_forget").click()
    expect(page.locator("#fit_note")).to_contain_text("The dial finds its way on each picture")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#fit_start")).to_be_visible()


def test_a_fit_is_cancelled(quick):
    quick.locator("#steps").fill("200")
    quick.locator("#style").fill(STYLE)
    quick.locator("#fit_start").click()
    quick.locator("#fit_cancel").click()
    expect(quick.locator("#fit_progress")).to_be_hidden(timeout=MINUTE)
    expect(quick.locator("#fit_start")).to_be_visible()


def test_words_that_show_nothing_cannot_be_fitted(quick):
    quick.locator("#style").fill("in the")
    quick.locator("#fit_start").click()
    expect(quick.locator("#error")).to_contain_text("so there is nothing to calibrate", timeout=3 * MINUTE)
    expect(quick.locator("#fit_start")).to_be_visible()


def test_methods_stand_in_two_groups(page):
    groups = page.locator("#method optgroup")
    assert groups.evaluate_all("groups => groups.map((group) => group.label)") == ["Dials", "For comparison"]
    first, second = (groups.nth(i).locator("option").all_inner_texts() for i in range(2))
    assert first[0] == "calibrated" and "guide" in first and "sega" in second and not set(first) & set(second)
