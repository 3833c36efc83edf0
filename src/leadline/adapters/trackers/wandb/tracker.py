"""Weights & Biases. A run is read from the ``.wandb`` file that the job's own wandb writes, online
and offline, so that what Leadline knows of it needs neither the network nor the wandb package; only
sending needs both."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping

from leadline.adapters.trackers.kinds import WANDB
from leadline.adapters.trackers.wandb.log_file import WandbLog, is_run_file, read_log
from leadline.adapters.trackers.wandb.rows import add_row, note_words, summary_of
from leadline.adapters.trackers.wandb.server import (
    CLOUD,
    WandbServer,
    base_url,
    entity_of,
    key_of,
    site_url,
)
from leadline.core.errors import LeadlineError, conflict, environment, not_found, remote
from leadline.core.extract.lines import number_of
from leadline.core.timestamps import rfc3339
from leadline.core.tracker.reading import (
    MARK,
    Reading,
    RunFacts,
    TrackerRun,
    must_be_readable,
    rows_of,
)
from leadline.core.typed import TYPE_CHECKING
from leadline.ports.tracker import Push

if TYPE_CHECKING:
    from leadline.core.tracker.rows import Reach

TAG_CHARS = 64
ASK_S = 5.0
# how long a live job waits at its end for a server that is gone; what it wrote is sent later
FINISH_S = 60
RUN_FOLDER = re.compile(r"(offline-)?run-\d{8}_\d{6}-.+")
VIEW_RUN = re.compile(r"View run .* at (https?://\S+)")


class WandbTracker:
    """``environ``: the user's variables; ``folder``: the top of the work tree."""

    name = WANDB.name
    kind = WANDB

    def __init__(self, environ: Mapping[str, str], folder: str) -> None:
        self.environ, self.folder = environ, folder

    def environment(self, facts: RunFacts) -> dict[str, str]:
        out = {
            "WANDB_PROJECT": facts.project,
            "WANDB_NAME": facts.name,
            "WANDB_RUN_GROUP": facts.experiment,
            "WANDB_TAGS": ",".join(tag.replace(",", " ")[:TAG_CHARS] for tag in facts.tags),
            "WANDB_NOTES": facts.title,
            "WANDB_JOB_TYPE": "run",
            "WANDB_DIR": facts.folder,
            "WANDB_MODE": "online" if facts.live else "offline",
        }
        if facts.live:
            out["WANDB_FINISH_TIMEOUT"] = str(FINISH_S)
        if facts.hide_command:
            out["WANDB_X_DISABLE_META"] = "true"
        if facts.live and facts.at:
            out["WANDB_BASE_URL"] = facts.at
        for chosen in (
            "WANDB_MODE",
            "WANDB_DIR",
            "WANDB_JOB_TYPE",
            "WANDB_BASE_URL",
            "WANDB_FINISH_TIMEOUT",
        ):
            if self.environ.get(chosen):
                out.pop(chosen, None)
        return out

    def find(self, facts: RunFacts) -> list[TrackerRun]:
        own = os.path.realpath(facts.folder)
        found = []
        for folder in dict.fromkeys(
            (facts.folder, self.environ.get("WANDB_DIR") or "", self.folder)
        ):
            if not folder:
                continue
            for path in run_files(folder):
                inside = os.path.realpath(path).startswith(own + os.sep)
                if not inside and os.path.getmtime(path) < facts.since_s:
                    continue
                run = self._run(path, read_log(path))
                if inside or run.uid == facts.uid:
                    run.uid = facts.uid
                    found.append(run)
        for run in found if facts.live else []:
            self._ask_where(run, facts)
        return _oldest_first({run.path: run for run in found}.values())

    def _ask_where(self, run: TrackerRun, facts: RunFacts) -> None:
        """The page of a run that talked to the server, and whether the server has seen its end: a
        job whose server went away has all of it in its file, and nobody else has."""
        if _is_offline(run.path) or not self._key(facts.at):
            return
        try:
            there = WandbServer(self.environ, facts.at, time.monotonic() + ASK_S).run(
                run.project, run.id
            )
        except LeadlineError as error:
            run.behind = error.what
            return
        run.url = there.url if there else run.url
        if there is None or (run.state != "running" and there.state not in ("finished", "failed")):
            run.behind = f"W&B says {there.state}" if there else "W&B has no such run"

    def read(self, run: TrackerRun, last_only: bool = False) -> Reading:
        must_be_readable(run)
        path = run.path
        if not path and run.url:
            return WandbServer(self.environ, self._at_of(run.url), entity=entity_of(run.url)).read(
                run, last_only
            )
        if not path or not os.path.isfile(path):
            raise not_found(
                "tracker-run-gone",
                f"the W&B run {run.id} has no file here",
                why=f"looked for {path or 'a local copy'}",
                do="leadline tracker status",
            )
        reading = Reading(run)
        log = read_log(path, lambda values: add_row(reading, values))
        reading.run = self._run(path, log)
        reading.run.uid, reading.run.url = run.uid or reading.run.uid, run.url or reading.run.url
        reading.run.behind = run.behind
        reading.config = {k: v for k, v in log.config.items() if k != "_wandb"}
        reading.summary = summary_of(log.summary)
        note_words(reading, log.summary)
        reading.provisional = log.exit_code is None
        if log.problem:
            reading.problems.append(
                {"code": "torn-tracker-file", "what": f"{os.path.basename(path)}: {log.problem}"}
            )
        return reading

    def listed(self, project: str, at: str, here_only: bool = False) -> list[TrackerRun]:
        """Of the server when there is a key; and what lies in this work tree's ``wandb`` folder.
        ``TEAM/PROJECT`` is a project of another than ``WANDB_ENTITY``."""
        here = self.stored(self.environ.get("WANDB_DIR") or self.folder)
        found = {run.id: run for run in here if run.project == project}
        if not here_only and self._key(at):
            for run in WandbServer(self.environ, at).runs(project):
                if run.id in found:
                    found[run.id].url, found[run.id].state = run.url, run.state
                else:
                    found[run.id] = run
        return sorted(found.values(), key=lambda run: (run.started_at, run.id))

    def stored(self, path: str) -> list[TrackerRun]:
        if os.path.isfile(path):
            named = os.path.basename(path).startswith("run-") and path.endswith(".wandb")
            return [self._stored(path)] if named or is_run_file(path) else []
        # What a job was told as its folder, the folder ``wandb`` in it, or that of one run.
        tops = [os.path.join(path, name) for name in ("wandb", ".wandb")]
        places = (
            [place for top in tops for place in _run_folders(top)] or _run_folders(path) or [path]
        )
        found = []
        for place in places:
            files = _in_run_folder(place)
            found += [self._stored(file) for file in files]
            if not files and RUN_FOLDER.fullmatch(os.path.basename(os.path.abspath(place))):
                problem = "its folder has no .wandb file, which held its config and its points"
                found.append(
                    TrackerRun(
                        "wandb",
                        os.path.basename(os.path.abspath(place)),
                        path=place,
                        problem=problem,
                    )
                )
        return _oldest_first(found)

    def _stored(self, path: str) -> TrackerRun:
        """The run of a file, with its problem when nothing of it can be read."""
        try:
            log = read_log(path)
        except OSError as error:
            log = WandbLog(problem=f"it cannot be read: {error.strerror}")
        run = self._run(path, log)
        run.problem = (
            "" if log.records else f"{os.path.basename(path)}: {log.problem or 'it holds nothing'}"
        )
        return run

    def check(self, at: str) -> Reach:
        from leadline.adapters.trackers.programs import interpreter_with

        where = base_url(self.environ, at)
        missing = [] if interpreter_with("wandb", self.environ) else ["wandb"]
        answer: Reach = {
            "reachable": None,
            "where": where,
            "version": "",
            "missing": missing,
            "why": "",
        }
        if not self._key(at):
            answer["why"] = "no key: export WANDB_API_KEY, or wandb login"
            return answer
        try:
            WandbServer(self.environ, at, time.monotonic() + 3.0).entity()
            answer["reachable"] = True
        except LeadlineError as error:
            answer["reachable"], answer["why"] = False, error.what
        return answer

    def push(self, push: Push, limit_s: float) -> TrackerRun:
        from leadline.adapters.trackers.programs import run_program

        deadline = time.monotonic() + limit_s
        environ = {**self.environ, "WANDB_BASE_URL": base_url(self.environ, push.facts.at)}
        environ.pop("WANDB_MODE", None)
        path = push.path or self._make(push, environ, limit_s)
        self._takes_files(push, path)
        if not self._key(push.facts.at):
            raise environment(
                "no-tracker-key",
                "there is no key for W&B in the environment",
                why=f"the run is kept in {path} and is sent when there is one",
                do=["export WANDB_API_KEY=…", "leadline tracker sync"],
            )
        folder = os.path.dirname(path)
        left = max(1.0, deadline - time.monotonic())
        told = run_program(
            "wandb",
            [
                "-m",
                "wandb",
                "sync",
                "--yes",
                "--include-online",
                "--project",
                push.facts.project,
                folder,
            ],
            None,
            environ,
            left,
            folder,
        )
        run = self._run(path, read_log(path))
        if not os.path.exists(path + ".synced"):
            raise remote(
                "tracker-failed",
                f"W&B did not take {run.id}",
                why=str(told.get("output", "")).strip()[-300:],
                do="leadline tracker sync",
            )
        if seen := VIEW_RUN.search(str(told.get("output", ""))):
            run.url = seen.group(1)
        run.uid = push.facts.uid
        return run

    def _takes_files(self, push: Push, path: str) -> None:
        """W&B takes the files of a run with the run: into one that a job wrote, or that was sent,
        none can be put."""
        if push.artifacts and (push.path or os.path.exists(path + ".synced")):
            whose = "the job's own wandb made the run" if push.path else "the run was sent already"
            raise conflict(
                "artifact-too-late",
                f"W&B takes no files for {push.facts.name} any more: {whose}",
                why="log them in the job with run.log_artifact, or name them the first time the run is sent",
                do=f"leadline tracker push {push.facts.id}",
            )

    def _make(self, push: Push, environ: dict[str, str], limit_s: float) -> str:
        """An offline run of ours for a job that does not use wandb, made once."""
        from leadline.adapters.trackers.programs import run_program

        facts = push.facts
        folder = os.path.join(facts.folder, "sent")
        own = f"run-{facts.uid.lower()}.wandb"
        there = [path for path in run_files(folder) if os.path.basename(path) == own]
        whole = [path for path in there if read_log(path).exit_code is not None]
        sent = [path for path in there if os.path.exists(path + ".synced")]
        # one without the files that was never sent is made again
        if whole and (sent or not push.artifacts):
            return (sent or whole)[-1]
        os.makedirs(folder, exist_ok=True)
        logged = push.reading.config if push.reading else {}
        given = {
            "id": facts.uid.lower(),
            "project": facts.project,
            "name": facts.name,
            "group": facts.experiment,
            "tags": [tag[:TAG_CHARS] for tag in facts.tags],
            "notes": facts.title,
            "config": {**logged, **facts.config},
            "folder": folder,
            "rows": rows_of(push.reading),
            "summary": {name: repr(value) for name, value in push.metrics.items()},
            "artifacts": push.artifacts,
            "exit_code": 0 if push.state == "done" else 1,
        }
        quiet = {
            k: v
            for k, v in environ.items()
            if k not in ("WANDB_API_KEY", "WANDB_RUN_ID", "WANDB_DIR")
        }
        program = os.path.join(
            os.path.dirname(os.path.dirname(__file__)), "outside", "wandb_make.py"
        )
        run_program("wandb", [program], given, quiet, limit_s, folder)
        return run_files(folder)[-1]

    def _key(self, at: str) -> str:
        return key_of(self.environ, base_url(self.environ, at))

    def _at_of(self, url: str) -> str:
        """The address of the server that a run's page is on."""
        base = base_url(self.environ, "")
        scheme, _, rest = url.partition("://")
        page = f"{scheme}://{rest.partition('/')[0]}"
        return next((known for known in (base, CLOUD) if page == site_url(known)), page)

    def _run(self, path: str, log: WandbLog) -> TrackerRun:
        about = log.about
        run_id = str(about.get("run_id") or os.path.basename(path)[4:-6])
        state = {None: "running", 0: "finished"}.get(log.exit_code, "failed")
        marks = [tag[len(MARK) :] for tag in log.tags if tag.startswith(MARK)]
        started_at = rfc3339(int(log.started_s * 1000)) if log.started_s else ""
        run = TrackerRun(
            "wandb",
            run_id,
            name=str(about.get("name", "")),
            project=str(about.get("project", "")),
            uid=next(iter(marks), ""),
            state=state,
            path=path,
            started_at=started_at,
            wall_s=log.runtime_s or number_of(log.summary.get("_runtime")) or None,
        )
        if about.get("entity") and not _is_offline(path):
            site = site_url(base_url(self.environ, ""))
            run.url = f"{site}/{about['entity']}/{run.project}/runs/{run_id}"
        return run


def _is_offline(path: str) -> bool:
    return os.path.basename(os.path.dirname(path)).startswith("offline-run-")


def _oldest_first(runs: Iterable[TrackerRun]) -> list[TrackerRun]:
    """Names of folders tell seconds, and two runs may begin in one."""
    return sorted(runs, key=lambda run: (run.started_at, run.path))


def run_files(folder: str) -> list[str]:
    """Every ``run-ID.wandb`` that a job with ``WANDB_DIR=folder`` left, oldest first."""
    return [path for name in ("wandb", ".wandb") for path in _below(os.path.join(folder, name))]


def _below(top: str) -> list[str]:
    return [path for folder in _run_folders(top) for path in _in_run_folder(folder)]


def _run_folders(top: str) -> list[str]:
    try:
        names = sorted(os.listdir(top))
    except OSError:
        return []
    inner = [os.path.join(top, name) for name in names if name.startswith(("run-", "offline-run-"))]
    return [folder for folder in inner if os.path.isdir(folder) and not os.path.islink(folder)]


def _in_run_folder(folder: str) -> list[str]:
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    return [
        os.path.join(folder, name)
        for name in names
        if name.startswith("run-") and name.endswith(".wandb")
    ]
