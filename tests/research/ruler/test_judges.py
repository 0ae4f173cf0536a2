"""What the judges are trained on and how they are validated, without training one."""

import dataclasses
import os
import pathlib

import numpy
import pytest

torch = pytest.importorskip("torch")

from research.ruler import generated, ghost_strips, scorers, ship, shipped, validate, validate_ghosts, workshop  # noqa: E402
from research.ruler.beside import scene_of_content  # noqa: E402
from research.ruler.content import SEEDS, VIEWS, Content, content_loss, views  # noqa: E402
from research.ruler.generated import TECHNIQUES, restyled  # noqa: E402
from research.ruler.ghosts import BATCH, Ghosts, drawn_examples, faded_examples  # noqa: E402
from research.ruler.plan import CONTENTS  # noqa: E402
from research.ruler.rendered import Codec, known_strengths, scene_of  # noqa: E402
from research.ruler.scorers import NETWORKS, known_error, mirrored, scorer_loss, strengths  # noqa: E402
from research.world.render import render  # noqa: E402
from research.world.scene import ATTRIBUTES, STRUCTURES, Scene  # noqa: E402

MODEL = pathlib.Path(__file__).parents[3] / "models/scenes"


@pytest.fixture(scope="module")
def strips():
    return ghost_strips.rendered_strips(3, len(ATTRIBUTES))


def test_scorers_see_every_attribute_at_every_strength():
    known = known_strengths([scene_of(1, i) for i in range(3000)])
    often = known_strengths([scene_of(1, i, {"ruins": 5}) for i in range(300)])
    assert (often > 0).sum(0).argmax() == ATTRIBUTES.index("ruins")
    assert known.shape == (3000, len(ATTRIBUTES)) and ((known > 0).sum(0) > 150).all()
    assert (known.max(0) == 1).all() and numpy.bincount((known > 0).sum(1)).argmax() == 1
    for shown in known.T:
        assert numpy.histogram(shown[shown > 0], 5, (0, 1))[0].min() > 20


def test_what_nobody_knows_teaches_nothing():
    answers, wanted = torch.tensor([[0.2, 5.0], [1.0, 0.0]]), torch.tensor([[0.2, torch.nan], [1.0, 0.0]])
    assert known_error(answers, wanted) == 0


def test_what_is_there_counts_as_much_as_all_that_is_not():
    wanted = torch.nn.functional.one_hot(torch.tensor([3]), len(ATTRIBUTES)).float()
    overlooked, invented = torch.zeros_like(wanted), wanted.roll(1) + wanted
    assert known_error(overlooked, wanted) > 6 * known_error(invented, wanted) > 0


def test_mirroring_moves_pixels_and_no_strength():
    pictures = numpy.random.default_rng(0).integers(0, 255, (40, 8, 8, 3)).astype(numpy.uint8)
    turned = mirrored(pictures, numpy.random.default_rng(1))
    same, flipped = ((turned == other).all((1, 2, 3)) for other in (pictures, pictures[:, :, ::-1]))
    assert (same | flipped).all() and 10 < same.sum() < 30


@pytest.mark.parametrize("name", NETWORKS)
def test_a_scorer_takes_a_step_and_answers_for_every_attribute(name):
    torch.manual_seed(0)
    scorer, pictures = NETWORKS[name](), numpy.zeros((4, 128, 128, 3), numpy.uint8)
    loss = scorer_loss(scorer, [(pictures, numpy.zeros((4, len(ATTRIBUTES)), numpy.float32))] * 2, 0)()
    loss.backward()
    assert loss.isfinite() and strengths(scorer.eval(), pictures).shape == (4, len(ATTRIBUTES))


def test_a_scorer_is_trained_round_by_round_and_once(tmp_path, monkeypatch):
    asked = []

    def toy_sets(shop, codec, stream, part):
        asked.append((stream, part.name))
        return [(numpy.zeros((4, 128, 128, 3), numpy.uint8), numpy.zeros((4, len(ATTRIBUTES)), numpy.float32))]

    monkeypatch.setattr(scorers, "training_sets", toy_sets)
    monkeypatch.setattr(scorers, "ROUNDS", [dataclasses.replace(part, steps=2) for part in scorers.ROUNDS])
    shop = workshop.Workshop(tmp_path, MODEL / "vae")
    first, again = (scorers.load_scorer("A", shop, None) for _ in range(2))
    assert asked == [(scorers.STREAMS["A"], part.name) for part in scorers.ROUNDS] and not again.training
    assert all((a == b).all() for a, b in zip(first.parameters(), again.parameters(), strict=True))


def test_views_of_a_scene_differ_by_what_is_turned_alone():
    prompt = views(numpy.random.default_rng(0))
    assert len(prompt) == SEEDS and all(len(scene) == VIEWS for scene in prompt)
    assert len({view.seed for scene in prompt for view in scene}) == SEEDS
    assert all(scene[0].strengths == {} and all(len(view.strengths) == 1 for view in scene[1:]) for scene in prompt)


def test_the_judge_of_content_takes_a_step():
    pictures = numpy.random.default_rng(0).integers(0, 255, (2, SEEDS, VIEWS, 128, 128, 3)).astype(numpy.uint8)
    loss = content_loss(Content(), pictures, torch.tensor([1, 2]))()
    assert loss.isfinite()


def test_a_strip_is_one_scene_from_none_to_all():
    rng = numpy.random.default_rng(2)
    strips = [ghost_strips.strip_scenes(rng, "giant", numpy.array([0.3, 0.6])) for _ in range(40)]
    assert all([scene.strengths.get("giant", 0) for scene in strip] == [0, 1, 0.3, 0.6] for strip in strips)
    same = [len({scene.seed for scene in strip}) == 1 for strip in strips]
    assert 0.6 < numpy.mean(same) < 1


def test_examples_are_triples_of_a_picture_and_both_ends(strips):
    torch.manual_seed(0)
    rng, pick = numpy.random.default_rng(0), numpy.arange(len(strips))
    for make in (drawn_examples, faded_examples):
        triples = make(strips, pick, rng, "cpu")
        assert triples.shape == (len(strips), 9, 128, 128) and -1 <= triples.min() and triples.max() <= 1
    assert Ghosts().eval()(triples[:2]).shape == (2,)
    assert BATCH % 12 == 0  # Both halves, of one to three sets.


def test_the_autoencoder_gives_strips_back_with_fades_of_its_own(strips):
    torch.manual_seed(0)
    coded = ghost_strips.through_the_autoencoder(strips.first(2), Codec(MODEL / "vae"))
    assert coded.ends.shape == (2, 2, 128, 128, 3) and coded.drawn.shape == (2, 3, 128, 128, 3) and coded.coded.shape == (2, 4, 128, 128, 3)
    assert coded.strengths.shape == (2, 3) and (coded.strengths[:, 2] == coded.strengths[:, 0]).all()
    assert abs(coded.ends.astype(float) - strips.ends[:2]).mean() < 20
    assert abs(coded.drawn[:, 2].astype(float) - coded.drawn[:, 0]).mean() < 20  # Pushed within the bound, it is still that picture.


@pytest.mark.parametrize("technique", TECHNIQUES)
def test_a_technique_goes_over_any_picture_and_keeps_it_at_zero(technique):
    picture = render(Scene("castle", "lake", {}, 3))
    assert (restyled(picture, technique, 0.0, 1) == picture).all() and (restyled(picture, None, 1.0, 1) == picture).all()
    low, high = (abs(restyled(picture, technique, s, 1).astype(float) - picture).mean() for s in (0.3, 1.0))
    assert 0 < low < high


def test_the_models_own_strips_are_asked_for_by_one_seed_each(monkeypatch):
    plans = []

    def made(shop, plan, name):
        plans.append(plan)
        return numpy.zeros((len(plan), 128, 128, 3), numpy.uint8)

    monkeypatch.setattr(generated, "made", made)
    monkeypatch.setattr(generated, "with_coded", lambda strips, sources, codec: strips)
    strips = generated.own_strips(None, None, 1, 26)
    assert len(strips) == 26 and strips.drawn.shape == (26, 2, 128, 128, 3) and (numpy.bincount(strips.attribute) == 2).all()
    settings = [section["settings"] for section in plans[0]]
    assert len({s["seed"] for s in settings}) == 26 and settings[0]["prompt"] + ", Monet style" == settings[1]["prompt"]
    assert settings[2]["guidance_scale"] < settings[1]["guidance_scale"]


def test_every_content_is_a_scene():
    scenes = [scene_of_content(content, 5) for content in CONTENTS]
    assert scenes[0] == Scene("dog", "meadow", {}, 5) and {scene.place for scene in scenes} == {"meadow", "lake", "desert", "beach", "jungle"}
    with pytest.raises(ValueError, match="names no place"):
        scene_of_content("a dog", 5)


def test_judges_that_saw_the_model_lie_apart_and_are_trained_once(tmp_path):
    renders = workshop.Workshop(tmp_path, MODEL / "vae", share=0.1)
    own = workshop.Workshop(tmp_path, MODEL / "vae", workshop.Maker(pathlib.Path("program"), MODEL))
    assert renders.folder != own.folder and renders.count(300) == 30
    asked = []

    def prepare(network):
        asked.append(network)
        return lambda: network(torch.ones(1, 2)).square().sum()

    first, second = (workshop.trained(renders, "toy", lambda: torch.nn.Linear(2, 1), 3, 100, prepare) for _ in range(2))
    assert len(asked) == 1 and (first.weight == second.weight).all()


def test_shipped_judges_are_taken_for_the_autoencoder_they_were_trained_with_alone(tmp_path):
    judge = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2))
    ship.ship({"toy": judge.state_dict()}, MODEL / "vae", tmp_path / "judges")
    state = shipped.shipped_state(MODEL / "vae", "toy", folder=tmp_path / "judges")
    assert state.keys() == judge.state_dict().keys() and state["0.weight"].dtype == torch.float32
    assert all(torch.allclose(state[key].double(), value.double(), atol=1e-3) for key, value in judge.state_dict().items())
    other = tmp_path / "other"
    other.mkdir()
    (other / "vae.safetensors").write_bytes(b"other weights")
    assert shipped.shipped_state(other, "toy", folder=tmp_path / "judges") is None
    assert shipped.shipped_state(MODEL / "vae", "unheard of", folder=tmp_path / "judges") is None


def test_what_was_trained_here_goes_before_what_is_shipped(tmp_path, monkeypatch):
    shop = workshop.Workshop(tmp_path, MODEL / "vae", workshop.Maker(pathlib.Path("program"), MODEL))
    here, coming = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    monkeypatch.setattr(workshop, "shipped_state", lambda *_: coming.state_dict())

    def taken():
        return workshop.trained(shop, "toy", lambda: torch.nn.Linear(2, 1), 3, 100, None).weight

    assert (taken() == coming.weight).all()
    workshop.save_state(shop.folder / "toy.pt", here.state_dict())
    assert (taken() == here.weight).all()


def test_a_scorer_is_held_to_what_it_reads_of_one_attribute_alone():
    rng = numpy.random.default_rng(0)
    known = numpy.zeros((80, 3))
    known[:, 0], known[40:, 1] = rng.uniform(0.1, 1, 80), 0.5  # The second hides the first.
    read = known.copy()
    read[40:, 0] = rng.uniform(0, 1, 40)
    figures = validate.attribute_figures(known, read, 0)
    assert figures["rank"] == pytest.approx(1) and figures["MAE"] == 0 and abs(figures["rank beside another"]) < 0.5
    assert validate.attribute_figures(known, 1 - read, 0)["rank"] == pytest.approx(-1)


def test_validation_is_done_anew_when_a_judge_or_the_model_is_newer(tmp_path, monkeypatch):
    shop, done = workshop.Workshop(tmp_path, MODEL / "vae"), []
    monkeypatch.setattr(validate, "validate", lambda *_: done.append(1) or {"figures": len(done)})
    assert [validate.validated({}, None, None, shop, None)["figures"] for _ in range(2)] == [1, 1]
    os.utime(shop.folder / "validation.json", (0, 0))
    assert validate.validated({}, None, None, shop, None)["figures"] == 2


def fit_figures() -> dict:
    reads = {kind: {name: {"rank": 0.99} for name in ATTRIBUTES} for kind in ("drawn", "decoded")}
    return {"scorers": {"A": reads}, "ghosts": {"structural pairs right": 0.97, "drawn pictures called fades": 0.01}}


def test_a_ruler_that_reads_well_may_judge():
    assert validate.faults(fit_figures()) == []
    validate.refuse_if_unfit(fit_figures(), "folder")


@pytest.mark.parametrize("worse", [0.94, float("nan")])
def test_a_ruler_that_ranks_one_attribute_badly_refuses(worse):
    figures = fit_figures()
    figures["scorers"]["A"]["decoded"]["storm"]["rank"] = worse
    with pytest.raises(validate.UnfitRuler, match=r"scorer A ranks storm \(decoded\)"):
        validate.refuse_if_unfit(figures, "folder")


def test_a_judge_of_ghosts_that_errs_refuses():
    for change, text in (({"structural pairs right": 0.94}, "structural pairs"), ({"drawn pictures called fades": 0.031}, "drawn pictures fades")):
        figures = fit_figures()
        figures["ghosts"] |= change
        with pytest.raises(validate.UnfitRuler, match=text):
            validate.refuse_if_unfit(figures, "folder")


def test_what_counts_as_right_is_the_mean_of_fades_caught_and_drawn_pictures_spared():
    row = {"fades": {"pixels": 1.0, "decoded": 1.0, "latents": 0.7}, "drawn": {"drawn": 0.0, "decoded": 0.04}}
    other = {"fades": {"pixels": 0.0, "decoded": 0.0, "latents": 0.0}, "drawn": {"drawn": 0.0, "decoded": 0.0}}
    found = validate_ghosts.summary({name: row if name in STRUCTURES else other for name in ATTRIBUTES})
    assert found["structural pairs right"] == pytest.approx((0.9 + 0.98) / 2)
    assert found["drawn pictures called fades"] == pytest.approx(0.02 * 7 / 13)


def test_neighbours_fade_half_way():
    strips = numpy.arange(11, dtype=numpy.uint8)[None, :, None, None, None] * 20 + numpy.zeros((1, 11, 2, 2, 3), numpy.uint8)
    assert validate_ghosts.faded_neighbours(strips, 0.2)[0, :, 0, 0, 0].tolist() == [20 * (i + 1) for i in range(9)]
    assert (validate_ghosts.faded_positions(strips)[0] == strips[0, 1:-1]).all()
