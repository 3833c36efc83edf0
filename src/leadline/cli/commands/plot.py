"""Plot the series that runs logged, or a sweep."""

from __future__ import annotations

import argparse
import os
import sys

from leadline.cli.answer import Answer
from leadline.cli.parsing import several
from leadline.core.errors import conflict, environment, usage
from leadline.core.plain import shell_word, shell_words
from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.record.thread import Thread
    from leadline.services.context import Context

DESCRIPTION = """Plots series over steps, one line a run, one panel a metric: in the terminal, or into an SVG or PNG.
However long a series is, its extremes are drawn. A run that goes on is plotted as far as it is.

Of a sweep, or a measurement in turns: the median of each cell with its runs and the interval of their mean, a line for
each axis, a plane for two axes that were varied together."""
EXAMPLES = [
    "leadline plot P-W1",
    "leadline plot P-W1 --metric time_ms --out sweep.svg",
    "leadline plot P-003 --metric loss",
    "leadline plot P-003 P-004 --metric loss --log-y --out loss.svg",
    "leadline plot P-003-r2 --metric loss --metric lr --x time --out run.png",
]


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "ids",
        nargs="+",
        metavar="ID",
        help="runs, or experiments for all their runs; or one sweep or measurement in turns",
    )
    several(parser, "--metric", "NAME", "repeatable; default: the thread's")
    parser.add_argument(
        "--x",
        choices=("step", "time"),
        default="step",
        help="over steps, or seconds since the first point",
    )
    parser.add_argument(
        "--log-y",
        action="store_true",
        help="a logarithmic axis; values not above 0 are counted, not drawn",
    )
    parser.add_argument(
        "--out", metavar="FILE", help="an .svg or .png file instead of the terminal"
    )
    parser.add_argument("--force", action="store_true", help="replace FILE when it is there")
    parser.add_argument("--width", type=int, metavar="N", help="characters, or pixels of a file")
    parser.add_argument(
        "--height", type=int, metavar="N", help="lines, or pixels of a file, of each panel"
    )


def run(context: Context, args: argparse.Namespace) -> Answer:
    from leadline.services.out_path import check_folder
    from leadline.services.series.plot import panels

    kind = _kind(args)
    if kind and os.path.exists(args.out) and not args.force:
        raise conflict(
            "file-exists",
            f"{args.out} is there already",
            do=f"{_again(args)} --out {shell_word(args.out)} --force",
        )
    if kind:
        check_folder(args.out)
    for name, value, least in (("--width", args.width, 30), ("--height", args.height, 8)):
        if value is not None and not least <= value <= 10_000:
            raise usage(
                "bad-size",
                f"{name} {value} is no size for a plot",
                why=f"from {least} to 10000",
                do="leadline plot --help",
            )
    width, height = _size(args, kind)
    thread = context.thread(args.thread)
    if design := _design(thread, args):
        return _sweep(thread, design, args, kind, width, height)
    found = panels(
        context,
        thread,
        args.ids,
        args.metric,
        x=args.x,
        logarithmic=args.log_y,
        columns=width if kind else 2 * width,
    )
    data = {"panels": [panel.as_dict() for panel in found], "out": args.out or ""}
    counts = {
        "panels": len(found),
        "points": sum(line.points for panel in found for line in panel.lines),
    }
    truncated = any(panel.more or panel.more_metrics for panel in found)
    if kind:
        _write(found, args, kind, width, height)
        return Answer(f"wrote {args.out}", data, counts, truncated)
    colours = _colours()
    text = "" if args.json else _text(found, width, height, colours)
    return Answer(text, data, counts, truncated, colours=colours)


def _design(thread: Thread, args: argparse.Namespace) -> str:
    """The sweep or measurement in turns that is meant, "" where series are."""
    from leadline.core.record.thread import is_a

    designs = []
    for name in args.ids:
        item = thread.items.get(thread.here(name))
        if is_a(item, "sweep") or is_a(item, "interleaving"):
            designs.append(item.id)
    if designs and len(args.ids) > 1:
        raise usage(
            "one-sweep-a-picture",
            f"{designs[0]} stands beside other ids",
            why="a sweep is a picture of its own",
            do=f"leadline plot {designs[0]}",
        )
    return designs[0] if designs else ""


def _sweep(
    thread: Thread, name: str, args: argparse.Namespace, kind: str, width: int, height: int
) -> Answer:
    from leadline.core.values import as_dict
    from leadline.core.view.sweep_plot import panels_of
    from leadline.render.plot import sweep

    found = panels_of(thread, name, args.metric)
    data = {"panels": [as_dict(panel) for panel in found], "out": args.out or ""}
    counts = {"panels": len(found)}
    if kind:
        _write(found, args, kind, width, height, of_sweep=True)
        return Answer(f"wrote {args.out}", data, counts)
    unicode = "utf" in (sys.stdout.encoding or "").lower()
    text = "\n\n".join(sweep.text(panel, width, unicode=unicode) for panel in found)
    return Answer(text, data, counts)


def _again(args: argparse.Namespace) -> str:
    """The command without its file, so that what is offered next can be pasted."""
    words = ["leadline", "plot", *args.ids]
    for metric in args.metric:
        words += ["--metric", metric]
    words += ["--x", args.x] if args.x != "step" else []
    words += ["--log-y"] if args.log_y else []
    return shell_words(words)


def _kind(args: argparse.Namespace) -> str:
    out: str | None = args.out
    if out is None:
        return ""
    kind = os.path.splitext(out)[1].lower()
    if kind not in (".svg", ".png"):
        raise usage(
            "bad-picture",
            f"{out} is neither an .svg nor a .png",
            do=f"{_again(args)} --out plot.svg",
        )
    return kind


def _size(args: argparse.Namespace, kind: str) -> tuple[int, int]:
    if kind:
        return max(args.width or 900, 400), max(args.height or 320, 160)
    import shutil

    size = shutil.get_terminal_size((80, 24))
    return args.width or size.columns, args.height or max(12, min(24, size.lines - 2))


def _write(
    found: list[Any],
    args: argparse.Namespace,
    kind: str,
    width: int,
    height: int,
    of_sweep: bool = False,
) -> None:
    from leadline.bootstrap import write_png, write_sweep_png
    from leadline.render.plot import series, sweep

    out = args.out
    try:
        if kind == ".svg":
            draw = sweep.svg if of_sweep else series.svg
            with open(out, "w", encoding="utf-8") as file:
                file.write(draw(found, width, height))
        else:
            write = write_sweep_png if of_sweep else write_png
            write(found, out, width, height)
    except OSError as error:
        raise environment(
            "not-written",
            f"{out} cannot be written: {error.strerror}",
            do=f"{_again(args)} --out plot{kind}",
        ) from None


def _colours() -> bool:
    return (
        sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    )


def _text(found: list[Any], width: int, height: int, colours: bool) -> str:
    from leadline.render.plot.terminal import text

    braille = "utf" in (sys.stdout.encoding or "").lower()
    return "\n\n".join(
        text(panel, width, height, braille=braille, colour=colours) for panel in found
    )
