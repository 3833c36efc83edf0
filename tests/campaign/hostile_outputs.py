"""Outputs, file names and metrics files of a job made to do harm: what is read of them is a fact of that
one run; its raw files are kept, and every verb of every thread goes on.

No answer holds what cannot be seen. What is private stays as it is and is read through no link of a run's
folder, nothing there that is no file is read or waited for, and nobody else may look into ours.
"""

from __future__ import annotations

import os
import random
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tests.campaign.fault import NOT_ENDED, Faults, Tally
from tests.campaign.foreign import WRITING, copy_of, template
from tests.conftest import Lab
from tests.hostile import HARMFUL, dangerous

READING = (
    ("status",), ("status", "--runs"), ("brief",), ("logbook",), ("claims",), ("next",), ("due",), ("index",),
    ("tried", "job"), ("artifact", "list"), ("report", "--out", "r.html", "--force"), ("verify",),
    ("doctor",), ("sync",),
)  # fmt: skip

OF_A_RUN = (
    ("show", "{}-r1"),
    ("show", "{}-r1", "--log"),
    ("series", "{}"),
    ("compare", "T-001", "{}"),
)
IN_ONE_LAB = 12
MARK = "pr1vateWords4711"
PRIVATE = f'{{"{MARK}": 1.5}}\n'  # would be read as an output, a metric or a text

# What a value, a name or a line may be, as Python that makes bytes.
VALUES = (
    r"b'1'", r"b'NaN'", r"b'-Infinity'", r"b'1e999'", r"b'9'*400", r"b'9'*5000", r"b'1e-400'", r"b'null'", r"b'true'",
    r"b'[' * 3000 + b']' * 3000", r"b'[' * 100000", r"b'{}'", r"b'\"x\"'", r"b'\"\\ud800\"'", r"b'\xff'", r"b'\0'",
    r"b''", r"b'-0'", r"b'1_000'", r"b'0x10'", r"b'1.7976931348623157e308'", r"str(2**63).encode()", r"b'\xd9\xa1'",
)  # fmt: skip
NAMES = (
    r"b'loss'", r"b'time_ms'", r"b''", r"b' '", r"b'\xff\xfe'", r"b'a\0b'", r"b'\\ud800'", r"b'a\rb'", r"b'a\nb'",
    r"b'x' * 100000", r"b'__proto__'", r"b'../../x'", r"b'a.b[0]{c}|d'", r"b'{{P-001}}'", r"b'\x1b[31m'",
    r"b'\xe2\x80\xae'", r"b'step'", r"b'\"'", r"b'<script>'", r"b'-m'", r"b'n'", r"b'id'", r"b'baseline'", r"b'nan'",
    r"b'over'", r"b'mean(loss)'", r"b'state'", r"b'constructor'", r"b'a=b'", r"b'a,b'", r"b'k.k'", r"b'.'", r"b'/'",
)  # fmt: skip
JOBS = {
    "json lines on stdout": "out.write(b'{\"' + NAME + b'\": ' + VALUE + b'}\\n')",
    "key=value on stdout": "out.write(NAME + b'=' + VALUE + b'\\n')",
    "a csv": "pathlib.Path('r.csv').write_bytes(b'name,time\\n' + NAME + b',' + VALUE + b'\\n')",
    "a csv with carriage returns": "pathlib.Path('r.csv').write_bytes(b'name,time\\ra,1\\r' + NAME + b',' + VALUE)",
    "a csv whose head is odd": "pathlib.Path('r.csv').write_bytes(NAME + b',time\\n1,' + VALUE + b'\\n')",
    "a json": "pathlib.Path('r.json').write_bytes(b'{\"time\": ' + VALUE + b', \"' + NAME + b'\": 1}')",
    "a jsonl": "pathlib.Path('r.jsonl').write_bytes((b'{\"time\": ' + VALUE + b', \"' + NAME + b'\": 1}\\n') * 3)",
    "the metrics file": "open(M, 'ab').write(b'{\"' + NAME + b'\": ' + VALUE + b', \"step\": 1}\\n')",
    "a step": "open(M, 'ab').write(b'{\"a\": 1, \"step\": ' + VALUE + b'}\\n')",
    "the metrics file is a folder": "os.makedirs(M)",
    "the metrics file is a link": "os.symlink('/dev/zero', M)",
    "the metrics file is a pipe": "os.mkfifo(M)",
    "the metrics file is a socket": "os.chdir(D); socket.socket(socket.AF_UNIX).bind(os.path.basename(M))",
    "the metrics file cannot be read": "open(M, 'ab').write(b'{\"a\": 1}\\n'); os.chmod(M, 0)",
    "the metrics file is huge and empty": "open(M, 'ab').truncate(10 << 30)",
    "a csv is a pipe": "os.mkfifo('r.csv')",
    "a csv is a folder": "os.makedirs('r.csv')",
    "a csv is a device": "os.symlink('/dev/zero', 'r.csv')",
    "a csv is huge and empty": "open('r.csv', 'ab').truncate(10 << 30)",
    "a csv is empty": "open('r.csv', 'ab').close()",
    "a csv is a loop": "os.symlink('r.csv', 'r.csv')",
    "a csv has no end of quotes": "pathlib.Path('r.csv').write_bytes(b'name,time\\n\"' + VALUE * 99 + b',1\\n')",
    "a csv has a field without end": "pathlib.Path('r.csv').write_bytes(b'name,time\\n' + b'x' * 200_000 + b',1\\n')",
    "a json is a pipe": "os.mkfifo('r.json')",
    "kept files are pipes and devices": "os.mkfifo('kept1'); os.symlink('/dev/zero', 'kept2'); os.makedirs('kept3')",
    "kept files are huge and empty": "open('kept', 'ab').truncate(10 << 30)",
    "kept files cannot be read": "open('kept', 'ab').close(); os.chmod('kept', 0)",
    "the folder of the run is closed": "os.chmod(D, 0)",
    "files of the run are folders": "os.makedirs(D + '/result.json'); os.makedirs(D + '/summary.json')",
    "files of the run are links": "os.unlink(D + '/owner.json'); os.symlink('owner.json', D + '/owner.json')",
    "the folder of the run is gone": "shutil.rmtree(D)",
    "the output is gone": "os.unlink(os.path.join(D, 'stdout.log')); os.mkfifo(os.path.join(D, 'stdout.log'))",
    "the series is a file": "shutil.rmtree(D + '/series', True); open(D + '/series', 'wb').write(VALUE)",
    "the work tree has pipes": "os.mkfifo('pipe'); os.mkfifo(b'b' + NAME[:20].replace(b'/', b'').replace(b'\\0', b''))",
    "a file name": "open(b'kept' + NAME.replace(b'/', b'_')[:200].replace(b'\\0', b'0'), 'wb').write(VALUE)",
    "many metrics": "out.write(b''.join(b'{\"m%d\": 1}\\n' % i for i in range(MANY)))",
    "one line that is long": "out.write(b'{\"a\": \"' + b'x' * 30_000_000 + b'\"}\\n')",
    "a result beside the job's": "pathlib.Path(D, ODDFILE).write_bytes(VALUE)",
    "a segment cut": "import leadline as ll; [ll.log(step=i, loss=1/(i+1)) for i in range(200)]; CUT",
    "a killed parent": "os.kill(os.getpid(), 9)",
}  # fmt: skip
CUT = (
    "ll.finish() if hasattr(ll, 'finish') else None; "
    "[os.truncate(p, max(0, p.stat().st_size - 7)) for p in pathlib.Path(D).rglob('*seg*') if p.is_file()]"
)
ODD_FILES = (
    "spec.json",
    "owner.json",
    "handle.json",
    "result.json",
    "stdout.log",
    "stderr.log",
    "summary.json",
)
TAKEN = {
    "a csv": ("--metrics", "r.csv:t=time"),
    "a csv with carriage returns": ("--metrics", "r.csv:t=time"),
    "a csv whose head is odd": ("--metrics", "r.csv:t=time"),
    "a json": ("--metrics", "r.json:t=time"),
    "a jsonl": ("--metrics", "r.jsonl:t=time"),
    "a file name": ("--artifact", "kept*"),
    **dict.fromkeys(("a json is a pipe",), ("--metrics", "r.json:t=time")),
    **{kind: ("--metrics", "r.csv:t=time") for kind in JOBS if kind.startswith("a csv ")},
    **{kind: ("--artifact", "kept*") for kind in JOBS if kind.startswith("kept ")},
}


def job(kind: str, chance: random.Random, many: int) -> str:
    text = JOBS[kind].replace("CUT", CUT).replace("MANY", str(many))
    text = text.replace("ODDFILE", repr(chance.choice(ODD_FILES)))
    text = text.replace("NAME", chance.choice(NAMES)).replace("VALUE", chance.choice(VALUES))
    ground = "M = os.environ['LEADLINE_METRICS']; D = os.path.dirname(M); out = sys.stdout.buffer"
    seen = f"{{}}.buffer.write({HARMFUL.encode()!r} + b'\\n')"
    harm = "; ".join(seen.format(stream) for stream in ("sys.stdout", "sys.stderr"))
    return f"import os, pathlib, shutil, socket, sys\n{ground}\n{text}\n{harm}\n"


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    order = chance.sample(sorted(JOBS), len(JOBS))
    with template() as lab:
        for first in range(0, tries, IN_ONE_LAB):
            kinds = [order[n % len(JOBS)] for n in range(first, min(first + IN_ONE_LAB, tries))]
            with copy_of(lab, str(first)) as copy:
                _together(copy, kinds, chance, tally, many=1_000_000 if tries > 100 else 20_000)


def _together(lab: Lab, kinds: list[str], chance: random.Random, tally: Tally, many: int) -> None:
    """Each job, and what is read of its run; then every verb of the thread that they leave."""
    ids = []
    private = lab.repo.parent / "private"
    private.write_text(PRIVATE)
    private.chmod(0o600)
    (ordinary,) = _runs(lab)
    _planted(lab, ordinary, chance, tally)
    for kind in kinds:
        tally.tries += 1
        ids.append(f"T-{len(ids) + 2:03d}")
        text = job(kind, chance, many)
        what = f"{kind}: {text.splitlines()[2][:150]}"
        lab.write("job.py", text)
        done = _ends(
            lab, tally, what, "run", "--quiet", *TAKEN.get(kind, ()), "--", sys.executable, "job.py"
        )
        if done.returncode == 125 and "its run directory is gone" not in done.stderr:
            tally.false.append(f"{what}: run ends with {done.returncode}: {done.stderr[-400:]}")
        for verb in OF_A_RUN:
            _ends(lab, tally, what, *(word.format(ids[-1]) for word in verb))
        _cleared(lab)
    theirs = _runs(lab) - {ordinary}
    what = ", ".join(kinds)
    for verb in READING:
        _ends(lab, tally, what, *verb)
    listed = lab.run("status", "--runs", "--json").stdout
    tally.lost += [f"{what}: {run} is not in the list" for run in ids if f"{run}-r1" not in listed]
    if '"state": "running"' in listed:
        tally.false.append(f"{what}: a run never ends")
    for verb in WRITING:
        answer = _ends(lab, tally, what, *verb)
        if answer.returncode:
            tally.false.append(f"{what}: {' '.join(verb)}: {answer.stderr[-300:]}")
    ours = Path(lab.repo, ".git/leadline")
    made = [path for path in (ours, *ours.rglob("*")) if not theirs & {*path.parents}]
    tally.leaked += [f"{what}: {path} can be looked into" for path in made if _is_open(path)]
    tally.leaked += [f"{what}: private words lie in {path}" for path in _told(ours.rglob("*"))]
    if private.read_text() != PRIVATE or stat.S_IMODE(private.stat().st_mode) != 0o600:
        tally.leaked.append(f"{what}: a private file is another")


def _runs(lab: Lab) -> set[Path]:
    return {*Path(lab.repo, ".git/leadline/runs").iterdir()}


def _is_open(path: Path) -> bool:
    return not path.is_symlink() and bool(path.stat().st_mode & 0o077)


def _told(paths: Iterable[Path]) -> list[Path]:
    files = (path for path in paths if path.is_file() and not path.is_symlink())
    return [path for path in files if os.access(path, os.R_OK) and _holds(path)]


def _holds(path: Path) -> bool:
    with path.open("rb") as file:
        return MARK.encode() in file.read(1 << 20)


def _link(path: Path) -> Callable[[], None]:
    path.symlink_to(path.parents[6] / "private")
    return lambda: None


def _pipe_with_words(path: Path) -> Callable[[], None]:
    os.mkfifo(path)
    held = os.open(path, os.O_RDWR)
    os.write(held, PRIVATE.encode())
    return lambda: os.close(held)


def _pipe(path: Path) -> Callable[[], None]:
    os.mkfifo(path)
    return lambda: None


def _socket(path: Path) -> Callable[[], None]:
    os.mknod(path, 0o600 | stat.S_IFSOCK)
    return lambda: None


PLANTS = (_link, _pipe_with_words, _pipe, _socket)


def _planted(lab: Lab, run: Path, chance: random.Random, tally: Tally) -> None:
    """What a job that is still there may do to the folder of a run that has ended."""
    folder = run / "attempt-1"
    drawn = (chance.choice(ODD_FILES) for _ in PLANTS)
    for name, plant in [
        *(("stdout.log", plant) for plant in PLANTS),
        *zip(drawn, PLANTS, strict=True),
    ]:
        place, kept = folder / name, folder / "kept"
        if place.exists():
            place.rename(kept)
        ended = plant(place)
        for verb in (*OF_A_RUN[:3], ("status", "--runs"), ("verify",)):
            words = (word.format("T-001") for word in verb)
            _ends(lab, tally, f"{name} is{plant.__name__.replace('_', ' ')}", *words)
        ended()
        place.unlink()
        if kept.exists():
            kept.rename(place)


def _ends(lab: Lab, tally: Tally, what: str, *verb: str) -> subprocess.CompletedProcess[str]:
    answer = lab.run("--thread", "t", *verb, timeout=300 if verb[0] == "run" else 60)
    output, said = answer.stdout + answer.stderr, f"{what}: {' '.join(verb)}"
    tally.saw(said, output)
    if answer.returncode == NOT_ENDED:
        tally.false.append(f"{said}: {answer.stderr[-300:]}")
    if unseen := dangerous(output):
        tally.leaked.append(f"{said} shows {unseen}")
    if MARK in output:
        tally.leaked.append(f"{said} shows private words")
    return answer


def _cleared(lab: Lab) -> None:
    """Of what a job left in the work tree, nothing meets the next one."""
    for path in lab.repo.iterdir():
        if path.name not in (".git", "code.py"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


FAULTS = Faults("outputs of a job that mean harm", make, tries=320, share=len(JOBS))
