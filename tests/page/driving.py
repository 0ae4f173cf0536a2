"""What a person does on the page."""

import base64
import io

import numpy
from PIL import Image
from playwright.sync_api import expect

MINUTE = 60_000


def make(page):
    page.locator("#make").click()
    expect(page.locator("#status")).to_contain_text("ready", timeout=MINUTE)
    expect(page.locator("#progress")).to_be_hidden()


def turn_to(page, position):
    """Moves the slider as a hand does, through its input event."""
    page.locator("#position").evaluate(
        "(slider, position) => { slider.value = position; slider.dispatchEvent(new Event('input', { bubbles: true })); }", position
    )


def shown(page, canvas="picture"):
    return page.locator(f"#{canvas}").get_attribute("data-position")


def pixels(page, canvas="picture"):
    return page.locator(f"#{canvas}").evaluate("canvas => canvas.toDataURL()")


def download(page, button):
    with page.expect_download(timeout=MINUTE) as started:
        page.locator(button).click()
    return started.value


def drop(page, name, data, kind="image/png"):
    page.evaluate(
        """([name, data, kind]) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const dataTransfer = new DataTransfer();
          dataTransfer.items.add(new File([bytes], name, { type: kind }));
          for (const type of ["dragover", "drop"]) {
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true }));
          }
        }""",
        [name, base64.b64encode(data).decode(), kind],
    )


def give_start_image(page, name, data, kind="image/png"):
    drop(page, name, data, kind)
    expect(page.locator("#status")).to_have_text(f"{name} is the start image.")


def plain_picture(kind="PNG"):
    data = io.BytesIO()
    Image.new("RGB", (128, 128), "teal").save(data, kind)
    return data.getvalue()


def photo(width=128, height=128):
    data = io.BytesIO()
    Image.fromarray(numpy.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=numpy.uint8)).save(data, "PNG")
    return data.getvalue()


def open_brush_again(page):
    page.locator("#mask_paint").click()
    expect(page.locator("#mask_dialog")).to_be_visible()


def drag(page, *places):
    """A stroke with the mouse, through places as shares of the picture."""
    box = page.locator("#mask_canvas").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in places]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=5)
    page.mouse.up()


def shown_and_given(page, data, size=None):
    """The picture that was made, of this size or the photo's, and the photo, as pixels."""
    shown = Image.open(download(page, "#save_picture").path()).convert("RGB")
    given = Image.open(io.BytesIO(data)).convert("RGB")
    assert shown.size == (size or given.size)
    return numpy.asarray(shown).astype(int), numpy.asarray(given).astype(int)
