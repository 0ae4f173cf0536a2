"""A part of the start image is painted, with mouse and finger, and redrawn."""

from playwright.sync_api import expect

from driving import drag, give_start_image, make, open_brush_again, photo, shown_and_given


def open_brush(page, data):
    page.locator("#style").fill("")
    give_start_image(page, "photo.png", data)
    open_brush_again(page)


def painted(page):
    """The share of the picture that is painted."""
    return page.locator("#mask_canvas").evaluate(
        """canvas => {
          const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
          let sum = 0;
          for (let i = 3; i < data.length; i += 4) sum += data[i];
          return sum / 255 / canvas.width / canvas.height;
        }"""
    )


def set_size(page, value):
    page.locator("#mask_size").evaluate("(slider, value) => { slider.value = value; }", value)


def test_the_painted_part_alone_is_redrawn(page):
    data = photo()
    open_brush(page, data)
    set_size(page, 40)
    drag(page, (0.85, 0.1), (0.85, 0.9))
    page.locator("#mask_done").click()
    expect(page.locator("#mask_dialog")).to_be_hidden()
    expect(page.locator("#mask_preview")).to_be_visible()
    expect(page.locator("#strength")).to_have_value("1")
    make(page)
    shown, given = shown_and_given(page, data)
    assert (shown[:, :60] == given[:, :60]).all()
    assert abs(shown[20:100, 100:] - given[20:100, 100:]).mean() > 20


def test_a_part_by_itself_leaves_a_photo_its_size(page):
    data = photo(300, 220)
    open_brush(page, data)
    box = page.locator("#mask_canvas").bounding_box()
    assert abs(box["width"] / box["height"] - 300 / 220) < 0.02
    drag(page, (0.7, 0.5), (0.8, 0.5))
    page.locator("#mask_done").click()
    page.locator("#only_masked").check()
    make(page)
    shown, given = shown_and_given(page, data)
    assert (shown[:, :150] == given[:, :150]).all() and (shown != given).any()


def test_erase_undo_invert_and_clear(page):
    open_brush(page, photo())
    assert painted(page) == 0
    expect(page.locator("#mask_undo")).to_be_disabled()
    drag(page, (0.2, 0.5), (0.8, 0.5))
    line = painted(page)
    assert 0.04 < line < 0.12
    page.locator("#mask_erase").check()
    drag(page, (0.2, 0.5), (0.5, 0.5))
    assert painted(page) < 0.8 * line
    page.locator("#mask_undo").click()
    assert abs(painted(page) - line) < 1e-6
    page.locator("#mask_invert").click()
    assert abs(painted(page) - (1 - line)) < 0.01
    page.locator("#mask_undo").click()
    assert abs(painted(page) - line) < 1e-6
    page.locator("#mask_clear").click()
    assert painted(page) == 0
    page.locator("#mask_undo").click()
    assert abs(painted(page) - line) < 1e-6


def test_what_was_painted_can_be_changed_and_taken_back(page):
    open_brush(page, photo())
    drag(page, (0.2, 0.5), (0.8, 0.5))
    line = painted(page)
    page.locator("#mask_done").click()
    open_brush_again(page)
    assert abs(painted(page) - line) < 0.005
    drag(page, (0.2, 0.2), (0.8, 0.2))
    page.locator("#mask_leave").click()
    open_brush_again(page)
    assert abs(painted(page) - line) < 0.005, "left, nothing is taken over"
    page.keyboard.press("Escape")
    expect(page.locator("#part")).to_be_visible()
    page.locator("#mask_remove").click()
    expect(page.locator("#part")).to_be_hidden()
    expect(page.locator("#invert")).to_be_visible()


def test_a_mask_outlives_a_reload_and_goes_with_its_picture(page):
    open_brush(page, photo())
    drag(page, (0.2, 0.5), (0.8, 0.5))
    page.locator("#mask_done").click()
    expect(page.locator("#mask_preview")).to_be_visible()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#mask_preview")).to_be_visible()
    give_start_image(page, "other.png", photo(64, 64))
    expect(page.locator("#mask_preview")).to_be_hidden()


def test_the_gallery_brings_the_part_back(page):
    open_brush(page, photo())
    drag(page, (0.2, 0.5), (0.8, 0.5))
    page.locator("#mask_done").click()
    make(page)
    page.locator("#start_remove").click()
    expect(page.locator("#start")).to_be_hidden()
    page.locator("#gallery .kept").first.click()
    expect(page.locator("#status")).to_contain_text("Picture and settings are back.")
    expect(page.locator("#mask_preview")).to_be_visible()


def test_nothing_painted_is_no_part(page):
    open_brush(page, photo())
    page.locator("#mask_done").click()
    expect(page.locator("#part")).to_be_hidden()


def test_a_finger_paints_on_a_phone(open_page):
    page = open_page(390, 844, touch=True)
    open_brush(page, photo())
    box = page.locator("#mask_canvas").bounding_box()
    assert box["width"] > 250 and box["x"] >= 0 and box["x"] + box["width"] <= 390
    touch = page.context.new_cdp_session(page)
    for kind, x in (("touchStart", 0.3), ("touchMove", 0.5), ("touchMove", 0.7), ("touchEnd", None)):
        points = [] if x is None else [{"x": box["x"] + x * box["width"], "y": box["y"] + box["height"] / 2}]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert 0.02 < painted(page) < 0.2
    page.locator("#mask_done").click()
    expect(page.locator("#mask_preview")).to_be_visible()
