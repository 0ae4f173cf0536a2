"""What stays on the page, and on the server, after a cancel, a reload, a closed tab, or a server that went away."""

import time

from PIL import Image
from playwright.sync_api import expect

from driving import MINUTE, download, drop, give_start_image, make, pixels, plain_picture, shown, turn_to


def test_a_closed_page_leaves_no_job_behind(page, server):
    page.locator("#more summary").click()
    page.locator("#steps").fill("900")
    page.locator("#make").click()
    expect(page.locator("#progress_text")).to_contain_text("picture 1 of 41", timeout=MINUTE)
    running = lambda: page.request.get(f"{server}/sdapi/v1/progress").json()["state"]["job"]  # noqa: E731
    assert running()
    page.goto("about:blank")
    deadline = time.monotonic() + 20
    while running() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not running()


def test_cancel(page):
    page.locator("#more summary").click()
    page.locator("#steps").fill("900")
    page.locator("#make").click()
    expect(page.locator("#progress_text")).to_contain_text("picture 1 of 41", timeout=MINUTE)
    page.locator("#cancel").click()
    expect(page.locator("#progress")).to_be_hidden(timeout=MINUTE)
    expect(page.locator("#status")).to_have_text("Cancelled. Nothing was finished.")
    expect(page.locator("#empty")).to_be_visible()
    page.locator("#steps").fill("20")
    make(page)


def test_a_reload_keeps_gallery_and_form(page):
    page.locator("#seed").fill("18446744073709551615")
    page.locator("#style").fill("sunset")
    make(page)
    turn_to(page, 1)
    page.locator("#keep").click()
    expect(page.locator("#gallery li")).to_have_count(2)
    page.locator("#style").fill("sketch")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#seed")).to_have_value("18446744073709551615")
    expect(page.locator("#style")).to_have_value("sketch")
    page.locator("#gallery .kept").first.click()
    expect(page.locator("#style")).to_have_value("sunset")
    expect(page.locator("#seed")).to_have_value("18446744073709551615")
    expect(page.locator("#reading")).to_have_text("100 %")
    assert shown(page) == "1"
    page.locator("#gallery .remove").first.click()
    expect(page.locator("#gallery li")).to_have_count(1)


def test_a_reload_brings_the_pictures_back(page):
    make(page)
    turn_to(page, 0.8)
    before = pixels(page)
    page.wait_for_timeout(500)  # The dial rests.
    page.reload()
    expect(page.locator("#picture")).to_have_attribute("data-position", "0.8", timeout=MINUTE)
    assert pixels(page) == before and page.locator("#ticks i").count() == 21
    expect(page.locator("#changed")).to_be_hidden()
    turn_to(page, 0)
    assert shown(page) == "0" and pixels(page) != before
    turn_to(page, 0.33)
    expect(page.locator("#picture")).to_have_attribute("data-position", "0.33", timeout=MINUTE)


def test_a_picture_that_is_brought_back_says_what_is_missing(page):
    make(page)
    page.locator("#gallery .kept").first.click()
    expect(page.locator("#status")).to_have_text("Picture and settings are back. Make fills the other positions.")


def test_what_was_deleted_can_be_brought_back(page):
    make(page)
    title = page.locator("#gallery .kept span").inner_text()
    page.locator("#gallery .remove").click()
    expect(page.locator("#gallery li")).to_have_count(0)
    expect(page.locator("#gallery_deleted")).to_have_text(f"Deleted: {title}. Undo")
    page.keyboard.press("Enter")
    expect(page.locator("#gallery .kept span")).to_have_text(title)
    expect(page.locator("#gallery_deleted")).to_be_hidden()


def test_seeds_tell_pictures_of_one_title_apart(page):
    captions = page.locator("#gallery .kept span")
    for seed in ("7", "8"):
        page.locator("#seed").fill(seed)
        make(page)
    expect(captions).to_have_text(["a temple in the jungle · Monet style 50 % · seed 8", "a temple in the jungle · Monet style 50 % · seed 7"])
    page.locator("#gallery .remove").first.click()
    expect(captions).to_have_text(["a temple in the jungle · Monet style 50 %"])


def test_a_strip_needs_no_server(open_page, tmp_path):
    page = open_page()
    make(page)
    page.route("**/v1/**", lambda route: route.abort())
    download(page, "#save_strip").save_as(tmp_path / "strip.png")
    strip = Image.open(tmp_path / "strip.png").convert("RGB")
    assert strip.width == 8 + 11 * 136 and strip.height > 2 * 136, "21 pictures in two rows"
    assert len({strip.crop((8 + i * 136, 60, 136 + i * 136, 150)).tobytes() for i in range(11)}) == 11


def test_a_photo_is_sent_once(page):
    give_start_image(page, "mine.png", plain_picture())
    sent = []
    page.on("request", lambda request: sent.append(request.post_data_json) if request.url.endswith("/v1/dial") else None)
    make(page)
    turn_to(page, 0.33)
    expect(page.locator("#picture")).to_have_attribute("data-position", "0.33", timeout=MINUTE)
    page.locator("#seed").fill("9")
    make(page)
    assert ["image" in body for body in sent] == [True, False, False] and "images_of" not in sent[0]
    with_photo = pixels(page)
    page.locator("#start_remove").click()
    make(page)
    assert pixels(page) != with_photo, "the photo was in the others"
    assert not {"image", "images_of"} & sent[-1].keys()


def test_a_photo_that_is_still_being_read_is_waited_for(page):
    held = []
    page.route("**/v1/png-info", lambda route: held.append(route))
    drop(page, "mine.png", plain_picture())
    expect(page.locator("#status")).to_have_text("Reading mine.png.")
    page.locator("#make").click()
    with page.expect_request("**/v1/dial", timeout=MINUTE) as asked:
        held[0].continue_()
    assert "image" in asked.value.post_data_json


HOLD_READING = """() => {
  const read = createImageBitmap;
  createImageBitmap = async (file) => { await new Promise((go) => { globalThis.go_on = go; }); return read(file); };
}"""


def test_a_made_picture_that_becomes_the_start_image_is_waited_for(page, tmp_path):
    make(page)
    download(page, "#save_picture").save_as(tmp_path / "mine.png")
    drop(page, "mine.png", (tmp_path / "mine.png").read_bytes())
    expect(page.locator("#as_start")).to_be_visible(timeout=MINUTE)
    page.evaluate(HOLD_READING)
    page.locator("#as_start").click()
    page.locator("#make").click()
    with page.expect_request("**/v1/dial", timeout=MINUTE) as asked:
        page.evaluate("go_on()")
    assert "image" in asked.value.post_data_json


def test_a_photo_that_cannot_be_read_is_complained_of_once_and_nothing_is_made(page):
    sent = []
    page.on("request", lambda request: sent.append(request) if request.url.endswith("/v1/dial") else None)
    page.evaluate("() => { globalThis.told = 0; new MutationObserver((records) => { told += records.length; }).observe(document.getElementById('error'), { childList: true }); }")
    page.evaluate(HOLD_READING)
    drop(page, "mine.jpg", b"no picture", "image/jpeg")
    page.locator("#make").click()
    page.evaluate("go_on()")
    expect(page.locator("#error")).to_contain_text("mine.jpg is no picture that can be read")
    page.wait_for_timeout(300)
    assert page.evaluate("told") == 1 and not sent


def test_a_photo_is_sent_again_where_it_was_forgotten(open_page):
    page = open_page()
    give_start_image(page, "mine.png", plain_picture())
    make(page)
    refuse = lambda route: route.fulfill(status=404, json={"error": {"message": "forgotten"}}) if "images_of" in route.request.post_data_json else route.continue_()  # noqa: E731
    page.route("**/v1/dial", refuse)
    page.locator("#seed").fill("9")
    make(page)
    expect(page.locator("#error")).to_be_hidden()
    open_page.complaints.clear()  # The browser logs each refusal.


def test_a_server_that_went_and_came_back_leaves_no_false_word(open_page, server):
    page = open_page()
    page.locator("#more summary").click()
    page.locator("#steps").fill("900")
    with page.expect_response("**/v1/dial") as posted:
        page.locator("#make").click()
    lost = posted.value.json()["id"]
    expect(page.locator("#progress_text")).to_contain_text("picture 1 of 41", timeout=MINUTE)
    page.route("**/v1/**", lambda route: route.abort())
    expect(page.locator("#error")).to_have_text("The server does not answer. Is it still running?", timeout=MINUTE)
    expect(page.locator("#status")).to_be_empty()
    expect(page.locator("#progress")).to_be_hidden()
    page.unroute("**/v1/**")
    page.locator("#steps").fill("20")
    make(page)
    assert page.request.get(f"{server}/v1/jobs/{lost}").json()["state"] == "cancelled", "the new pictures waited for the old"
    expect(page.locator("#error")).to_be_hidden()
    open_page.complaints.clear()  # The browser logs each failure.
