"""One-line breaks of the program, each with the kind of fault that is there to notice it.

`python -m tests.campaign --breaks [--only KIND ...]` makes each in a copy of the tree and lets its kind
loose on it: what no kind notices, no table of zeros tells of.
"""

from __future__ import annotations

import shutil
import site
import subprocess
import tempfile
import venv
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.conftest import ROOT

COPIED = ("src", "tests", "pyproject.toml")
LIMIT_S = 300


class Break(NamedTuple):
    """``was`` stands once in ``file`` (below ``src/leadline``); ``tries`` of ``kind`` notice what it
    ``becomes``."""

    kind: str
    tries: int
    file: str
    was: str
    becomes: str


_LOG, _FILES, _DISK = "adapters/store/event_log.py", "adapters/files.py", "job/disk.py"
_INDEX, _ULID, _EVENT = "adapters/store/index.py", "core/ulid.py", "core/record/event.py"
_MAIN, _PLAIN, _UNSENT = "cli/main.py", "core/plain.py", "services/branch/unsent_secrets.py"
_ALL_SEEN = 'if seen(text) or seen(text.replace("\\n", "")):  # nearly every text', "if True:"
_CUT_IS_WHOLE = "view[os.write(fd, view) :]", "view[os.write(fd, view) + len(view) :]"
_NO_SYNC = "                    os.fsync(fd)\n", ""
_TOLD = "            raise as_user_error(error, path) from error"
BREAKS = (
    Break("caches", 40, _INDEX, "bool(state) and state == noted", "bool(state)"),
    Break("caches", 40, _INDEX, '{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns}"', '"'),
    Break("clock", 40, _ULID, "return not EARLIEST_MS < now_ms < LATEST_MS", "return False"),
    Break("clock", 40, _LOG, "        self._name_clock(now, off)", "        pass"),
    Break("contention", 40, _FILES, "fcntl.flock(fd, fcntl.LOCK_EX)", "pass"),
    Break("contention", 40, "services/branch/exchange.py", "range(PUSH_ATTEMPTS)", "range(1)"),
    Break("corruption", 40, _EVENT, "if record.prev != previous:", "if False:"),
    Break("edges", 30, _MAIN, "return answer.exit_code or (OWN", "return answer.exit_code and (OWN"),
    Break("edges", 60, _MAIN, 'OWN_FAILURE if runs and error.kind != "usage"', "OWN_FAILURE if False"),
    Break("full_disk", 40, _LOG, "os.ftruncate(fd, before)  #", "pass  #"),
    Break("full_disk", 40, _DISK, *_CUT_IS_WHOLE),
    Break("full_disk", 60, _LOG, "                    if new:\n", "                    if False:\n"),
    Break("hostile_outputs", 2, _PLAIN, *_ALL_SEEN),
    Break("hostile_outputs", 2, _DISK, "os.O_RDONLY | os.O_NOFOLLOW |", "os.O_RDONLY |"),
    Break("hostile_outputs", 2, _DISK, "os.O_NOFOLLOW | os.O_NONBLOCK |", "os.O_NOFOLLOW |"),
    Break("hostile_outputs", 2, _DISK, "st_mode & 0o2777", "st_mode | 0o777"),
    Break("hostile_text", 60, _PLAIN, *_ALL_SEEN),
    Break("hostile_text", 60, "cli/answer.py", "json_escaped(line)", "line"),
    Break("io_errors", 60, _LOG, _TOLD, "            pass"),
    Break("kill", 40, "adapters/git/mending.py", "for lock in locks:", "for lock in ():"),
    Break("old_secrets", 12, _LOG, "head.detector == DETECTOR and ", ""),
    Break("old_secrets", 12, _UNSENT, "context.store.unsearched(topic, changed) if", "{} if"),
    Break("power", 28, _LOG, *_NO_SYNC),
    Break("power", 28, "adapters/git/program.py", "=loose-object,reference", "=none"),
    Break("shared_folder", 12, _DISK, "os.O_RDONLY | os.O_NOFOLLOW |", "os.O_RDONLY |"),
    Break("silent_loss", 40, _LOG, "_check_written(fd, before, data)\n", "pass\n"),
    Break("silent_loss", 40, _LOG, *_NO_SYNC),
    Break("silent_loss", 40, _LOG, "if new:\n                sync", "if 0:\n                sync"),
    Break("silent_loss", 40, _DISK, *_CUT_IS_WHOLE),
    Break("witnesses", 12, _LOG, "_mark(), noted)", "_mark(), {})"),
)  # fmt: skip


def noticed(kinds: Collection[str]) -> bool:
    """Make each break of ``kinds``, and print a row on it; whether all were noticed."""
    all_were = True
    with _copy() as copy:
        for at in (each for each in BREAKS if each.kind in kinds):
            file = copy / "src/leadline" / at.file
            sound = file.read_text()
            if sound.count(at.was) != 1:
                raise ValueError(f"{at.was!r} stands {sound.count(at.was)} times in {at.file}")
            file.write_text(sound.replace(at.was, at.becomes))
            told = _let_loose(copy, at)
            file.write_text(sound)
            all_were &= bool(told)
            shown = " ".join(at.becomes.split()) or "nothing"
            print(f"| `{at.kind}` | {at.file} | `{shown}` | {told or 'UNNOTICED'} |", flush=True)
    return all_were


def _let_loose(copy: Path, at: Break) -> str:
    """The first finding, cut; "" without one."""
    python = str(copy / ".venv/bin/python")
    subprocess.run([python, "-m", "compileall", "-q", str(copy / "src")], check=True)
    call = "import random, sys; from tests.campaign.fault import Tally; from tests.campaign.kinds import kinds; "
    call += f"t = Tally(); kinds()[{at.kind!r}].make({at.tries}, random.Random(1), t); "
    call += "print(*(ascii(f)[:90] for f in t.findings()[:1]))"
    words = [python, "-c", call]
    try:
        done = subprocess.run(words, cwd=copy, capture_output=True, text=True, timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        return "it does not end"
    return done.stdout.strip() or done.stderr.strip()[-90:].replace("\n", " ")


@contextmanager
def _copy() -> Iterator[Path]:
    """A copy of the tree whose Python, and every one that it starts, has the program from there."""
    folder = Path(tempfile.mkdtemp(prefix="campaign-breaks-"))
    try:
        for name in COPIED:
            source, to = ROOT / name, folder / name
            shutil.copytree(source, to) if source.is_dir() else shutil.copy(source, to)
        if (ROOT / ".cache").exists():
            (folder / ".cache").symlink_to(ROOT / ".cache")
        venv.create(folder / ".venv", symlinks=True)
        (packages,) = (folder / ".venv/lib").glob("python*/site-packages")
        paths = [str(folder / "src"), *site.getsitepackages()]
        (packages / "copy.pth").write_text("\n".join(paths) + "\n")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
