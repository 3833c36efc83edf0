"""Runs attempts on another machine, by the user's own ``ssh``: its config, keys, agents and jump hosts.

One program over there (``leadline.job.far``) answers as long as this process asks, over one connection
that stands for a minute after it was used last. Code goes as git objects, only those that are missing, and
is unpacked once for each tree; what runs write comes back with the answer to how they stand. Nothing
of this waits for a network file system, and nothing depends on this process: the attempt lies in a
folder over there that its name follows from.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shlex
import stat
import subprocess
import tarfile
import time
from collections.abc import Iterator, Mapping, Sequence

from leadline.adapters.own_programs import program
from leadline.core.errors import LeadlineError, environment, remote
from leadline.core.typed import TYPE_CHECKING, Any, cast
from leadline.job import probe
from leadline.job.disk import discard, make_folders, open_to_read
from leadline.ports.attempt import job_name
from leadline.ports.executor import ELSEWHERE, MAYBE_STARTED, device_taken

if TYPE_CHECKING:
    from typing import IO

    from leadline.ports.attempt import Cancelled, Handle, Result, Spec
    from leadline.ports.executor_setup import ExecutorSetup

USUAL_FOLDER = "~/.leadline"
STANDS_S = 60  # the connection, after it was used last
WAIT_MOST_S = 10.0
FRESH_S = 0.05
AWAY_TELLS_S, AWAY_HERE_S = 60.0, 5.0
CLOCK_TELLS_S = 10.0  # less may be the way there and back
NOT_INSTALLED, NOT_FOUND, NOT_REACHED = 94, 127, 255
MOST_SAID_BYTES = 1 << 16
PRIVATE = "spec.private.json"
_NOT_CONNECTED = re.compile(
    r"^ssh: connect to host |^Connection to \S+ port \d+ timed out|^\w+_exchange_identification: "
    r"|: terminating, \d+ bad config|^Can't open user config file|: Bad \w+ ['\"]",
    re.MULTILINE,
)
GOES_ON = "what runs there goes on; nothing of it is lost"
_FORGETS = re.compile(r"^\s*(ssh-keygen -f .+ -R .+)$", re.MULTILINE)
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(probe.__file__)))
_NOT_SENT = (
    "spec.json",
    PRIVATE,
    "handle.json",
    "about.json",
    "summary.json",
    "environment.sealed",
)
#: What ssh says, the code that we give it, and what it means.
_MET = (
    (
        "REMOTE HOST IDENTIFICATION HAS CHANGED",
        "host-key-changed",
        "its host key is another one than before",
    ),
    ("Host key verification failed", "host-key-unknown", "its host key is not known here"),
    ("Permission denied", "key-refused", "it does not take the keys that ssh offers"),
    ("Could not resolve hostname", "no-such-host", "no host of that name is known"),
)
ANSWERED = ("no-answer", "broke-off")
_MENDS = {
    "no-git-there": "install git on that machine",
    "setup-failed": "the command of --setup has to work there",
    "no-room-there": "its disk or its quota is full",
}


def made(setup: ExecutorSetup) -> SshExecutor:
    return SshExecutor(setup)


# What a record of somebody else may name of another machine.
_REPOSITORY, _NAME = re.compile(r"[0-9a-f]{12}"), re.compile(r"leadline-[A-Za-z0-9-]{1,80}")


class _Away(Exception):
    """The machine cannot be reached now. ``args``: code, sentence, whether it surely heard nothing of
    what was asked, and commands that mend it."""


class Conversation:
    """A program over there that answers one request after the other (``leadline.job.far``).

    ``runs``: it came up. ``over``: it answers no more; ``exit_code`` and ``said`` (on standard error)
    then say why.
    """

    def __init__(self, argv: list[str]) -> None:
        self.exit_code, self.said, self.runs, self.over = 0, "", False, False
        path = f"{_sockets()}/said-{os.urandom(6).hex()}"
        self._errors = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.unlink(path)
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=True,
        )

    def asked(self, words: bytes) -> tuple[dict[str, Any], bytes] | None:
        """The answer, and the frames behind it as far as they came; None where it gave no answer."""
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(words)
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it may have answered without hearing all
        printed = []
        for line in iter(self._process.stdout.readline, b""):
            try:
                answer: dict[str, Any] = json.loads(line)
            except ValueError:  # a login shell over there that greets
                printed.append(line)
                continue
            if answer == {"runs": True}:
                self.runs = True
                continue
            return answer, self._frames(self._process.stdout)
        self.end()
        self.said = self.said or b"".join(printed).decode(errors="replace")
        return None

    def _frames(self, stream: IO[bytes]) -> bytes:
        pieces = []
        while head := stream.readline():
            pieces.append(head)
            try:
                about = json.loads(head)
            except ValueError:
                break
            if about.get("end"):
                return b"".join(pieces)
            pieces.append(stream.read(int(about["size"])))
        self.end()
        return b"".join(pieces)

    def end(self) -> None:
        """Hears its last words."""
        self.over = True
        self._let_go()
        self.exit_code = self._process.wait()
        self.said = os.pread(self._errors, MOST_SAID_BYTES, 0).decode(errors="replace")

    def _let_go(self) -> None:
        """It ends by itself as nothing more comes."""
        for stream in (self._process.stdin, self._process.stdout):
            try:
                assert stream is not None
                stream.close()
            except OSError:
                pass

    def __del__(self) -> None:
        if hasattr(self, "_process"):
            self._let_go()
            self._process.poll()
            os.close(self._errors)


class SshExecutor:
    """The executor of kind ``ssh``. Options: ``config`` (a file for ``ssh -F``), ``python`` (over there)."""

    place = ELSEWHERE

    def __init__(self, setup: ExecutorSetup) -> None:
        self.setup, self.name, self.host = setup, setup.name, setup.host
        self._fresh: dict[str, float] = {}
        self._standing: dict[str, Conversation] = {}  # by repository there
        self._places: dict[str, int] = {}  # pilots that a queue of this process has
        self._away_at_s = -AWAY_TELLS_S  # when this process last failed to reach it
        folder = (setup.work_folder or USUAL_FOLDER).rstrip("/")
        self._root = (
            f'"$HOME"/{shlex.quote(folder[2:])}' if folder[:2] == "~/" else shlex.quote(folder)
        )
        # Two repositories, or two clones of one, do not share a folder over there.
        whose = f"{os.uname().nodename}\0{os.path.realpath(setup.git_dir)}"
        self._repository = hashlib.sha256(whose.encode()).hexdigest()[:12]
        way = f"{self.host}\0{setup.options.get('config') or ''}"
        self._way = hashlib.sha256(way.encode()).hexdigest()[:8]

    # -- the port ----------------------------------------------------------------------------------
    def submit(self, attempt_dir: str, resources: Mapping[str, object]) -> Handle:
        """See ``Executor.submit``. ``resources`` may name a ``pilot``: the queue in which the attempt
        waits for one of the jobs that stand there already."""
        asked, tree = self._asked(attempt_dir)
        if queue := str(resources.get("pilot") or ""):
            places = {"queue": os.path.basename(queue), "slots": self._places.get(queue, 1)}
            asked["pilots"] = places
        answer = self._hand_over(asked)
        if "missing" in answer:
            pack = self._pack(tree, answer.get("trees") or [])
            answer = self._hand_over({**asked, "pack_bytes": len(pack)}, pack)
        discard(os.path.join(attempt_dir, PRIVATE))
        known = {"v": 1, "executor": self.name, "host": str(answer["host"])}
        ahead_s = round(float(answer["epoch_s"]) - time.time(), 1)
        clock = {"clock_ahead_s": ahead_s} if abs(ahead_s) >= CLOCK_TELLS_S else {}
        return {**known, **clock, "folder": str(answer["folder"])}

    begin = submit  # the exchange says at once whether it is up

    def poll(self, attempts: Sequence[tuple[str, Handle]]) -> dict[str, str]:
        """See ``Executor.poll``. A machine that has just been away is not waited for again: every
        reading verb asks."""
        folders = [attempt for attempt, _ in attempts]
        if self._was_away(AWAY_TELLS_S):
            return {f: "finished" if self._here(f) is not None else "unknown" for f in folders}
        return self._watch(folders, 0.0)

    def wait(
        self, attempts: Sequence[tuple[str, Handle]], timeout_s: float | None = None
    ) -> dict[str, str]:
        """See ``Executor.wait``. Waits over there, for ten seconds at most."""
        wait_s = WAIT_MOST_S if timeout_s is None else min(timeout_s, WAIT_MOST_S)
        states = self._watch([attempt for attempt, _ in attempts], wait_s)
        if states and all(state == "unknown" for state in states.values()):
            time.sleep(min(1.0, wait_s))
        return states

    def refresh(self, attempts: Sequence[tuple[str, Handle]]) -> None:
        """See ``Executor.refresh``."""
        now = time.monotonic()
        stale = [a for a, _ in attempts if now - self._fresh.get(a, -1.0) > FRESH_S]
        if stale and now - self._away_at_s > AWAY_HERE_S:
            self._watch(stale, 0.0)

    def cancel(self, attempt_dir: str, handle: Handle) -> Cancelled:
        """See ``Executor.cancel``."""
        if self._here(attempt_dir) is not None:
            return {"did": "nothing", "why": "nothing of it is running"}
        asked = {"verb": "cancel", "name": _name(attempt_dir)}
        answer = self._ask(asked, repository=self._whose(attempt_dir))
        return {"did": str(answer["did"]), "why": str(answer["why"])}

    def result(self, attempt_dir: str) -> Result | None:
        """See ``Executor.result``."""
        found = self._here(attempt_dir)
        if found is None:
            try:
                self._watched([attempt_dir], 0.0)
            except _Away as away:
                raise self._away(away) from away
            found = self._here(attempt_dir)
        return found

    def lease(self, request: Mapping[str, object]) -> Mapping[str, object]:
        """See ``Leases.lease``."""
        return self._ask({**request, "verb": "lease"})

    def open_pilots(self, queue: str, slots: int) -> None:
        """See ``Piloted.open_pilots``. They come up with the first attempt, which says of which
        devices."""
        self._places[queue] = slots

    def close_pilots(self, queue: str) -> None:
        """See ``Piloted.close_pilots``. Where the machine is away they end by themselves."""
        try:
            self._ask({"verb": "close", "queue": os.path.basename(queue)})
        except LeadlineError:
            pass

    # -- what goes over ----------------------------------------------------------------------------
    def _asked(self, attempt_dir: str) -> tuple[dict[str, object], str]:
        """The request that starts an attempt, and the tree that it runs. Paths into our folders stand
        as a mark in it, which the other side fills in."""
        spec = _json(os.path.join(attempt_dir, "spec.json"))
        if spec is None:
            raise environment(
                "supervisor-refused",
                "spec.json cannot be used: it is not there, or damaged",
                why="the command was not run",
                do="leadline doctor",
            )
        code = cast("Spec", spec).get("code")
        mark = f"@leadline-{os.urandom(8).hex()}@"
        tops = {os.path.realpath(attempt_dir), os.path.abspath(attempt_dir)}
        if code:
            tops = {code["top"], os.path.realpath(code["top"])}
        inside = re.compile(
            rf"(?<![\w./-])(?:{'|'.join(map(re.escape, sorted(tops, key=len, reverse=True)))})(?![\w.-])"
        )

        def moved(value: object) -> object:
            if isinstance(value, str):
                return inside.sub(mark, value)
            if isinstance(value, list):
                return [moved(one) for one in value]
            return {k: moved(v) for k, v in value.items()} if isinstance(value, dict) else value

        private = _json(os.path.join(attempt_dir, PRIVATE))
        asked: dict[str, object] = {
            "verb": "submit",
            "name": _name(attempt_dir),
            "mark": mark,
            "spec": {**{k: moved(v) for k, v in spec.items()}, "code": None},
            "private": moved(private),
            "setup": self.setup.setup,
            "lock_file": self.setup.lock_file,
        }
        tree = code["tree"] if code else ""
        return {**asked, "tree": tree}, tree

    def _pack(self, tree: str, there: Sequence[str]) -> bytes:
        """The git objects of a tree that the other side lacks; ``there``: trees that it has."""
        git = [program("git"), "--git-dir", self.setup.git_dir]
        known = subprocess.run(
            [*git, "cat-file", "--batch-check=%(objectname) %(objecttype)"],
            input="\n".join(there).encode(),
            capture_output=True,
        ).stdout.decode()
        has = [line.split()[0] for line in known.splitlines() if line.endswith(" tree")]
        words = "\n".join([tree, *(f"^{one}" for one in has)]) + "\n"
        done = subprocess.run(
            [*git, "pack-objects", "--revs", "--thin", "--stdout", "-q"],
            input=words.encode(),
            capture_output=True,
        )
        if done.returncode:
            raise environment(
                "code-not-packed",
                f"the code state {tree[:12]} cannot be read",
                why=done.stderr.decode(errors="replace").strip()[-300:],
                do="leadline verify",
            )
        return done.stdout

    def _hand_over(self, asked: Mapping[str, object], payload: bytes = b"") -> dict[str, Any]:
        """As ``_ask``, for an attempt: whoever knows that it was not started says so."""
        try:
            answer, _ = self._exchange(asked, payload)
        except _Away as away:
            _, means, unheard, *_ = away.args
            if unheard:
                raise self._away(away, "the command was not started") from away
            raise remote(
                MAYBE_STARTED,
                f"{self.name} ({self.host}) broke off: {means}",
                why="whether the command was started there is not known until it answers",
                do=["leadline jobs", self._typed("true")],
            ) from away
        return self._answered(answer)

    # -- what comes back ---------------------------------------------------------------------------
    def _watch(self, attempts: Sequence[str], wait_s: float) -> dict[str, str]:
        ended = {a: "finished" for a in attempts if self._here(a) is not None}
        left = [a for a in attempts if a not in ended]
        if not left:
            return ended
        try:
            # One that is over already ends the wait.
            states = self._watched(left, 0.0 if ended else wait_s)
        except _Away as away:
            if away.args[0] not in ANSWERED:
                self._note_away()
            return {**ended, **dict.fromkeys(left, "unknown")}
        except LeadlineError:  # its Python is gone, or its disk is full
            return {**ended, **dict.fromkeys(left, "unknown")}
        return {**ended, **states}

    def _watched(self, attempts: Sequence[str], wait_s: float) -> dict[str, str]:
        """Raises _Away."""
        whose = {attempt: self._whose(attempt) for attempt in attempts}
        states: dict[str, str] = {}
        for repository in dict.fromkeys(whose.values()):
            those = [attempt for attempt in attempts if whose[attempt] == repository]
            one_waits = wait_s if len(those) == len(attempts) else 0.0
            states |= self._watched_in(repository, those, one_waits)
        return states

    def _watched_in(
        self, repository: str, attempts: Sequence[str], wait_s: float
    ) -> dict[str, str]:
        folders = {_name(attempt): attempt for attempt in attempts}
        known = {name: _known(folder) for name, folder in folders.items()}
        asked = {"verb": "watch", "attempts": known, "wait_s": wait_s}
        answer, rest = self._exchange(asked, repository=repository)
        for name, path, offset, whole, mtime_ns, piece in _frames(rest):
            _put(folders[name], path, offset, whole, mtime_ns, piece)
        states = {}
        for name, folder in folders.items():
            state = str(answer["states"][name])
            whole_here = state != "finished" or self._here(folder) is not None
            states[folder] = state if whole_here else "unknown"
            self._fresh[folder] = time.monotonic()
        return states

    def _note_away(self) -> None:
        self._away_at_s = time.monotonic()
        try:
            with open(self._away_mark(), "wb"):
                pass
        except (OSError, LeadlineError):
            pass  # then it is tried again sooner

    def _was_away(self, within_s: float) -> bool:
        """Whether somebody of this user failed to reach it, and nobody reached it since."""
        try:
            return 0 <= time.time() - os.stat(self._away_mark()).st_mtime < within_s
        except (OSError, LeadlineError):
            return False

    def _away_mark(self) -> str:
        return f"{_sockets()}/{self._way}.away"

    def _here(self, attempt_dir: str) -> Result | None:
        return cast("Result | None", _json(os.path.join(attempt_dir, "result.json")))

    # -- the exchange ------------------------------------------------------------------------------
    def _whose(self, attempt_dir: str) -> str:
        """The repository's folder there: ours, or that of the clone that started the attempt."""
        folder = str(_handle(attempt_dir).get("folder") or "")
        known = os.path.basename(os.path.dirname(os.path.dirname(folder)))
        return known if _REPOSITORY.fullmatch(known) else self._repository

    def _ask(
        self, asked: Mapping[str, object], payload: bytes = b"", repository: str = ""
    ) -> dict[str, Any]:
        """Raises LeadlineError: ``remote`` when the machine is away, ``environment`` for what it
        cannot do."""
        try:
            answer, _ = self._exchange(asked, payload, repository)
        except _Away as away:
            raise self._away(away) from away
        return self._answered(answer)

    def _answered(self, answer: dict[str, Any]) -> dict[str, Any]:
        if "error" in answer:
            code = str(answer["error"])
            if code == "device-taken":
                raise device_taken(str(answer["what"]), self.name)
            mends = {
                "no-room-there": self._typed("df -h"),
                "setup-failed": f"leadline executor show {self.name}",
            }
            raise environment(
                code,
                f"{self.name} ({self.host}) did not take it: {answer['what']}",
                why=_MENDS.get(code, "nothing was started there"),
                do=mends.get(code, f"leadline executor check {self.name}"),
            )
        return answer

    def _exchange(
        self, asked: Mapping[str, object], payload: bytes = b"", repository: str = ""
    ) -> tuple[dict[str, Any], bytes]:
        """The answer, and the frames behind it. Raises _Away; LeadlineError for a machine that cannot
        do this."""
        words = json.dumps(asked).encode() + b"\n" + payload
        whose = repository or self._repository
        # Whatever is asked twice is done once, but a reservation, which the second time is taken.
        standing = self._standing.pop(whose, None) if asked["verb"] != "lease" else None
        if standing is not None and (answer := standing.asked(words)):
            self._keep(standing, whose)
            return answer
        return self._asked_anew(words, whose)

    def _keep(self, one: Conversation, whose: str) -> None:
        if not one.over:  # what came last may have been cut off
            self._standing[whose] = one

    def _asked_anew(self, words: bytes, whose: str) -> tuple[dict[str, Any], bytes]:
        package, digest = _package()
        python = shlex.quote(self.setup.options.get("python") or "python3")
        script = f'"$R"/job/{digest}/leadline/job/far.py'
        there = (
            f"R={self._root}; test -f {script} || exit {NOT_INSTALLED}; "
            f'exec {python} -I -S {script} "$R"/{whose}'
        )
        one = Conversation(self._argv(there))
        answer = one.asked(words)
        if answer is None and one.exit_code == NOT_INSTALLED:
            self._install(package, digest)
            one = Conversation(self._argv(there))
            answer = one.asked(words)
        if answer is not None:
            self._keep(one, whose)
            discard(self._away_mark())
            return answer
        if one.exit_code == NOT_REACHED:
            raise _not_reached(one.said)
        discard(self._away_mark())
        if one.exit_code == NOT_FOUND:
            raise environment(
                "no-python-there",
                f"{self.host} has no {python}",
                why="Leadline's job program needs Python 3.9 or newer there: --option python=PATH names it",
                do=[
                    self._typed("'ls /usr/bin/python3* /opt/*/bin/python3'"),
                    f"leadline executor show {self.name}",
                ],
            )
        said = one.said.strip().rpartition("\n")[2][-300:] or f"exit code {one.exit_code}"
        if one.runs:
            raise _Away("no-answer", said, False)
        raise environment(
            "job-program-broken",
            f"Leadline's job program does not run on {self.host}: {said}",
            why=f"{python} there has to be Python 3.9 or newer; nothing was started",
            do=[self._typed(f"{python} --version"), self._typed("df -h")],
        )

    def _install(self, package: bytes, digest: str) -> None:
        """Our program, whole or not at all."""
        new = f"{digest}.$$"
        there = (
            f'R={self._root}/job; mkdir -p "$R" && cd "$R" && rm -rf {new} && mkdir {new} && tar -xf - -C {new} '
            f"&& {{ test -d {digest} || mv {new} {digest}; }}; S=$?; rm -rf {new}; exit $S"
        )
        done = self._ssh(there, package)
        if done.returncode:
            raise environment(
                "not-installed-there",
                f"Leadline's job program could not be put on {self.host}",
                why=done.stderr.decode(errors="replace").strip()[-300:],
                do=self._typed("df -h"),
            )

    def _ssh(self, there: str, words: bytes) -> subprocess.CompletedProcess[bytes]:
        """Raises _Away where ssh itself did not come through."""
        done = subprocess.run(
            self._argv(there), input=words, capture_output=True, start_new_session=True
        )
        if done.returncode == NOT_REACHED:
            raise _not_reached(done.stderr.decode(errors="replace"))
        return done

    def _argv(self, there: str) -> list[str]:
        """What runs the shell's words ``there``."""
        ssh = program("ssh")
        if not ssh:
            raise environment("no-ssh", "there is no ssh program here", do="leadline doctor")
        options = {
            "BatchMode": "yes",
            "ControlMaster": "auto",
            # Another declaration may have other keys: its connection is its own.
            "ControlPath": f"{_sockets()}/{self._way}-%C",
            "ControlPersist": STANDS_S,
            "ServerAliveInterval": 5,
            "ServerAliveCountMax": 3,
            "ConnectTimeout": 10,
        }
        config = self.setup.options.get("config")
        argv = [ssh, *(["-F", config] if config else []), "-T"]
        argv += [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        return [*argv, "--", self.host, f"exec sh -c {shlex.quote(there)}"]

    def _away(self, away: _Away, why: str = GOES_ON) -> LeadlineError:
        code, means, _, *mends = away.args
        return remote(
            code,
            f"{self.name} ({self.host}) cannot be reached: {means}",
            why=why,
            do=[self._typed("true"), *mends],
        )

    def _typed(self, there: str) -> str:
        """What a user types to run ``there`` by the same way."""
        config = self.setup.options.get("config")
        given = f"-F {shlex.quote(config)} " if config else ""
        return f"ssh {given}{shlex.quote(self.host)} {there}"


def _not_reached(said: str) -> _Away:
    """What ssh means by what it said when it did not come through."""
    for words, code, means in _MET:
        if words in said:  # of another host key ssh names the command that forgets the first
            return _Away(code, means, True, *map(str.strip, _FORGETS.findall(said)))
    last = said.strip().rpartition("\n")[2] or "the connection broke"
    return _Away("host-away", last, bool(_NOT_CONNECTED.search(said)))


def _name(attempt_dir: str) -> str:
    """The attempt's folder over there. One that another machine started is where its handle says."""
    known = os.path.basename(str(_handle(attempt_dir).get("folder") or ""))
    return known if _NAME.fullmatch(known) else job_name(attempt_dir)


def _handle(attempt_dir: str) -> dict[str, Any]:
    return _json(os.path.join(attempt_dir, "handle.json")) or {}


def _json(path: str) -> dict[str, Any] | None:
    try:
        with open(open_to_read(path), encoding="utf-8") as file:
            read = json.load(file)
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


def _known(folder: str) -> dict[str, list[int]]:
    """Size and time of what is here already."""
    found = {}
    for where, _, files in os.walk(folder):
        for file in files:
            path = os.path.join(where, file)
            shown = os.path.relpath(path, folder)
            about = os.lstat(path)
            if (
                shown not in _NOT_SENT
                and stat.S_ISREG(about.st_mode)
                and not file.endswith(".part")
            ):
                found[shown] = [about.st_size, about.st_mtime_ns]
    return found


def _frames(rest: bytes) -> Iterator[tuple[str, str, int, int, int, bytes]]:
    """Attempt, path, offset, whole size, time and bytes of each piece that came whole. Raises _Away
    where the exchange broke off: what came before is kept, and the rest is asked for again."""
    at = 0
    while True:
        end = rest.find(b"\n", at)
        try:
            head = json.loads(rest[at:end]) if end >= 0 else {}
        except ValueError:
            head = {}
        if head.get("end"):
            return
        piece = rest[end + 1 : end + 1 + int(head.get("size", 0))]
        if not head or hashlib.sha256(piece).hexdigest() != head["sha256"]:
            raise _Away("broke-off", "the answer did not come whole", False)
        at = end + 1 + len(piece)
        yield (
            head["attempt"],
            head["path"],
            head["offset"],
            head["whole"],
            head["mtime_ns"],
            piece,
        )


def _put(folder: str, path: str, offset: int, whole: int, mtime_ns: int, piece: bytes) -> None:
    """Into our folder, wherever the other side says it is; never outside it, nor through a link."""
    parts = path.split("/")
    if os.path.isabs(path) or ".." in parts or path in _NOT_SENT:
        return
    target = os.path.join(folder, *parts)
    make_folders(os.path.dirname(target))
    grows = parts[0] in ("series", "ranks") or (
        len(parts) == 1 and path.endswith((".log", ".jsonl", ".err"))
    )
    into = target if grows else f"{target}.part"
    flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(into, flags | (0 if grows or offset else os.O_TRUNC), 0o644)
    try:
        os.pwrite(fd, piece, offset)
        if offset + len(piece) < whole:
            return
        if not grows:
            os.fsync(fd)
        os.utime(fd, ns=(mtime_ns, mtime_ns))
    finally:
        os.close(fd)
    if not grows:
        os.rename(into, target)


def _sockets() -> str:
    """A short path that is ours alone: a socket's name has a hundred letters at most."""
    folder = f"/tmp/leadline-{os.getuid()}"
    try:
        os.mkdir(folder, 0o700)
    except FileExistsError:
        pass
    about = os.lstat(folder)
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise environment(
            "folder-not-ours",
            f"{folder} is not a folder of this user alone",
            why="who may write there could take the connection over",
            do=f"ls -ld {folder}",
        )
    return folder


_made_package: tuple[bytes, str] | None = None


def _package() -> tuple[bytes, str]:
    """Our program as a tar file, and the digest of what it holds."""
    global _made_package
    if _made_package is None:
        files = {"leadline/__init__.py": os.path.join(_PACKAGE, "__init__.py")}
        job = os.path.join(_PACKAGE, "job")
        names = sorted(name for name in os.listdir(job) if name.endswith(".py"))
        files |= {f"leadline/job/{name}": os.path.join(job, name) for name in names}
        # No folder for bytecode: what a full disk cuts off of it would be read ever after.
        files |= {f"leadline/{where}__pycache__": os.devnull for where in ("", "job/")}
        held, hasher = io.BytesIO(), hashlib.sha256()
        with tarfile.open(fileobj=held, mode="w") as tar:
            for name, path in files.items():
                with open(path, "rb") as file:
                    content = file.read()
                hasher.update(f"{name}\0{len(content)}\0".encode() + content)
                member = tarfile.TarInfo(name)
                member.size, member.mode = len(content), 0o644
                tar.addfile(member, io.BytesIO(content))
        _made_package = held.getvalue(), hasher.hexdigest()[:16]
    return _made_package
