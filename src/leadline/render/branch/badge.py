"""Badges as small pictures that lie beside the page: a forge shows them without asking anybody
else."""

from __future__ import annotations

FOLDER = ".badges"
# White on each of these passes 4.5:1.
COLOURS = {
    "running": "#0969da",
    "open": "#1a7f37",
    "finished": "#57606a",
    "exploratory": "#9a6700",
    "replicated": "#0550ae",
    "stable": "#116329",
}


def badge_path(name: str) -> str:
    return f"{FOLDER}/{name}.svg"


def badge_svg(name: str) -> str:
    width = round(6.4 * len(name)) + 12
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="18" role="img" aria-label="{name}">'
        f'<title>{name}</title><rect width="{width}" height="18" rx="4" fill="{COLOURS[name]}"/>'
        f'<text x="{width / 2:g}" y="13" text-anchor="middle" fill="#fff" font-size="11" '
        f'textLength="{width - 12}" font-family="Verdana,DejaVu Sans,sans-serif">{name}</text></svg>\n'
    )


def badge_files() -> dict[str, bytes]:
    """Every badge: path on the record branch to content."""
    return {badge_path(name): badge_svg(name).encode() for name in COLOURS}
