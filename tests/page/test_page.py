"""The page in a real browser: making, turning, comparing, and being usable by everyone."""

import io
import pathlib
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from driving import MINUTE, download, drop, give_start_image, make, pixels, plain_picture, shown, turn_to

SHOTS = pathlib.Path(__file__).parents[2] / "out" / "page"


def test_type_and_make(page):
    page.locator("#prompt").fill("a castle by the lake")
    page.locator("#style").fill("sketch")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#picture")).to_have_attribute("data-position", "0.5", timeout=MINUTE)
    expect(page.locator("#status")).to_contain_text("pictures are ready", timeout=MINUTE)
    assert page.locator("#ticks i").count() == 21
    expect(page.locator("#exactness")).to_have_text("exact")
    expect(page.locator("#caption")).to_have_text("calibrated · 50 %")


def test_a_picture_is_seen_while_it_is_made(page):
    page.locator("#picture").evaluate(
        """canvas => {
          window.seen = [];
          new MutationObserver(() => seen.push({ ...canvas.dataset, label: canvas.getAttribute("aria-label") })).observe(canvas, { attributeFilter: ["aria-label"] });
        }"""
    )
    page.locator("#style").fill("")
    page.locator("#more summary").click()
    page.locator("#steps").fill("240")
    make(page)
    seen = page.evaluate("seen")
    steps = [int(frame["preview"]) for frame in seen if "preview" in frame]
    assert steps and steps == sorted(steps) and all(step % 40 == 0 for step in steps)
    assert f"Preview: step {steps[0]} of 241" in [frame["label"] for frame in seen]
    assert "preview" not in seen[-1] and "position" in seen[-1]


def test_frames_come_from_coarse_to_fine(page):
    page.evaluate(
        """() => {
          window.order = [];
          const marks = new MutationObserver((changes) => changes.forEach((change) => change.addedNodes.forEach((mark) => order.push(parseFloat(mark.style.left)))));
          marks.observe(document.getElementById("ticks"), { childList: true });
        }"""
    )
    make(page)
    order = page.evaluate("order")
    assert len(order) == 21, "none where there is nothing to take away"
    assert order[:5] == [50, 100, 75, 62.5, 87.5]


def test_a_prompt_that_names_its_style_can_be_turned_down(page):
    page.locator("#prompt").fill("a temple in the jungle, Monet style")
    make(page)
    assert page.locator("#ticks i").count() == 41
    turn_to(page, -1)
    expect(page.locator("#exactness")).to_have_text("exact")
    assert page.locator("#position").evaluate("slider => slider.style.getPropertyValue('--low')") == "0"
    page.locator("#prompt").fill("a temple in the jungle")
    make(page)
    turn_to(page, -1)
    expect(page.locator("#exactness")).to_contain_text("nothing to take away")
    assert page.locator("#position").evaluate("slider => slider.style.getPropertyValue('--low')") == "0.5"


def test_turning_shows_what_exists_within_one_animation_frame(page):
    make(page)
    result = page.evaluate(
        """async () => {
          const slider = document.getElementById("position");
          const canvas = document.getElementById("picture");
          const nextFrame = () => new Promise(requestAnimationFrame);
          const wrong = [], taken = [];
          const before = performance.getEntriesByType("resource").length;
          for (let place = -100; place <= 100; place += 5) {
            await nextFrame();
            const start = performance.now();
            slider.value = place / 100;
            slider.dispatchEvent(new Event("input", { bubbles: true }));
            taken.push(performance.now() - start);
            await nextFrame();
            if (Number(canvas.dataset.position) !== place / 100) wrong.push(place);
          }
          return { wrong, slowest: Math.max(...taken), asked: performance.getEntriesByType("resource").length - before };
        }"""
    )
    assert result["wrong"] == [] and result["asked"] == 0
    assert result["slowest"] < 16.7, f"one frame of 60 a second lasts 16.7 ms, not {result['slowest']}"


def test_each_frame_shows_another_picture(page):
    make(page)
    seen = set()
    for position in (0, 0.5, 1):
        turn_to(page, position)
        seen.add(pixels(page))
    assert len(seen) == 3


def test_a_new_position_is_made_when_the_dial_rests_there(page):
    make(page)
    turn_to(page, 0.33)
    assert shown(page) == "0.35"
    expect(page.locator("#exactness")).to_have_text("nearest made: 35 %")
    start = time.monotonic()
    expect(page.locator("#picture")).to_have_attribute("data-position", "0.33", timeout=5000)
    print(f"a new position took {time.monotonic() - start:.2f} s")
    expect(page.locator("#exactness")).to_have_text("exact")
    assert page.locator("#ticks i").count() == 22


def test_the_position_the_dial_rests_on_goes_first(page):
    page.locator("#more summary").click()
    page.locator("#steps").fill("50")
    page.locator("#method").select_option("slerp")  # Every position is denoised by itself, so there is something to wait for.
    page.locator("#make").click()
    expect(page.locator("#ticks i").first).to_be_attached(timeout=MINUTE)
    turn_to(page, -0.83)
    expect(page.locator("#picture")).to_have_attribute("data-position", "-0.83", timeout=MINUTE)
    assert page.locator("#ticks i").count() < 41, "all of the grid came first"
    page.locator("#cancel").click()


def test_keys_turn_the_dial(page):
    make(page)
    page.locator("#position").focus()
    page.keyboard.press("ArrowRight")
    assert shown(page) == "0.55"
    page.keyboard.press("ArrowDown")
    assert shown(page) == "0.5"
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#reading")).to_have_text("49 %")
    page.keyboard.press("Home")
    expect(page.locator("#reading")).to_have_text("−100 %")
    expect(page.locator("#position")).to_have_attribute("aria-valuetext", "−100 %, nothing to take away: the prompt does not say “Monet style”")


def test_a_dial_that_was_not_fitted_goes_by_the_picture(page):
    page.locator("#style").fill("made of glass")
    make(page)
    expect(page.locator("#caption")).to_have_text("calibrated on this picture · 50 %")
    page.locator("#method").select_option("guide")
    make(page)
    expect(page.locator("#caption")).to_have_text("guide · 50 %")


def test_changed_settings_are_said(page):
    make(page)
    expect(page.locator("#changed")).to_be_hidden()
    page.locator("#new_seed").click()
    expect(page.locator("#changed")).to_be_visible()
    make(page)
    expect(page.locator("#changed")).to_be_hidden()


def test_a_dropped_png_brings_its_settings_back(page, tmp_path):
    page.locator("#seed").fill("1")
    make(page)
    saved = download(page, "#save_picture")
    assert saved.suggested_filename == "a-temple-in-the-jungle-monet-style-50.png"
    saved.save_as(tmp_path / "saved.png")
    assert Image.open(tmp_path / "saved.png").text["parameters"].startswith("a temple in the jungle")
    page.locator("#prompt").fill("a dog")
    page.locator("#seed").fill("7")
    drop(page, "saved.png", (tmp_path / "saved.png").read_bytes())
    expect(page.locator("#prompt")).to_have_value("a temple in the jungle")
    expect(page.locator("#seed")).to_have_value("1")
    expect(page.locator("#status")).to_have_text("Picture and settings are back. Make fills the other positions.")
    assert shown(page) == "0.5"
    page.locator("#as_start").click()
    expect(page.locator("#start")).to_be_visible()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_any_other_picture_becomes_the_start_image(page, kind):
    give_start_image(page, f"mine.{kind.lower()}", plain_picture(kind), f"image/{kind.lower()}")
    page.locator("#invert").check()
    with page.expect_request("**/v1/dial") as asked:
        make(page)
    sent = asked.value.post_data_json
    assert sent["image"].startswith("data:image/") and sent["invert"] is True and sent["strength"] == 0.75
    page.reload()
    expect(page.locator("#start")).to_be_visible()
    page.locator("#start_remove").click()
    expect(page.locator("#start")).to_be_hidden()


def test_a_start_image_keeps_its_shape(page):
    data = io.BytesIO()
    Image.new("RGB", (1000, 700), "teal").save(data, "PNG")
    give_start_image(page, "wide.png", data.getvalue())
    size = lambda: [page.locator(side).input_value() for side in ("#width", "#height")]  # noqa: E731
    assert size() == ["152", "104"]
    make(page)
    expect(page.locator("#notices")).to_be_hidden()
    assert page.locator("#picture").evaluate("canvas => canvas.width / canvas.height") == pytest.approx(152 / 104, 0.01)
    page.locator("#start_remove").click()
    expect(page.locator("#start")).to_be_hidden()
    assert size() == ["128", "128"]


def test_what_is_cut_off_a_start_image_is_said(page):
    data = io.BytesIO()
    Image.new("RGB", (1000, 700), "teal").save(data, "PNG")
    give_start_image(page, "wide.png", data.getvalue())
    page.locator("#more summary").click()
    for side in ("#width", "#height"):
        page.locator(side).fill("128")
    make(page)
    expect(page.locator("#notices")).to_contain_text("the start image is 1000x700: at 128x128 30 % of it is cut off")
    page.locator("#start_remove").click()
    assert page.locator("#width").input_value() == "128"


def test_the_file_button_takes_a_picture_too(page, tmp_path):
    (tmp_path / "mine.png").write_bytes(plain_picture())
    page.locator("#file").set_input_files(tmp_path / "mine.png")
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator("#status")).to_have_text("mine.png is the start image.")


def test_compare_shows_two_pictures(page):
    make(page)
    page.locator("#compare").check()
    expect(page.locator("#other_picture")).to_have_attribute("data-position", "0.5", timeout=MINUTE)
    expect(page.locator("#other_caption")).to_have_text("slerp · 50 %")
    assert pixels(page) != pixels(page, "other_picture")
    expect(page.locator("#progress")).to_be_hidden(timeout=MINUTE)
    turn_to(page, 1)
    assert shown(page) == shown(page, "other_picture") == "1"
    page.locator("#compare").uncheck()
    expect(page.locator("#other")).to_be_hidden()


def test_a_method_says_what_it_is(page):
    for method, note in (("sega", "Somebody else's dial, for comparison: semantic guidance."), ("guide", "The diffusion is guided to the style.")):
        page.locator("#method").select_option(method)
        expect(page.locator("#method_note")).to_have_text(note)
    page.locator("#method").select_option("calibrated")
    expect(page.locator("#method_note")).to_contain_text("Each position is drawn with words between; it is its share of the way")
    expect(page.locator("#compare_method")).to_have_value("slerp")


def test_strip_and_animation(page, tmp_path):
    make(page)
    download(page, "#save_strip").save_as(tmp_path / "strip.png")
    assert Image.open(tmp_path / "strip.png").width > 500
    download(page, "#save_animation").save_as(tmp_path / "animation.png")
    animation = Image.open(tmp_path / "animation.png")
    assert animation.is_animated and animation.n_frames == 40 and animation.size == (128, 128)
    frames = []
    for index in (0, 10, 20, 30):
        animation.seek(index)
        frames.append(animation.convert("RGB").tobytes())
    assert frames[1] == frames[3] and len(set(frames)) == 3


def test_without_a_style_there_is_one_picture(page):
    page.locator("#style").fill("")
    make(page)
    expect(page.locator("#status")).to_have_text("The picture is ready.")
    expect(page.locator("#position")).to_be_disabled()
    expect(page.locator("#reading")).to_be_empty()
    expect(page.locator("#exactness")).to_be_empty()


def test_bad_settings_are_one_line(page):
    page.locator("#more summary").click()
    page.locator("#steps").fill("5000")
    page.locator("#make").click()
    expect(page.locator("#error")).to_contain_text("Steps: ")
    page.locator("#steps").fill("20")
    page.locator("#prompt").fill("")
    page.locator("#make").click()
    expect(page.locator("#error")).to_contain_text("Prompt: ")


def refuse(page, status, body, **headers):
    page.route("**/v1/dial", lambda route: route.fulfill(status=status, json=body, headers=headers))


def test_the_servers_complaint_is_shown(open_page):
    page = open_page()
    refuse(page, 429, {"error": {"code": "busy", "message": "Too many jobs wait."}}, **{"Retry-After": "7"})
    page.locator("#make").click()
    expect(page.locator("#error")).to_have_text("Too many jobs wait. Try again in 7 s.")
    open_page.complaints.clear()  # The browser logs each refusal.


def test_a_key_is_asked_for_once(open_page):
    page = open_page()

    def guard(route):
        if route.request.headers.get("authorization") == "Bearer secret":
            route.continue_()
        else:
            route.fulfill(status=401, json={"error": {"code": "unauthorized", "message": "This server asks for a key."}})

    page.route("**/v1/**", guard)
    page.locator("#make").click()
    page.locator("#key").fill("secret")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("ready", timeout=MINUTE)
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#key_dialog")).to_be_hidden()
    open_page.complaints.clear()


def test_no_scroll_sideways_on_a_phone(open_page):
    page = open_page(width=360, height=740)
    page.locator("#more summary").click()
    make(page)
    page.locator("#compare").check()
    expect(page.locator("#other_picture")).to_have_attribute("data-position", "0.5", timeout=MINUTE)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def test_a_finger_finds_everything(open_page):
    page = open_page(width=390, height=844, touch=True)
    assert page.locator("#make").bounding_box()["y"] < 844 and not page.locator(".keys").is_visible()
    page.locator("#more summary").click()
    make(page)
    small = "[...document.querySelectorAll('button, select, summary, input:not([type=checkbox], [type=range])')].filter((one) => one.offsetParent && one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
    assert page.evaluate(small) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("device, width, height", [("desktop", 1280, 860), ("phone", 360, 740)])
def test_everyone_can_use_it(open_page, scheme, device, width, height):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page = open_page(width=width, height=height, scheme=scheme)

    def check(state):
        page.screenshot(path=SHOTS / f"{device}-{scheme}-{state}.png", full_page=True)
        found = Axe().run(page).response["violations"]
        serious = [(each["id"], [node["target"] for node in each["nodes"]]) for each in found if each["impact"] in {"serious", "critical"}]
        assert not serious, state

    check("empty")
    make(page)
    check("made")
    page.locator("#more summary").click()
    page.locator("#new_seed").click()
    give_start_image(page, "mine.png", plain_picture())
    page.locator("#compare").check()
    expect(page.locator("#other_picture")).to_have_attribute("data-position", "0.5", timeout=MINUTE)
    check("compare")


def test_the_form_begins_with_what_the_model_says(page):
    for field, value in (("prompt", "a temple in the jungle"), ("style", "Monet style"), ("steps", "20"), ("guidance_scale", "3.5")):
        expect(page.locator(f"#{field}")).to_have_value(value)


def test_a_seed_of_minus_one_is_any_seed(page):
    page.locator("#seed").fill("-1")
    make(page)
    assert int(page.locator("#seed").input_value()) >= 0
    expect(page.locator("#error")).to_be_hidden()


def test_a_size_beyond_the_model_is_said_beside_it(page):
    page.locator("#more summary").click()
    expect(page.locator("#size_note")).to_have_text("")
    page.locator("#width").fill("512")
    expect(page.locator("#size_note")).to_have_text("scenes was trained at 128×128; at 512×128 it shows no scene, or the same several times.")
    page.locator("#width").fill("256")
    expect(page.locator("#size_note")).to_have_text("")


def test_words_that_the_model_does_not_know_are_said(page):
    page.locator("#style").fill("in the")
    make(page)
    expect(page.locator("#notices")).to_contain_text('the model shows nothing of "in the". It knows: Monet style, ')
    expect(page.locator("#exactness")).to_have_text("the model shows nothing of “in the”")
