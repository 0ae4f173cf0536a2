"""A part of a picture is redrawn, as each API says it; the rest comes back bit for bit."""

import base64
import io

import numpy
import openai
import pytest
import requests
import webuiapi
from live import png_bytes
from photos import CASTLE, PHOTO, a1111, drawn, encoded
from PIL import Image, ImageOps


def right_half(mode="L", size=(128, 128)):
    """White, or opaque, from the middle on."""
    mask = Image.new("L", size)
    mask.paste(255, (size[0] // 2, 0, *size))
    if mode == "L":
        return mask
    photo = PHOTO.resize(size).convert("RGBA")
    photo.putalpha(mask)
    return photo


def kept(picture, reach=0, photo=PHOTO):
    """Whether the left half is the photo's, up to so many pixels from the middle, and the right one is not."""
    made, given = (numpy.asarray(image.convert("RGB")).astype(int) for image in (picture, photo))
    middle = given.shape[1] // 2
    same = (made[:, : middle - reach] == given[:, : middle - reach]).all()
    return made.shape == given.shape and same and abs(made[:, middle + reach :] - given[:, middle + reach :]).mean() > 20


def test_the_unmodified_webuiapi_inpaints(address):
    api = webuiapi.WebUIApi(port=int(address.rsplit(":", 1)[1]), steps=4)
    large = PHOTO.resize((256, 192))
    for whole in (True, False):
        photo = PHOTO if whole else large
        result = api.img2img(images=[photo], mask_image=right_half(size=photo.size), prompt="a castle", seed=3, width=128, height=128,
                             denoising_strength=1.0, inpainting_fill=1, inpaint_full_res=not whole, inpaint_full_res_padding=16)
        assert kept(result.image, reach=10, photo=photo)
        assert ("Inpaint area: Only masked" in result.info["infotexts"][0]) is not whole


@pytest.mark.parametrize("fill", [0, 1, 2, 3])
def test_a1111s_fills(address, fill):
    assert kept(drawn(a1111(address, mask=encoded(right_half()), inpainting_fill=fill, inpaint_full_res=False)))


def test_a1111s_mask_can_be_inverted(address):
    mask = encoded(ImageOps.invert(right_half()))
    for on in (1, True):
        assert kept(drawn(a1111(address, mask=mask, inpainting_mask_invert=on, inpaint_full_res=0)))


def test_a1111_redraws_what_is_opaque(address):
    assert kept(drawn(a1111(address, mask=encoded(right_half("RGBA")), inpaint_full_res=False)))


def test_a1111_draws_the_area_around_a_mask_by_itself_unless_told_otherwise(address):
    small = Image.new("L", (128, 128))
    small.paste(255, (80, 80, 100, 100))
    texts = [a1111(address, mask=encoded(small), **more).json()["info"] for more in ({}, {"inpaint_full_res": False})]
    assert ["Inpaint area: Only masked" in text for text in texts] == [True, False]


@pytest.mark.parametrize(("more", "says"), [
    ({"mask": "aGVsbG8="}, "mask: what is given is not a picture"),
    ({"mask": "no base64!"}, "mask"),
    ({"mask": 5}, "mask: a picture in base64 is needed"),
    ({"mask": encoded(Image.new("L", (128, 128)))}, "mask: the given picture is black everywhere"),
    ({"inpainting_fill": 4}, "inpainting_fill: a whole number from 0 to 3"),
    ({"inpainting_fill": "red"}, "inpainting_fill"),
    ({"inpaint_full_res": "yes"}, "inpaint_full_res"),
    ({"inpaint_full_res_padding": -1}, "inpaint_full_res_padding: -1 is out of range"),
    ({"mask_blur": 100}, "mask_blur: 100 is out of range"),
    ({"mask_blur": None, "mask_blur_x": 4, "mask_blur_y": 9}, "mask_blur_y: a blur of its own is not supported"),
    ({"invert": True, "denoising_strength": 0.5, "seed": 0}, "mask: an inverted picture is whole"),
    ({"latent_mask": "aGVsbG8="}, "latent_mask"),
])
def test_what_a1111_cannot_have_is_refused_by_name(address, more, says):
    reply = a1111(address, **{"mask": encoded(right_half()), **more})
    assert reply.status_code == 422 and says in reply.text, reply.text


def test_a1111s_words_for_masks_are_nothing_without_one(address):
    words = {"mask": None, "mask_blur": 4, "mask_blur_x": 4, "mask_round": True, "inpainting_fill": 0, "inpaint_full_res": True, "inpaint_full_res_padding": 0,
             "inpainting_mask_invert": 0}
    plain = drawn(a1111(address))
    assert drawn(a1111(address, **words)).tobytes() == plain.tobytes()


@pytest.fixture
def castle(client):
    """The model's own picture of one."""
    job = client.finish(client.post("/v1/generate", prompt="a castle by the lake", steps=20, sampler="dpm++2m", seed=3))
    return client.picture(job["frames"][0]["url"]).convert("RGB")


def test_words_say_what_is_redrawn_in_every_api(address, client, castle):
    words = {"redraw_words": "castle"}
    pictures = [drawn(a1111(address, init_images=[encoded(castle)], inpaint_full_res=True, inpainting_fill=1, **words))]
    api = openai.OpenAI(base_url=address + "/v1", api_key="any", max_retries=0)
    reply = api.images.edit(image=("a.png", png_bytes(castle)), prompt=CASTLE["prompt"], size="128x128", extra_body={"steps": 4, "seed": 3, "mask_blur": 0, **words})
    pictures.append(Image.open(io.BytesIO(base64.b64decode(reply.data[0].b64_json))))
    job = client.finish(client.post("/v1/generate", **CASTLE, image=encoded(castle), strength=1, mask_blur=0, **words))
    pictures.append(client.picture(job["frames"][0]["url"]))
    assert job["frames"][0]["settings"]["redraw_words"] == "castle"
    first, *others = (numpy.asarray(picture.convert("RGB")) for picture in pictures)
    assert all((other == first).all() for other in others), "one picture, whoever asks"
    assert 0.05 < (first != numpy.asarray(castle)).any(2).mean() < 0.8, "a part of it, and no more"


def test_words_that_it_does_not_show_are_said_in_every_api(address, client, castle):
    line = 'the given picture does not show "dog"'
    reply = a1111(address, init_images=[encoded(castle)], redraw_words="dog")
    assert reply.status_code == 422 and "redraw_words" in reply.text and "does not show" in reply.text, reply.text
    job = client.finish(client.post("/v1/generate", **CASTLE, image=encoded(castle), redraw_words="dog"))
    assert job["state"] == "failed" and f"redraw_words: {line}" in job["error"]


def test_the_unmodified_openai_client_edits_what_is_transparent(address):
    api = openai.OpenAI(base_url=address + "/v1", api_key="any", max_retries=0)
    hole = right_half("RGBA")
    hole.putalpha(ImageOps.invert(right_half()))
    reply = api.images.edit(image=("a.png", png_bytes(PHOTO)), mask=("m.png", png_bytes(hole)), prompt="a castle", size="128x128",
                            extra_body={"steps": 4, "seed": 3, "mask_blur": 0})
    assert kept(Image.open(io.BytesIO(base64.b64decode(reply.data[0].b64_json))))


@pytest.mark.parametrize(("mask", "says"), [
    (b"abc", "not a picture"),
    (b"\xff\xfe" * 100, "not a picture"),
    (png_bytes(right_half()), "nothing in it is transparent"),
])
def test_what_openai_cannot_have_is_refused_by_name(address, mask, says):
    files = {"image": ("a.png", png_bytes(PHOTO), "image/png"), "mask": ("m.png", mask, "image/png")}
    reply = requests.post(address + "/v1/images/edits", files=files, data={"prompt": "a dog", "steps": "1"}, timeout=60)
    error = reply.json()["error"]
    assert reply.status_code == 400 and error["param"] == "mask" and says in error["message"], reply.text


def test_openai_takes_one_mask(address):
    files = [("image", ("a.png", png_bytes(PHOTO))), ("mask", ("m.png", b"a")), ("mask", ("n.png", b"b"))]
    reply = requests.post(address + "/v1/images/edits", files=files, data={"prompt": "a dog", "steps": "1"}, timeout=60)
    assert reply.status_code == 400 and "one is taken, not 2" in reply.text


def test_our_own_draws_a_part_by_itself(client):
    large = PHOTO.resize((256, 192))
    mask = right_half(size=large.size)
    job = client.finish(client.post("/v1/generate", **CASTLE, image=encoded(large), mask=encoded(mask), only_masked=True, strength=1))
    assert job["state"] == "done", job
    assert kept(client.picture(job["frames"][0]["url"]), reach=10, photo=large)


def test_our_own_refuses_a_photo_with_a_hole_as_a_mask(client):
    reply = client.post("/v1/generate", **CASTLE, image=encoded(PHOTO), mask=encoded(right_half("RGBA")))
    assert reply.status_code == 400 and "mask: what is given is a picture with transparent parts" in reply.text
    strokes = Image.new("RGBA", (128, 128))
    strokes.paste((255, 255, 255, 255), (64, 0, 128, 128))
    job = client.finish(client.post("/v1/generate", **CASTLE, image=encoded(PHOTO), mask=encoded(strokes), strength=1, mask_blur=0))
    assert kept(client.picture(job["frames"][0]["url"]))
