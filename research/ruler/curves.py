"""Response curves as inline SVG: the ideal diagonal, the mean, its spread over strips, and where strips are spoilt."""

from research.ruler.plan import POSITIONS

WIDTH, HEIGHT, MARGIN = 132, 108, 6
TOP = 1.3  # The largest response in view.
BOTTOM = -0.15


def at(position: float, response: float) -> str:
    x = MARGIN + position * (WIDTH - 2 * MARGIN)
    y = MARGIN + (TOP - min(max(response, BOTTOM), TOP)) / (TOP - BOTTOM) * (HEIGHT - 2 * MARGIN)
    return f"{x:.1f},{y:.1f}"


def points(values: list[tuple[float, float]]) -> str:
    return " ".join(at(position, response) for position, response in values)


def line(kind: str, ends: list[tuple[float, float]]) -> str:
    return f'<polyline class="{kind}" points="{points(ends)}"/>'


def response_svg(curve: dict, title: str) -> str:
    """One attribute of one dial; `curve` as in figures.response_curves. Points are hollow where most strips are spoilt."""
    parts = [line("axis", [(0, 0), (1, 0)]), line("axis", [(0, 1), (1, 1)]), line("ideal", [(0, 0), (1, 1)])]
    if curve["mean"][0] is not None:
        mean = list(zip(POSITIONS, curve["mean"]))
        upper = [(p, r + d) for (p, r), d in zip(mean, curve["spread"])]
        lower = [(p, r - d) for (p, r), d in zip(mean, curve["spread"])]
        parts.append(f'<polygon class="spread" points="{points(upper + lower[::-1])}"/>')
        parts.append(line("mean", mean))
        for (position, response), share in zip(mean, curve["spoilt"]):
            x, y = at(position, response).split(",")
            parts.append(f'<circle class="{"spoilt" if share > 0.5 else "whole"}" cx="{x}" cy="{y}" r="2.4"/>')
    return f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img"><title>{title}</title>{"".join(parts)}</svg>'
