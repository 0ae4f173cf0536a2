import shutil

import pytest
from live import running_server
from playwright.sync_api import expect, sync_playwright

expect.set_options(timeout=20_000)  # Milliseconds: beside other tests a browser without a GPU may take five seconds for its first PNG.


@pytest.fixture(scope="session")
def server():
    """The address of a live server."""
    with running_server() as (address, _):
        yield address


@pytest.fixture(scope="session")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def open_page(server, browser):
    """Opens the page in a fresh profile; at the end demands that it ran without complaint and asked no other host."""
    opened, complaints = [], []

    def watch(page):
        page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith((server, "blob:", "data:")) else None)

    def open_one(width=1280, height=860, scheme="light", touch=False):
        context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce", has_touch=touch, is_mobile=touch)
        opened.append(context)
        page = context.new_page()
        watch(page)
        page.goto(server)
        page.wait_for_selector("body[data-ready]")
        return page

    open_one.complaints = complaints
    yield open_one
    for context in opened:
        context.close()
    assert not complaints


@pytest.fixture
def page(open_page):
    return open_page()
