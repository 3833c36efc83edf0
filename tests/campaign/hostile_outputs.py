"""Outputs, file names and metrics files of a job made to do harm: what is read of them is a fact of that
one run; its raw files are kept, and every verb of every thread goes on."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys

from tests.campaign.fault import NOT_ENDED, Faults, Tally
from tests.campaign.foreign import WRITING, copy_of, template
from tests.conftest import Lab

READING = (
    ("status",), ("status", "--runs"), ("brief",), ("logbook",), ("claims",), ("next",), ("due",), ("index",),
    ("tried", "job"), ("artifact", "list"), ("report", "--out", "r.html", "--force"), ("verify",),
    ("doctor",), ("sync",),
)  # fmt: skip

OF_A_RUN = (
    ("show", "{}-r1"),
    ("show", "{}-r1", "--output"),
    ("series", "{}"),
    ("compare", "T-001", "{}"),
)
IN_ONE_LAB = 12

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
    return f"import os, pathlib, shutil, socket, sys\n{ground}\n{text}\n"


def make(tries: int, chance: random.Random, tally: Tally) -> None:
    with template() as lab:
        for first in range(0, tries, IN_ONE_LAB):
            kinds = [
                list(JOBS)[n % len(JOBS)] for n in range(first, min(first + IN_ONE_LAB, tries))
            ]
            with copy_of(lab, str(first)) as copy:
                _together(copy, kinds, chance, tally, many=1_000_000 if tries > 100 else 20_000)


def _together(lab: Lab, kinds: list[str], chance: random.Random, tally: Tally, many: int) -> None:
    """Each job, and what is read of its run; then every verb of the thread that they leave."""
    ids = []
    for kind in kinds:
        tally.tries += 1
        ids.append(f"T-{len(ids) + 2:03d}")
        text = job(kind, chance, many)
        what = f"{kind}: {text.splitlines()[2][:150]}"
        lab.write("job.py", text)
        command = ("run", "--quiet", *TAKEN.get(kind, ()), "--", sys.executable, "job.py")
        done = lab.run(*command, timeout=300)
        tally.saw(f"{what}: run", done.stdout + done.stderr)
        if done.returncode in (125, NOT_ENDED) and "its run directory is gone" not in done.stderr:
            tally.false.append(f"{what}: run ends with {done.returncode}: {done.stderr[-400:]}")
        for verb in chance.sample(OF_A_RUN, 2):
            _ends(lab, tally, what, *(word.format(ids[-1]) for word in verb))
        _cleared(lab)
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


def _ends(lab: Lab, tally: Tally, what: str, *verb: str) -> subprocess.CompletedProcess[str]:
    answer = lab.run("--thread", "t", *verb, timeout=120)
    tally.saw(f"{what}: {' '.join(verb)}", answer.stdout + answer.stderr)
    if answer.returncode == NOT_ENDED:
        tally.false.append(f"{what}: {' '.join(verb)}: {answer.stderr[-300:]}")
    return answer


def _cleared(lab: Lab) -> None:
    """Of what a job left in the work tree, nothing meets the next one."""
    for path in lab.repo.iterdir():
        if path.name not in (".git", "code.py"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


FAULTS = Faults("outputs of a job that mean harm", make, tries=320, share=len(JOBS))
