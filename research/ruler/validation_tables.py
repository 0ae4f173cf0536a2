"""The validation as tables: how far each judge is to be believed, attribute by attribute."""

from research.ruler.validate_content import STRENGTHS
from research.world.scene import ATTRIBUTES

READINGS = {"R2": "R²", "rank": "rank correlation", "MAE": "MAE", "rank beside another": "rank beside another"}


def scorer_table(figures: dict) -> tuple[list[str], list[list[str]]]:
    """Header and rows: how well A and B read each attribute."""
    header = ["attribute", "scorer", *(f"{name}, {kind}" for kind in ("drawn", "decoded") for name in READINGS.values()), "elsewhere", "the model's: plain", "styled"]
    rows = []
    for attribute in ATTRIBUTES:
        for name, kinds in figures["scorers"].items():
            row = [attribute, name, *(f"{kinds[kind][attribute][key]:.3f}" for kind in ("drawn", "decoded") for key in READINGS)]
            own = figures.get("model", {}).get(name, {}).get(attribute)
            row += [f"{kinds['decoded'][attribute]['elsewhere']:.3f}", *(f"{own[which]:.2f}" if own else "–" for which in ("plain", "styled"))]
            rows.append(row)
    return header, rows


def content_table(figures: dict) -> tuple[list[str], list[list[str]]]:
    """Header and rows: what of the same scene the judge of content accepts in each attribute, and what a perfect dial scores."""
    content, generated = figures["content"], figures.get("generated", {}).get("same scene within budget", {})
    header = ["attribute", *(f"same scene within budget at {s}" for s in STRENGTHS), "generated, at 1.0", "subject right", "CDE of a perfect dial"]
    rows = []
    for name in ATTRIBUTES:
        within = [f"{share:.0%}" for share in content["same scene within budget"][name].values()]
        within.append(f"{generated[name]:.0%}" if name in generated else "–")
        rows.append([name, *within, f"{content['subject right'][name]:.0%}", f"{figures['perfect dials'][name]['CDE']:.1f}"])
    return header, rows


def content_row(figures: dict) -> str:
    content, generated = figures["content"], figures.get("generated")
    return (
        f"Other seeds over the budget: {content['other seeds over budget']:.0%}"
        + (f", of generated pictures {generated['other seeds over budget']:.0%}" if generated else "")
        + f". The same scene, turned and lightly damaged, within it: {content['same scene lightly damaged within budget']:.0%}. "
        f"Quality against known damage, rank correlation: {content['quality against damage, rank']:.3f}."
    )


OWN = ("fades", "with a remainder", "drawn", "drawn, pushed")  # Kinds of the model's own pictures.


def ghost_table(figures: dict) -> tuple[list[str], list[list[str]]]:
    """Header and rows: the shares that the judge of ghosts calls fades, of fades, of drawn pictures, of fades between neighbours."""
    ghosts, first = figures["ghosts"]["by attribute"], figures["ghosts"]["by attribute"][ATTRIBUTES[0]]
    header = ["attribute", *(f"fades: {kind}" for kind in first["fades"]), *(f"drawn: {kind}" for kind in first["drawn"])]
    header += [f"neighbours {gap} apart" for gap in first["by gap"]] + ["the model's: fades", *OWN[1:]]
    rows = []
    for name in ATTRIBUTES:
        row = [name, *(f"{share:.0%}" for share in ghosts[name]["fades"].values()), *(f"{share:.1%}" for share in ghosts[name]["drawn"].values())]
        own = figures["ghosts"].get("model", {}).get(name)
        rows.append(row + [f"{share:.0%}" for share in ghosts[name]["by gap"].values()] + [f"{own[which]:.0%}" if own else "–" for which in OWN])
    return header, rows


def ghost_row(figures: dict) -> str:
    ghosts = figures["ghosts"]
    return (
        f"The judge of ghosts is right on {ghosts['structural pairs right']:.1%} of held-back structural pairs and calls "
        f"{ghosts['drawn pictures called fades']:.1%} of all drawn pictures fades."
    )
