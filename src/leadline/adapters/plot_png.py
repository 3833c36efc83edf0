"""Series as a PNG, drawn by matplotlib (extra ``plot``): it brings its fonts, which a renderer of
SVG would not."""

from __future__ import annotations

from leadline.core.errors import environment
from leadline.core.typed import Any

DOTS_PER_INCH = 100


def write_png(panels: list[Any], path: str, width_px: int, panel_height_px: int) -> None:
    """Raises LeadlineError (environment, ``no-matplotlib``); OSError is the caller's."""
    try:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise environment(
            "no-matplotlib",
            "matplotlib is not installed",
            why="a PNG is drawn by it; an SVG needs nothing",
            do=["pip install 'leadline[plot]'", "leadline plot … --out plot.svg"],
        ) from None
    from leadline.render.plot.series import COLOURS, legend, notes, title, x_unit

    # the settings of matplotlib itself: it reads a file of the current folder, which may be anybody's
    matplotlib.rcdefaults()
    size = (width_px / DOTS_PER_INCH, panel_height_px * len(panels) / DOTS_PER_INCH)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    for axes, panel in zip(
        figure.subplots(len(panels), 1, squeeze=False)[:, 0], panels, strict=True
    ):
        unit, words = x_unit(panel)
        for index, line in enumerate(panel.lines):
            named = {"label": _plain(f"{line.run}  {legend(line)}")}
            for piece in line.pieces:
                style = "--" if index >= COLOURS else "-"
                mark = "o" if len(piece) == 1 else ""
                xs, ys = zip(*((x / unit, y) for x, y in piece), strict=True)
                axes.plot(xs, ys, style, marker=mark, color=f"C{index}", lw=1.4, ms=3, **named)
                named = {}
        if panel.logarithmic:
            axes.set_yscale("log")
        axes.set_title(_plain(title(panel)), loc="left", fontsize=11, fontweight="bold")
        axes.set_xlabel("\n".join([words, *map(_plain, notes(panel))]), fontsize=9)
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if panel.lines:
            axes.legend(loc="upper left", bbox_to_anchor=(1.01, 1), frameon=False, fontsize=9)
    figure.savefig(path, format="png")


def _plain(text: str) -> str:
    """A dollar sign would begin mathematics."""
    return text.replace("$", r"\$")
