"""A kernel study of four sittings through the command line, and what it costs to keep its record.

    python examples/layernorm/study.py [FOLDER] [--quick] [--echo]      needs gcc on x86-64, git

The question: how much faster than a naive -O2 build can layer norm in plain C be, and is it still
right? Every number is measured here. What a person would read in the answer just given (which id a
cell has) is read from the record; every command is typed in full and counted.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import leadline as ll

HERE = Path(__file__).resolve().parent
TOPIC = "layernorm-speed"
BENCH = "python3 bench.py"
PLAIN = "--set opt=O3 --set vec=avx2 --set unroll=16"
VEXT = "--set opt=O3 --set vec=avx2 --set kern=vext --set passes=4 --set unroll=4"
TREE = "--set opt=O3 --set vec=avx2 --set kern=tree --set passes=4 --set unroll=4"
RUN_PLAIN = f"{BENCH} --opt O3 --vec avx2 --unroll 16"
RUN_VEXT = f"{BENCH} --opt O3 --vec avx2 --kern vext --passes 4 --unroll 4"
RUN_TREE = f"{BENCH} --opt O3 --vec avx2 --kern tree --passes 4 --unroll 4"
SHAPES = "64x4096,2048x256,16x16384,1024x64"

# What the record costs. A ceremony is all that neither measures, nor reads a measurement, nor sets up.
WANTED = {
    "ceremony_percent": 25.0,
    "characters_per_experiment": 1200,
    "logbook_bytes": 90_000,
    "brief_characters": 4000,
    "issue_words_at_three": 300,
    "update_words": 150,
}


@dataclass
class Typed:
    """A command and what it cost its reader. ``kind``: research, ceremony, look or setup."""

    sitting: int
    kind: str
    command: str
    exit_code: int
    characters: int
    seconds: float
    said: str


@dataclass
class Study:
    """A repository with the kernel, and the program run in it. ``repeat``: runs of each cell."""

    repo: Path
    repeat: int
    blocks: int
    echo: bool
    sitting: int = 0
    typed: list[Typed] = field(default_factory=list)
    issue_at_three: str = ""

    def __post_init__(self) -> None:
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "LEADLINE_"))}
        who = {"GIT_AUTHOR_NAME": "Study", "GIT_AUTHOR_EMAIL": "study@localhost"}
        who |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in who.items()}
        self.env = {**keep, **who, "LEADLINE_ACTOR": "study"}

    def sits_down(self) -> None:
        """Another session: the next day, say."""
        self.sitting += 1
        self.env["LEADLINE_SESSION"] = f"sitting-{self.sitting}"

    def type(self, kind: str, line: str, expect: tuple[int, ...] = (0,)) -> Typed:
        """One command line as a person types it."""
        words = shlex.split(line)
        program = [sys.executable, "-P", "-m", "leadline"] if words[0] == "leadline" else words[:1]
        begun = time.monotonic()
        done = subprocess.run(
            [*program, *words[1:]],
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        said = done.stdout + done.stderr
        typed = Typed(
            self.sitting,
            kind,
            line,
            done.returncode,
            len(said),
            round(time.monotonic() - begun, 2),
            said,
        )
        self.typed.append(typed)
        if self.echo:
            print(f"$ {line}\n{said}", flush=True)
        if done.returncode not in expect:
            raise SystemExit(f"{line}\n  ended with {done.returncode}, not {expect}\n{said}")
        return typed

    def measure(self, line: str, expect: tuple[int, ...] = (0,)) -> str:
        """A command that runs experiments; the last of them, as its answer names them."""
        before = len(self.thread.experiments)
        self.type("research", line, expect)
        made = list(self.thread.experiments)[before:]
        if len(self.thread.experiments) >= 3 and not self.issue_at_three:
            self.issue_at_three = self._aside("issue")
        return made[-1] if made else ""

    @property
    def thread(self):  # type: ignore[no-untyped-def]
        return ll.open(str(self.repo)).thread(TOPIC)

    def of(self, **config: object) -> str:
        """The id of the newest experiment with this config, as the tables name it."""
        found = [
            e.id
            for e in self.thread.experiments.values()
            if e.stands and e.evidence_runs and all(e.config.get(k) == v for k, v in config.items())
        ]
        return found[-1]

    def _aside(self, verb: str) -> str:
        """What a verb says, for the table of costs alone."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "leadline", verb],
            cwd=self.repo,
            env=self.env,
            capture_output=True,
            text=True,
        )
        return done.stdout

    # ---- the sittings ----------------------------------------------------------------------------

    def first(self) -> None:
        """The naive build, more accumulators, levels, blocks of rows, wider vectors."""
        self.sits_down()
        n = self.repeat
        self.type(
            "ceremony",
            f"leadline start {TOPIC} --prefix LS"
            " --goal 'layer norm in C at least 4 times as fast as the naive -O2 build, max error below 1e-3'"
            " --success speedup:ratio:higher --success 'max_err::lower:<=1e-3' --success time_us:us:lower"
            " --motivation 'layer norm is 11% of our CPU inference time'"
            " --problem 'the naive loop is a serial chain of additions, one in 4 cycles'"
            " --matrix 'unroll 1,2,4,8,16; level; vectors; block of rows; passes 2/3; fast-math'"
            " --code kernel.c --protect bench.py --reference https://arxiv.org/abs/1607.06450"
            " --stop 'speedup >= 4 on 256x1024, replicated on 2 other shapes, max_err < 1e-3'"
            f" --baseline-case '{BENCH} --opt O2 --unroll 1 --shape 256x1024'",
        )
        self.measure(
            f"leadline run --quiet --set opt=O2 --set unroll=1 --set vec=sse2 --repeat {max(n, 3)}"
            f" --baseline 'the naive build as it ships' -- {BENCH} --opt O2 --unroll 1"
        )
        accumulators = (
            f"leadline sweep --axis unroll=1,2,4,8,16 --set opt=O2 --set vec=sse2 --repeat {n}{{}}"
            f" -- {BENCH} --opt O2 --unroll {{{{unroll}}}}"
        )
        self.measure(
            accumulators.format(
                " --why 'more accumulators alone at -O2 give most of the speed: the chain of additions is the bottleneck'"
                " --predict 'speedup(opt=O2,unroll=8,vec=sse2) >= 4'"
            )
        )
        self._edit("bench.py", "time.perf_counter_ns", "time.thread_time_ns")
        self.measure(
            f"leadline measure again LS-001 --quiet --repeat {max(n, 3)}"
            " --baseline 'the timer changed from wall clock to CPU time of the thread'"
        )
        self.type(
            "ceremony",
            "leadline retract LS-W1 LS-001 --negative invalid-test --why 'the wall clock is useless on a shared"
            " machine: its spread hides what is measured; CPU time of the thread repeats'",
        )
        self.measure(
            accumulators.format(
                " --note 'more accumulators help up to {{best.speedup}}; 16 is worse, probably for spilled registers'"
            )
        )
        self.measure(
            f"leadline sweep --axis opt=O1,O2,O3,Ofast --set unroll=8 --set vec=sse2 --repeat {n}"
            " --note 'unroll 8 at a higher level is at least twice as fast as naive -O2'"
            " --that 'speedup(best) >= 2 * speedup(baseline)'"
            f" -- {BENCH} --opt {{opt}} --unroll 8"
        )
        self.measure(
            f"leadline sweep --axis block=1,4,16,64 --set opt=O3 --set unroll=8 --set vec=sse2 --repeat {n}"
            " --why 'blocks of rows help because g and b stay in the cache'"
            " --predict 'speedup(block=64) >= 1.05 * speedup(block=1)'"
            f" -- {BENCH} --opt O3 --unroll 8 --block {{block}}"
        )
        self.measure(
            "leadline ab --a block=1 --b block=64 --set opt=O3 --set unroll=8 --set vec=sse2 --equivalent 3%"
            f" --warmup 0 --blocks {self.blocks}"
            " --note 'blocks of 64 rows take {{this.ratio}} of the time of none: not shown to be the same, nor to differ'"
            f" --negative insufficient-signal -- {BENCH} --opt O3 --unroll 8 --block {{block}}"
        )
        self.measure(
            f"leadline sweep --axis vec=sse2,avx2,neon --set opt=O3 --set unroll=8 --repeat {n}"
            " --note 'neon is not for this machine: gcc refuses the flag; do not try it again here'"
            f" --negative implementation-failure -- {BENCH} --opt O3 --unroll 8 --vec {{vec}}",
            expect=(6,),
        )
        two = self.of(opt="O2", unroll=8, vec="sse2")
        three = self.of(opt="O3", unroll=8, vec="avx2")
        self._move("eight accumulators, nothing else changed", two)
        self.type(
            "ceremony",
            f"leadline update --change 'Eight accumulators give {{{{{two}.speedup}}}} at O2 and {{{{{three}.speedup}}}}"
            " with O3 and avx2. Blocks of rows: no difference shown. The first sweep was thrown away: the wall clock"
            " is useless here.' --confidence 'one shape, one machine, busy; ratios only'"
            " --next 'unroll and vec together at O3, then other shapes'",
        )
        self.type("setup", "git commit -qam 'bench: CPU time of the thread'")

    def second(self) -> None:
        """Unroll with vectors, other shapes, one pass."""
        self.sits_down()
        n = self.repeat
        self.type("ceremony", "leadline brief")
        self.type("look", "leadline tried block")
        self.measure(
            "leadline sweep --axis unroll=4,8,16,32 --axis vec=sse2,avx2 --design interaction --set opt=O3"
            f" --repeat {n} --note 'unroll and vec interact: avx2 wants more accumulators; the vectors in flight count'"
            f" -- {BENCH} --opt O3 --unroll {{unroll}} --vec {{vec}}"
        )
        self.type("look", f"leadline plot {self._last('sweep')}", (0, 2))
        self.measure(
            f"leadline sweep --axis shape={SHAPES} {PLAIN} --repeat {n}"
            " --why 'large rows (16x16384, 2 MB in and out) gain less: bandwidth bounds the last pass'"
            " --predict 'speedup(shape=16x16384,unroll=16) < speedup(shape=1024x64,unroll=16)'"
            " --note 'avx2 with 16 accumulators at O3 is at least 2 times naive on these shapes'"
            " --that 'speedup(opt=O3,unroll=16,vec=avx2) >= 2'"
            f" -- {RUN_PLAIN} --shape {{shape}}"
        )
        wide, short = self.of(shape="16x16384"), self.of(shape="1024x64")
        self.type(
            "ceremony",
            "leadline claim 'avx2 with 16 accumulators at O3 is at least 2 times naive on rows of 64 and of 16384'"
            f" --that 'speedup({wide}) >= 2 and speedup({short}) >= 2' --axis shape --supersedes LS-C2",
        )
        self.measure(
            "leadline sweep --axis passes=2,3 --axis mean=0,10,100,1000 --design interaction"
            " --because 'the error of a one-pass variance depends on the mean only together with passes'"
            f" {PLAIN} --repeat {n}"
            " --note 'a one-pass variance breaks the tolerance once the mean is large against the spread'"
            f" --negative valid-negative -- {RUN_PLAIN} --passes {{passes}} --mean {{mean}}",
            expect=(6,),
        )
        self.type("research", "leadline sweep show --metric max_err")
        best = self.of(opt="O3", unroll=16, vec="avx2", mean=None)
        three = self.of(passes=3, mean=1000)
        self.type(
            "ceremony",
            f"leadline decide 'keep three passes; ship O3 avx2 unroll 16' --evidence {best} {three}",
        )
        self._move("O3 avx2 unroll 16 is the new default", self._unshaped(unroll=16, vec="avx2"))
        now = self.thread.baseline_experiment.id
        self.type(
            "ceremony",
            f"leadline update --change 'The kernel with 16 accumulators at O3 with avx2 takes {{{{{now}.time_us}}}}"
            f" against {{{{{self._naive()}.time_us}}}} of the naive build, in turns. Unroll and vector width interact."
            " A one-pass variance is wrong at a large mean.' --confidence 'one machine, always busy'"
            " --next 'short rows; one pass, shifted by the first element'",
        )

    def third(self) -> None:
        """Explicit vectors and one shifted pass."""
        self.sits_down()
        n = self.repeat
        self.type("ceremony", "leadline brief")
        self.type("research", f"leadline show {self.thread.baseline_experiment.id}")
        self.measure(
            f"leadline sweep --axis fast=0,1 --axis block=1,4,16,64 {PLAIN} --set shape=1024x64 --repeat {n}"
            f" -- {RUN_PLAIN} --shape 1024x64 --fast {{fast}} --block {{block}}"
        )
        self.measure(
            "leadline sweep --axis unroll=1,2,4 --axis passes=3,4 --design factorial --set opt=O3 --set vec=avx2"
            f" --set kern=vext --repeat {n}"
            " --why 'one pass over the data, shifted by the first element, is fast and stays exact at a large mean'"
            " --predict 'time_us(kern=vext,passes=4,unroll=2) <= 0.8 * time_us(baseline)'"
            " --note 'one shifted pass in explicit vectors wins: {{best.speedup}}'"
            f" -- {BENCH} --opt O3 --vec avx2 --kern vext --unroll {{unroll}} --passes {{passes}}"
        )
        self.type("research", "leadline sweep show --metric time_us")
        self.measure(
            f"leadline sweep --axis mean=10,100,1000,10000 {VEXT} --repeat {n}"
            " --note 'the shifted pass stays within the tolerance at every mean'"
            f" -- {RUN_VEXT} --mean {{mean}}"
        )
        self.type("research", "leadline sweep show --metric max_err")
        one_pass = self._unshaped(kern="vext", passes=4, unroll=4)
        self.measure(
            "leadline ab --a kern=plain --a passes=3 --a unroll=16 --b kern=vext --b passes=4 --b unroll=4"
            f" --set opt=O3 --set vec=avx2 --set shape=1024x64 --metric time_us --warmup 0 --blocks {self.blocks}"
            " --note 'on rows of 64 columns it takes {{this.ratio}} of the time'"
            f" -- {BENCH} --opt O3 --vec avx2 --shape 1024x64 --kern {{kern}} --passes {{passes}} --unroll {{unroll}}"
        )
        self.type("ceremony", f"leadline seal one-pass -m 'one shifted pass: {one_pass}'")
        self.type("research", f"leadline reproduce one-pass --only {one_pass} --quiet", (0, 6))
        exact = self.of(mean=10000)
        self.type(
            "ceremony",
            "leadline update --change 'One pass over the row, shifted by its first element, in explicit vectors takes"
            f" {{{{{one_pass}.time_us}}}}. The error at mean=10000 is {{{{{exact}.max_err}}}}.'"
            " --confidence 'one machine, busy; in turns' --next 'shapes for the vext kernel; the sum as a tree'",
        )

    def fourth(self) -> None:
        """Every shape, the sum as a tree, the end."""
        self.sits_down()
        n = self.repeat
        self.type("ceremony", "leadline brief")
        self.measure(
            f"leadline sweep --axis shape={SHAPES} {VEXT} --repeat {n} -- {RUN_VEXT} --shape {{shape}}"
        )
        self.measure(
            "leadline sweep --axis fast=0,1 --axis opt=O3,O2 --design factorial --set vec=avx2 --set kern=vext"
            f" --set passes=4 --set unroll=4 --repeat {n}"
            f" -- {BENCH} --opt {{opt}} --vec avx2 --kern vext --passes 4 --unroll 4 --fast {{fast}}"
        )
        self.measure(
            "leadline ab --a kern=vext --b kern=tree --set opt=O3 --set vec=avx2 --set shape=1024x64 --set passes=4"
            f" --set unroll=4 --metric time_us --warmup 0 --blocks {self.blocks}"
            " --why 'short rows lose to the horizontal sums: a tree makes rows of 64 columns a tenth faster'"
            " --predict 'time_us(kern=tree,shape=1024x64) <= 0.9 * time_us(kern=vext,shape=1024x64)'"
            " --note 'with a tree, rows of 64 columns take {{this.ratio}} of the time'"
            f" -- {BENCH} --opt O3 --vec avx2 --shape 1024x64 --passes 4 --unroll 4 --kern {{kern}}"
        )
        self.measure(
            f"leadline sweep --axis shape=256x1024,{SHAPES} {TREE} --repeat {n}"
            " --note 'the shifted one-pass tree kernel is at least 3 times naive on five shapes'"
            " --that 'speedup(kern=tree,passes=4,unroll=4) >= 3'"
            f" -- {RUN_TREE} --shape {{shape}}"
        )
        self.measure(
            "leadline sweep --axis unroll=1,2,4,8 --set opt=O3 --set vec=avx2 --set kern=tree --set passes=4"
            f" --set shape=1024x64 --repeat {n}"
            f" -- {BENCH} --opt O3 --vec avx2 --kern tree --passes 4 --shape 1024x64 --unroll {{unroll}}"
        )
        self.type("look", f"leadline plot {self._last('sweep')}", (0, 2))
        best = self.measure(f"leadline run --quiet {TREE} --repeat {n} -- {RUN_TREE}")
        self._move("tree sum and explicit write loop", best)
        self.measure(
            f"leadline run --quiet --experiment {self.of(kern='tree', shape='16x16384')}"
            " --note 'the shifted one-pass tree kernel is at least 2 times naive for rows of 64 to 16384'"
            f" --that 'speedup(kern=tree,passes=4,unroll=4) >= 2 over shape in {{256x1024,{SHAPES}}}'"
        )
        exact = self.of(mean=10000)
        self.type(
            "ceremony",
            "leadline decide 'ship the shifted one-pass tree kernel: O3, avx2, 4 vectors'"
            f" --evidence {best} {exact} --supersedes LS-D1",
        )
        self.type("setup", "git commit -q --allow-empty -m 'kernel: tree sum, explicit write loop'")
        self.type("research", f"leadline show {best}")
        self.type("look", "leadline report")
        self.type("look", "leadline issue")
        self.type(
            "ceremony",
            f"leadline finish --seal final --worked 'one shifted pass, explicit vectors, tree sum: {{{{{best}.speedup}}}}'"
            " --did-not 'blocks of rows, neon (no such flag here), unshifted one-pass variance'"
            " --confidence 'five shapes on one busy machine, the key steps measured in turns'"
            " --limits 'one CPU, one compiler, warm cache'"
            " --conclusion 'ship kern=tree with O3 and avx2'"
            " --next-step 'measure on an idle machine' --next-step 'non-temporal stores for large arrays'",
        )
        self.type("research", f"leadline reproduce final --only {best} --quiet", (0, 6))

    # ---- what is said of several ------------------------------------------------------------------

    def _edit(self, name: str, old: str, new: str) -> None:
        file = self.repo / name
        file.write_text(file.read_text().replace(old, new))

    def _last(self, kind: str) -> str:
        return [item.id for item in self.thread.items.values() if item.kind == kind][-1]

    def _naive(self) -> str:
        return next(e.id for e in self.thread.experiments.values() if e.stands and e.evidence_runs)

    def _unshaped(self, **config: object) -> str:
        return self.of(**config, shape=None, mean=None, block=None)

    def _move(self, why: str, better: str) -> None:
        """The present baseline and a better one in turns until the difference is shown, and the move."""
        self.measure(
            f"leadline ab baseline {better} --metric speedup --warmup 0 --blocks 30"
            f" --baseline '{why}' --note 'in turns its speedup is {{{{this.ratio}}}} of that of the baseline before'"
        )

    # ---- what it cost ----------------------------------------------------------------------------

    def costs(self) -> dict[str, float]:
        experiments = len(self.thread.experiments)
        ceremony = sum(t.kind == "ceremony" for t in self.typed)
        printed = sum(t.characters for t in self.typed if "leadline" in t.command)
        said = [c["text"] for c in self.thread.issue.comments if c["kind"] == "update"]
        return {
            "commands": len(self.typed),
            "experiments": experiments,
            "runs": sum(len(e.runs) for e in self.thread.experiments.values()),
            "ceremony_percent": round(100 * ceremony / len(self.typed), 1),
            "characters_per_experiment": round(printed / experiments),
            "logbook_bytes": len(self._aside("logbook").encode()),
            "brief_characters": len(self._aside("brief")),
            "issue_words_at_three": _prose_words(self.issue_at_three),
            "update_words": _prose_words(said[-1]) if said else 0,
        }


def _prose_words(markdown: str) -> int:
    """Words outside tables, code and links' addresses."""
    prose = "".join(markdown.split("```")[::2])
    lines = [line for line in prose.splitlines() if not line.lstrip().startswith(("|", "<!--"))]
    return len(" ".join(lines).split())


def begun(folder: Path, quick: bool, echo: bool) -> Study:
    repo = folder / "layernorm"
    repo.mkdir(parents=True)
    study = Study(repo, 1 if quick else 4, 1 if quick else 8, echo)
    for name in ("kernel.c", "bench.py"):
        shutil.copy(HERE / name, repo)
    if quick:
        study._edit("bench.py", "default=ROUNDS", "default=3")
    (repo / ".gitignore").write_text("build/\n")
    for line in ("git init -q -b main", "git add .", "git commit -qm 'Add the kernel'"):
        subprocess.run(shlex.split(line), cwd=repo, env=study.env, check=True)
    return study


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--quick", action="store_true", help="few repeats: the counts, no times")
    parser.add_argument("--echo", action="store_true", help="show every command and its answer")
    parser.add_argument("--json", type=Path, help="write costs and commands there")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        study = begun(asked.folder or Path(made), asked.quick, asked.echo)
        for sitting in (study.first, study.second, study.third, study.fourth):
            sitting()
        costs = study.costs()
    for name, value in costs.items():
        wanted = f"   wanted at most {WANTED[name]:,g}" if name in WANTED else ""
        print(f"{name:28} {value:>10,g}{wanted}")
    if asked.json:
        asked.json.write_text(
            json.dumps(
                {"costs": costs, "wanted": WANTED, "typed": [vars(t) for t in study.typed]}, indent=1
            )
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
