"""Drive a whole research thread through the command line, as a user would: `make demo`.

Every number is measured here and now. The script knows which commands to give, not what they will
find: where the finding decides (does a hypothesis hold?), it reads `--json` and acts on it, as an
agent would.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from leadline.cli.answer import put, tell

HERE = Path(__file__).resolve().parent
PREFIX = "SRC"
METRIC = "throughput_mb_s"


class Failure(RuntimeError):
    """A command of the demo did not do what it should."""


class Step(NamedTuple):
    title: str
    work: Callable[[Study], None]
    weight: float


class Study:
    """A temporary repository and the program run in it."""

    def __init__(self, folder: Path, passes: int, corpus_kib: int, echo: bool) -> None:
        self.repo = folder / "archive-study"
        self.options = ["--passes", str(passes), "--corpus-kib", str(corpus_kib)]
        self.echo = echo
        self.commands: list[str] = []
        self.ids: dict[str, str] = {}
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "LEADLINE_"))}
        self.env = {**keep, "LEADLINE_ACTOR": "demo"}

    def git(self, *args: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=Demo", "-c", "user.email=demo@localhost", *args],
            cwd=self.repo,
            env=self.env,
            check=True,
            capture_output=True,
        )

    def leadline(self, *args: str, expect: int | tuple[int, ...] = 0) -> Mapping[str, Any]:
        """One command with --json; its envelope. Raises Failure when the exit code is not (one of)
        `expect`."""
        at = args.index("--") if "--" in args else len(args)
        self.commands.append("leadline " + " ".join(_quoted(a) for a in args))
        if self.echo:
            print(f"  $ {self.commands[-1]}", file=sys.stderr)
        done = self.answer([*args[:at], "--json", *args[at:]])
        if done.returncode not in (expect if isinstance(expect, tuple) else (expect,)):
            raise Failure(
                f"{self.commands[-1]}\n  exit code {done.returncode}, not {expect}\n{done.stdout[-1500:]}"
                f"{done.stderr[-1500:]}"
            )
        envelope: Mapping[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
        return envelope

    def answer(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """What one command line of the program comes to."""
        return subprocess.run(
            [sys.executable, "-P", "-m", "leadline", *words],
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )

    def run(self, name: str, repeat: int = 1, **config: Any) -> str:
        """Run the measured program with this config; remembers the experiment's id under `name`."""
        full = {"codec": "zlib", "level": 6, "block-kib": 1024, **config}
        flags = [f for k, v in full.items() for f in (f"--{k}", str(v))]
        title = f"{full['codec']} level {full['level']}, {full['block-kib']} KiB blocks"
        done = self.leadline(
            "run",
            "--config-from-args",
            "--title",
            title,
            "--repeat",
            str(repeat),
            "--",
            sys.executable,
            "measure.py",
            *flags,
            *self.options,
        )
        self.ids[name] = done["data"]["experiment"]
        return self.ids[name]


def _quoted(text: str) -> str:
    return shlex.quote(text)


def prepare(study: Study) -> None:
    study.repo.mkdir(parents=True)
    shutil.copy(HERE / "measure.py", study.repo)
    study.git("init", "-q", "-b", "main")
    study.git("add", "measure.py")
    study.git("commit", "-q", "-m", "Measure codecs on Python's own sources")


def open_thread(study: Study) -> None:
    study.leadline(
        "start", "source-archives", "--prefix", PREFIX, "--from", str(HERE / "kickoff.toml")
    )
    study.leadline("check", "kickoff")


def baseline(study: Study) -> None:
    base = study.run("baseline", repeat=5)
    study.leadline("baseline", "set", base, "--why", "today's settings")
    study.leadline(
        "note",
        base,
        "--interpretation",
        f"Today's settings give {{{{{base}.{METRIC}.median}}}} at ratio {{{{{base}.ratio.median}}}}.",
    )
    study.leadline(
        "note",
        base,
        "--next-action",
        "Vary one axis at a time: level, then codec, then block size.",
    )


def levels(study: Study) -> None:
    for level in (1, 3, 9):
        study.run(f"level {level}", level=level)
    # One after the other, the machine's moment is in the difference: the best one again, in turns.
    best = study.ids["level 1"]
    study.leadline(
        "ab", study.ids["baseline"], best, "--metric", METRIC, "--order", "ab", "--blocks", "6"
    )
    study.leadline("compare", "baseline", study.ids["level 1"], "--axis", "level")
    fast = study.ids["level 1"]
    study.leadline(
        "note",
        fast,
        "--interpretation",
        f"Level 1 runs at {{{{{fast}.{METRIC}.median / baseline.{METRIC}.median:.2f}}}} times the baseline "
        f"and keeps {{{{{fast}.ratio.median / baseline.ratio.median:.3f}}}} of its ratio.",
    )


def codecs(study: Study) -> None:
    for codec in ("bz2", "lzma"):
        study.run(codec, codec=codec)
    slow = study.ids["lzma"]
    study.leadline(
        "note",
        slow,
        "--negative",
        "trade-off",
        f"lzma packs tightest, ratio {{{{{slow}.ratio}}}}, but at {{{{{slow}.{METRIC}}}}} it misses the goal.",
    )


def interaction(study: Study) -> None:
    study.run("block 16", repeat=3, **{"block-kib": 16})
    study.run("level 1, block 16", repeat=3, level=1, **{"block-kib": 16})
    # Two axes changed at once: Leadline says so and refuses the comparison.
    study.leadline(
        "compare", "baseline", study.ids["level 1, block 16"], "--axis", "level", expect=6
    )
    study.leadline(
        "compare", study.ids["block 16"], study.ids["level 1, block 16"], "--axis", "level"
    )


def hypotheses(study: Study) -> None:
    """Decide both by what was measured, whatever it was."""
    fast, small = study.ids["level 1"], study.ids["block 16"]
    for hypothesis, experiment, metric, least in (
        (f"{PREFIX}-H1", fast, METRIC, 1.5),
        (f"{PREFIX}-H2", small, "ratio", 0.98),
    ):
        study.leadline("hypothesis", "activate", hypothesis)
        row = next(m for m in _metrics(study, experiment) if m["metric"] == metric)
        holds = row["ratio"] is not None and row["ratio"] >= least
        study.leadline(
            "hypothesis",
            "support" if holds else "falsify",
            hypothesis,
            "--evidence",
            experiment,
            "--why",
            f"measured {{{{{experiment}.{metric}.median / baseline.{metric}.median:.3f}}}} of the baseline",
        )


def _metrics(study: Study, experiment: str) -> Sequence[Mapping[str, Any]]:
    axis = "block-kib" if experiment == study.ids["block 16"] else "level"
    metrics: Sequence[Mapping[str, Any]] = study.leadline(
        "compare", "baseline", experiment, "--axis", axis
    )["data"]["metrics"]
    return metrics


def claims(study: Study) -> None:
    fast, slow = study.ids["level 1"], study.ids["lzma"]
    # The margin claimed is the largest of these that the interval bears; where other work came with one
    # of the sides, no label is.
    made = ""
    for label in (True, False):
        for margin in ("1.5", "1.25", "1.0"):
            made = made or _claim(study, fast, margin, label)
    if not made:
        raise Failure("no margin of the claim was borne")
    study.ids["claim"] = made
    # One run of lzma is one run: a label above `exploratory` is refused, with what is missing.
    study.leadline(
        "claim",
        "lzma packs tighter than zlib on source text",
        "--that",
        f"ratio({slow}) > ratio(baseline)",
        "--label",
        "stable",
        expect=5,
    )
    study.leadline(
        "claim",
        "lzma packs tighter than zlib on source text",
        "--that",
        f"ratio({slow}) > ratio(baseline)",
    )
    study.leadline("claims")


def _claim(study: Study, fast: str, margin: str, label: bool) -> str:
    """The claim's id; "" where it was refused."""
    arguments = [
        "claim",
        f"zlib level 1 gives at least {margin} times the throughput of level 6 on source text",
        "--that",
        f"{METRIC}({fast}) >= {margin} * {METRIC}(baseline)",
    ]
    if label:
        arguments += ["--label", "replicated"]
    answer = study.leadline(*arguments, expect=(0, 5))
    return str(answer["data"]["id"]) if answer["ok"] else ""


def publish(study: Study) -> None:
    fast = study.ids["level 1"]
    study.leadline(
        "decide",
        "Archive with zlib level 1, blocks of 1 MiB",
        "--evidence",
        study.ids["claim"],
        "--owner",
        "demo",
    )
    study.leadline(
        "update",
        "--change",
        "All levels, two codecs and one block size are measured.",
        "--next",
        f"Seal, reproduce {fast}, finish.",
    )
    study.leadline("seal", "first-answer")


def check(study: Study) -> None:
    """Reproduce the fast setting; the verdict is whatever this machine gives (0 agrees, 6 not)."""
    arguments = ("reproduce", study.ids["level 1"], "--repeat", "2")
    study.leadline(*arguments, expect=(0, 6))


def finish(study: Study) -> None:
    study.leadline("finish", expect=6)  # the gate names what is missing
    for name in ("level 3", "level 9", "bz2", "lzma", "block 16", "level 1, block 16"):
        experiment = study.ids[name]
        study.leadline(
            "note",
            experiment,
            "--interpretation",
            f"{{{{{experiment}.{METRIC}.median}}}} at ratio {{{{{experiment}.ratio.median}}}}.",
        )
    fast, small, claim = (study.ids[name] for name in ("level 1", "block 16", "claim"))
    study.leadline("seal", "final-answer")
    study.leadline(
        "finish",
        "--worked",
        f"Level 1: {{{{{fast}.{METRIC}.median / baseline.{METRIC}.median:.2f}}}} times the throughput ({claim}).",
        "--did-not",
        f"Blocks of 16 KiB keep only {{{{{small}.ratio.median / baseline.ratio.median:.3f}}}} of the ratio.",
        "--confidence",
        f"What {claim} rests on, on this machine; the codecs are single runs.",
        "--limits",
        "One machine, one corpus, standard library codecs.",
        "--conclusion",
        f"Use zlib level 1 where throughput counts: the gain is that of {claim}, and the ratio loss is known.",
        "--next-step",
        "Repeat on the build servers.",
        "--next-step",
        "Measure zstd once it is in the standard library.",
    )
    study.leadline("report", "--out", "../report.html")
    study.leadline("verify")


STEPS = (
    Step("a git repository with a measuring program", prepare, 0.3),
    Step("open the thread: goal, metrics, hypotheses, stop criteria", open_thread, 1),
    Step("baseline, 5 runs", baseline, 4),
    Step("one axis: level", levels, 5),
    Step("one axis: codec", codecs, 5),
    Step("block size, then its interaction with level", interaction, 5),
    Step("two hypotheses, decided by what was measured", hypotheses, 2),
    Step("a claim that is replicated, and one that is refused a label", claims, 2),
    Step("decide, update the issue, seal a snapshot", publish, 2),
    Step("reproduce it from its exact code state", check, 3),
    Step("finish: the gate, the summary, the report", finish, 5),
)


def carry_out(
    folder: Path,
    *,
    passes: int = 3,
    corpus_kib: int = 3072,
    echo: bool = False,
    show: Any = sys.stderr,
) -> Study:
    """The whole study in `folder`, with a progress display on `show`."""
    study = Study(folder, passes, corpus_kib, echo)
    total, done, start = sum(s.weight for s in STEPS), 0.0, time.monotonic()
    bar = show.isatty() and not echo
    for number, step in enumerate(STEPS, 1):
        if bar:
            _draw(show, done / total, start, step.title)
        else:
            print(f"[{number:2d}/{len(STEPS)}] {step.title}", file=show, flush=True)
        step.work(study)
        done += step.weight
    if bar:
        _draw(show, 1.0, start, "done")
        print(file=show)
    return study


def _draw(show: Any, share: float, start: float, title: str) -> None:
    width = 24
    full = int(width * share)
    spent = time.monotonic() - start
    left = f"about {spent / share - spent:3.0f} s left" if 0.05 < share < 1 else f"{spent:3.0f} s"
    columns = shutil.get_terminal_size().columns
    line = f"[{'#' * full}{'.' * (width - full)}] {left}  {title}"
    print(f"\r{line[: columns - 1]:<{columns - 1}}", end="", file=show, flush=True)


def main(folder: str | None = None, echo: bool = False) -> int:
    """Carry the study out and say where to look. Leaves the repository for the reader."""
    start = time.monotonic()
    place = Path(folder) if folder else Path(tempfile.mkdtemp(prefix="leadline-demo-"))
    try:
        study = carry_out(place, echo=echo)
    except Failure as failure:
        tell(f"\nthe demo stopped: {failure}\nThe repository is {place}")
        return 1
    text = subprocess.run(
        [sys.executable, "-P", "-m", "leadline", "claims"],
        cwd=study.repo,
        env=study.env,
        capture_output=True,
        text=True,
    ).stdout
    beside = Path(sys.executable).parent / "leadline"
    program = str(beside) if beside.exists() else f"{sys.executable} -m leadline"
    put(f"""
{text.rstrip()}

A research thread of {len(study.commands)} commands in {time.monotonic() - start:.0f} s, all of it measured here.

  report    {place / "report.html"}
  logbook   {study.repo / ".agents/logbooks/source-archives.md"}
  issue     cd {study.repo} && {program} issue

Look further:
  cd {study.repo}
  {program} brief
  {program} claims --why {study.ids["claim"]}
  {program} compare baseline {study.ids["level 1"]} --axis level
  {program} tried lzma
  git reset -q --hard && git clean -fdxq && {program} verify""")
    return 0


if __name__ == "__main__":
    sys.exit(main(echo="--echo" in sys.argv))
