"""Series as a PNG, drawn by matplotlib (extra ``plot``): it brings its fonts, which a renderer of
SVG would not."""

from __future__ import annotations

from leadline.core.errors import environment
from leadline.core.typed import Any

DOTS_PER_INCH = 100


def _figure(width_px: int, height_px: int) -> Any:
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
    # the settings of matplotlib itself: it reads a file of the current folder, which may be anybody's
    matplotlib.rcdefaults()
    size = (width_px / DOTS_PER_INCH, height_px / DOTS_PER_INCH)
    figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def write_png(panels: list[Any], path: str, width_px: int, panel_height_px: int) -> None:
    """Raises LeadlineError (environment, ``no-matplotlib``); OSError is the caller's."""
    figure = _figure(width_px, panel_height_px * len(panels))
    from leadline.render.plot.series import COLOURS, legend, notes, title, x_unit

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


def write_sweep_png(panels: list[Any], path: str, width_px: int, panel_height_px: int) -> None:
    """The panels of a sweep. Raises as ``write_png``."""
    figure = _figure(width_px, panel_height_px * len(panels))
    from leadline.core.view.sweep_plot import PlanePanel
    from leadline.render.plot.sweep import notes_of, title_of

    every = figure.subplots(len(panels), 1, squeeze=False)[:, 0]
    for axes, panel in zip(every, panels, strict=True):
        if isinstance(panel, PlanePanel):
            _plane(figure, axes, panel)
        else:
            _along(axes, panel)
        axes.set_title(
            _plain(title_of(panel)), loc="left", fontsize=11, fontweight="bold", wrap=True
        )
        name = panel.x_axis if isinstance(panel, PlanePanel) else panel.axis
        axes.set_xlabel("\n".join(map(_plain, [name, *notes_of(panel)])), fontsize=9)
    figure.savefig(path, format="png")


def _along(axes: Any, panel: Any) -> None:
    for x, point in enumerate(panel.points):
        axes.plot([x] * len(point.values), point.values, "o", ms=3, mfc="none", color="0.5")
        if point.low is not None:
            axes.plot([x, x], [point.low, point.high], "-", lw=1.6, color="C0")
    drawn = [(x, p.median) for x, p in enumerate(panel.points) if p.median is not None]
    axes.plot([x for x, _ in drawn], [y for _, y in drawn], "o-", lw=1.2, ms=5, color="C0")
    if panel.reference is not None:
        axes.axhline(panel.reference, ls="--", lw=1.2, color="C1")
    axes.set_xticks(range(len(panel.points)), [_plain(p.label) for p in panel.points])
    if sum(len(p.label) + 2 for p in panel.points) > 80:
        axes.tick_params(axis="x", labelrotation=60)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)


def _plane(figure: Any, axes: Any, panel: Any) -> None:
    from leadline.core.timestamps import rounded

    nothing = float("nan")
    rows = [
        [nothing if p is None or p.median is None else p.median for p in r] for r in panel.cells
    ]
    image = axes.imshow(rows, aspect="auto", cmap="Blues")
    figure.colorbar(image, ax=axes)
    axes.set_xticks(range(len(panel.xs)), list(map(_plain, panel.xs)))
    axes.set_yticks(range(len(panel.ys)), list(map(_plain, panel.ys)))
    axes.set_ylabel(_plain(panel.y_axis), fontsize=9)
    for j, row in enumerate(rows):
        for i, value in enumerate(row):
            if value == value:
                dark = "white" if image.norm(value) > 0.6 else "black"
                axes.text(i, j, rounded(value, 4), ha="center", va="center", fontsize=9, color=dark)
