"""The page of a server with several models and folders of VAEs and LoRAs: all can be picked."""

import shutil

import pytest
from live import running_server
from playwright.sync_api import expect
from test_prompt_loras import write_lora
from tiny_models import GOLDEN, retrain, retrained

from driving import MINUTE, make


def set_steps(page, steps):
    page.locator("#more").evaluate("details => (details.open = true)")
    page.locator("#steps").fill(str(steps))


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    retrained(folder / "tiny", 1)
    vaes = tmp_path_factory.mktemp("vaes")
    shutil.copy(GOLDEN / "vae" / "diffusion_pytorch_model.safetensors", vaes / "soft.safetensors")
    retrain(vaes / "soft.safetensors", 2)
    (vaes / "broken.pt").write_bytes(b"nothing")
    loras = tmp_path_factory.mktemp("loras")
    for name in ("ink", "oil"):
        write_lora(loras / f"{name}.safetensors")
    with running_server("--models", str(folder), "--vae-dir", str(vaes), "--lora-dir", str(loras)) as (address, _):
        yield address


def choose(page, name):
    page.locator("#models").select_option(name)
    expect(page.locator("#model")).to_contain_text(f"{name} ·", timeout=MINUTE)
    page.wait_for_selector("body[data-ready]")


def test_another_model_draws_the_picture(page):
    assert page.locator("#models option").all_inner_texts() == ["scenes", "tiny"]
    expect(page.locator("#models")).to_have_value("scenes")
    own = page.locator("#width").input_value()
    page.locator("#prompt").fill("a dog")
    set_steps(page, 4)
    make(page)
    choose(page, "tiny")
    expect(page.locator("#prompt")).to_have_value("a dog")
    expect(page.locator("#empty")).to_be_visible()  # The pictures of the other model are not this one's.
    assert page.locator("#width").input_value() != own, "the size is the model's own"
    set_steps(page, 2)
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith(("/v1/generate", "/v1/dial"))) as sent:
        make(page)
    assert sent.value.post_data_json["model"] == "tiny"
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#models")).to_have_value("tiny")
    expect(page.locator("#steps")).to_have_value("2")
    choose(page, "scenes")
    assert page.locator("#width").input_value() == own


def test_another_vae_draws_the_picture(page, open_page):
    assert page.locator("#vaes option").all_inner_texts() == ["the model's own", "broken.pt", "soft.safetensors"]
    expect(page.locator("#vaes")).to_have_value("")
    choose(page, "tiny")
    with page.expect_navigation():
        page.locator("#vaes").select_option("soft.safetensors")
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#vaes")).to_have_value("soft.safetensors")
    page.locator("#prompt").fill("a dog")
    set_steps(page, 2)
    with page.expect_request(lambda request: request.method == "POST" and request.url.endswith(("/v1/generate", "/v1/dial"))) as sent:
        make(page)
    assert (sent.value.post_data_json["model"], sent.value.post_data_json["vae"]) == ("tiny", "soft.safetensors")
    with page.expect_navigation():
        page.locator("#vaes").select_option("broken.pt")
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#vaes")).to_have_value("")  # One that does not go with the model is not drawn with.
    assert len(open_page.complaints) == 1 and "400" in open_page.complaints.pop()  # Which the browser says of itself.


def test_a_lora_goes_into_the_prompt(page):
    page.locator("#prompt").fill("a dog")
    page.locator("#lora").select_option("oil")
    expect(page.locator("#prompt")).to_have_value("a dog <lora:oil:0.8>")
    expect(page.locator("#lora")).to_have_value("")
    page.locator("#lora").select_option("ink")
    expect(page.locator("#prompt")).to_have_value("a dog <lora:oil:0.8> <lora:ink:0.8>")
    set_steps(page, 2)
    make(page)
