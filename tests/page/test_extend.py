"""A start image is extended beyond its sides."""

from playwright.sync_api import expect

from driving import drag, give_start_image, make, open_brush_again, photo, shown_and_given


def extend(page, data, **sides):
    page.locator("#style").fill("")
    give_start_image(page, "photo.png", data)
    page.locator("#extend summary").click()
    for side, pixels in sides.items():
        page.locator(f"#extend_{side}").fill(str(pixels))


def test_what_is_new_is_drawn_beside_the_photo(page):
    data = photo()
    extend(page, data, right=32, top=16)
    for of_the_whole in ("#strength", "#invert_label"):
        expect(page.locator(of_the_whole)).to_be_hidden()
    expect(page.locator("#size_note")).to_contain_text("follows from the start image")
    make(page)
    shown, given = shown_and_given(page, data, (160, 144))
    assert (shown[16 + 10 :, : 128 - 10] == given[10:, : 128 - 10]).all()
    assert shown[:14].std() > 3


def test_another_photo_is_not_extended(page):
    extend(page, photo(), left=32)
    give_start_image(page, "other.png", photo(64, 64))
    expect(page.locator("#extend_left")).to_have_value("0")
    expect(page.locator("#strength")).to_be_visible()


def test_a_part_of_it_is_redrawn_too(page):
    data = photo()
    extend(page, data, bottom=24)
    open_brush_again(page)
    drag(page, (0.85, 0.1), (0.85, 0.6))
    page.locator("#mask_done").click()
    make(page)
    shown, given = shown_and_given(page, data, (128, 152))
    assert (shown[20:100, :50] == given[20:100, :50]).all()
    assert abs(shown[20:70, 105:112] - given[20:70, 105:112]).mean() > 20


def test_more_than_there_may_be_is_said_before_it_is_sent(page):
    extend(page, photo(), left=5000)
    page.locator("#make").click()
    expect(page.locator("#error")).to_contain_text("Left:")
