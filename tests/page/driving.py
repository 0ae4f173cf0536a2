"""What a person does on the page."""

import base64
import io

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


def plain_picture(kind="PNG"):
    data = io.BytesIO()
    Image.new("RGB", (128, 128), "teal").save(data, kind)
    return data.getvalue()
