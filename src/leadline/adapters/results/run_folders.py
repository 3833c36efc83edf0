"""Folders of runs as rows of a table: what Hydra, Sacred and others leave, a folder a run.

A folder that holds results is a run; its config is what it holds itself and what the folders above it
say. One that has a config and no results failed, or never ended. Files of benchmark programs among them
are their cases.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import chain

from leadline.adapters.extractors import benchmarks
from leadline.adapters.extractors.readable import (
    MAX_WHOLE_BYTES,
    Rows,
    Unreadable,
    adopting,
    errors_of,
)
from leadline.core.canonical import digest_bytes, digest_of
from leadline.core.extract.lines import held_or_text
from leadline.core.extract.table import Row, object_rows
from leadline.core.patterns import later
from leadline.core.typed import Any

Parse = Callable[[str, str], object]
UNFINISHED = {"state": "failed", "reason": "no file of results: it failed or never ended"}
_COMMAND = ""  # stands for it among what folders give to those below
_CONFIG = later(
    r"(?i)(?:config|params|args|arguments|hparams|hyperparameters|settings|opt)\.(?:ya?ml|json)"
)
_RESULTS = later(
    r"(?i)(?:(?:\w+_)?(?:metrics|results?|scores)|final_info|(?:\w+[_-])?summary)\.(?:json|ya?ml)"
)
_TITLE = later(r"(?mi)^#+\s*(run \w+):[ \t]*(\S.*)$")


def rows_of_folders(root: str, shown: str, parse: Parse) -> Rows:
    """A row for each run below ``root``, by the path of its folder. Raises Unreadable where there is
    none, OSError."""
    files = _Files(root, parse)
    rows = [*files.runs()]
    cases = [*files.cases()]
    if not rows and not cases:
        unread = "".join(f"; {where}: {what}" for where, what in files.notes[:1])
        logs = (
            os.path.join(shown, os.path.relpath(folder, root), name)
            for folder, names in _visible(root)
            for name in names
            if name.endswith(".md")
        )
        log = next(logs, "")
        raise Unreadable(
            "no-event-files",
            f"{shown} holds no run: no event file, no folder with results (metrics.json, results.json, "
            "final_info.json, run.json of Sacred), no file of a benchmark program" + unread,
            instead=adopting(os.path.normpath(log)) if log else "",
        )
    numbered = enumerate(rows, 1)
    table = chain(object_rows(numbered, whole=True), cases)
    return Rows([], table, lambda: digest_of(files.digests), "folder", files.notes)


def _visible(root: str) -> Iterator[tuple[str, list[str]]]:
    """Folders and the names of their files, in order; nothing below a hidden folder."""
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        yield folder, sorted(names)


def _above(where: str) -> Iterator[str]:
    """The folders around one, "." last."""
    while where != ".":
        where = os.path.dirname(where) or "."
        yield where


def _of_a_benchmark(path: str, shown: str) -> Rows | None:
    try:
        return benchmarks.as_rows(path, shown) if os.path.isfile(path) else None
    except OSError:
        return None


def _joined(results: Mapping[str, Any]) -> dict[str, Any]:
    """What the files of a folder say. A name that two of them give to different values stands behind
    the name of each."""
    files = {file: said for file, said in results.items() if isinstance(said, Mapping)}
    values: dict[str, list[Any]] = {}
    for said in files.values():
        for name, value in said.items():
            values.setdefault(str(name), []).append(value)
    apart = {name for name, all_ in values.items() if any(one != all_[0] for one in all_)}
    return {
        f"{file}.{name}" if str(name) in apart else str(name): value
        for file, said in files.items()
        for name, value in said.items()
    }


class _Files:
    """The files below a folder, each parsed once; ``notes``: those that could not be read."""

    def __init__(self, root: str, parse: Parse) -> None:
        self.root, self.parse = root, parse
        self.notes: list[tuple[str, str]] = []
        self.digests: dict[str, str] = {}
        self.benchmarks: dict[str, Rows] = {}

    def runs(self) -> Iterator[dict[str, Any]]:
        # by folder, with that of the folders above: its config, and its command under ""
        given: dict[str, dict[str, Any]] = {}
        open_: dict[str, dict[str, Any]] = {}  # with a config and no results yet
        found: dict[str, dict[str, Any]] = {}
        for folder, names in _visible(self.root):
            where = os.path.relpath(folder, self.root)
            config = dict(given.get(os.path.dirname(where) if where != "." else "", {}))
            run = self._run(folder, names, config)
            given["" if where == "." else where] = config
            if run is None:
                continue
            if "metrics" in run or "state" in run:
                found[where] = {"state": "done", **run}
            else:
                open_[where] = run
        above = {folder for where in found for folder in _above(where)}
        for where, run in reversed(open_.items()):  # the inner before that around it
            if where not in above:
                found[where] = {**run, **UNFINISHED}
                above.update(_above(where))
        for where in sorted(found):
            yield {"folder": where, **found[where]}

    def _run(self, folder: str, names: list[str], config: dict[str, Any]) -> dict[str, Any] | None:
        """What a folder says of a run: ``config`` gets what it sets; None where it says nothing."""
        own, metrics, told = False, dict[str, Any](), dict[str, Any]()
        results: dict[str, Any] = {}  # by the name of their file
        hydra = os.path.join(folder, ".hydra", "config.yaml")
        if os.path.isfile(hydra):
            own = bool(self._into(config, hydra)) or own
        sacred = "run.json" in names and "config.json" in names
        for name in names:
            path = os.path.join(folder, name)
            if sacred and name in ("run.json", "metrics.json"):
                (self._of_sacred if name == "run.json" else self._series)(path, told, metrics)
            elif name == "dvc.yaml":
                config.update(self._command(path))
            elif _CONFIG.fullmatch(name):
                own = bool(self._into(config, path)) or own
            elif name.endswith(".json") and (cases := _of_a_benchmark(path, name)):
                self.benchmarks[path] = cases
            elif _RESULTS.fullmatch(name):
                stem = os.path.splitext(name)[0]
                results[name if stem in results else stem] = said = self._value(path)
                if said is not None and not (said and isinstance(said, Mapping)):
                    self.notes.append(
                        (os.path.relpath(path, self.root), "no values by their names")
                    )
        metrics.update(_joined(results))
        title = self._title(folder)
        told |= {"title": title} if title else {}
        if not (metrics or own or "state" in told):
            return None
        if results and not metrics and "state" not in told:  # it has results that were not read
            return None
        command = {"command": config[_COMMAND]} if _COMMAND in config else {}
        settings = {name: value for name, value in config.items() if name != _COMMAND}
        parts = {"config": settings, "metrics": metrics}
        return {**told, **command, **{name: values for name, values in parts.items() if values}}

    def _value(self, path: str) -> Any:
        """What a file says, None for what cannot be read, which is noted."""
        where = os.path.relpath(path, self.root)
        try:
            if os.path.islink(path) or os.path.getsize(path) > MAX_WHOLE_BYTES:
                self.notes.append((where, "a link or too large, and not read"))
                return None
            with open(path, "rb") as file:
                data = file.read()
            text = data.decode("utf-8-sig", errors_of(whole=True))
            self.digests[where] = digest_bytes(data)
            if path.endswith(".json"):
                return json.loads(text, parse_float=held_or_text)
            return self.parse(text, path)
        except Exception as error:  # the parser's own
            self.notes.append((where, f"it cannot be read: {str(error)[:200]}"))
            return None

    def _into(self, values: dict[str, Any], path: str) -> object:
        said = self._value(path)
        if isinstance(said, Mapping):
            values.update(said)
        return said

    def _of_sacred(self, path: str, told: dict[str, Any], metrics: dict[str, Any]) -> None:
        said = self._value(path)
        if not isinstance(said, Mapping):
            return
        told["state"] = str(said.get("status") or "")
        if trace := said.get("fail_trace"):
            told["reason"] = str(trace[-1] if isinstance(trace, list) else trace).strip()
        if isinstance(said.get("start_time"), str):
            told["time"] = said["start_time"]
        if said.get("result") is not None:
            metrics["result"] = said["result"]

    def _series(self, path: str, told: dict[str, Any], metrics: dict[str, Any]) -> None:
        """The last value of each metric that Sacred kept."""
        said = self._value(path)
        for name, series in said.items() if isinstance(said, Mapping) else ():
            values = series.get("values") if isinstance(series, Mapping) else None
            if isinstance(values, list) and values:
                metrics[str(name)] = values[-1]

    def _command(self, path: str) -> dict[str, str]:
        """The command of the only stage of DVC."""
        said = self._value(path)
        stages = said.get("stages") if isinstance(said, Mapping) else None
        commands = [
            stage["cmd"]
            for stage in (stages.values() if isinstance(stages, Mapping) else ())
            if isinstance(stage, Mapping) and isinstance(stage.get("cmd"), str)
        ]
        return {_COMMAND: commands[0]} if len(commands) == 1 else {}

    def _title(self, folder: str) -> str:
        """What the notes beside the folders of runs call this one: ``## Run 1: two groups``."""
        notes, name = os.path.join(os.path.dirname(folder), "notes.txt"), os.path.basename(folder)
        if not re.fullmatch(r"(?i)run_\w+", name) or not os.path.isfile(notes):
            return ""
        with open(notes, encoding="utf-8", errors="replace") as file:
            titles = dict(_TITLE.findall(file.read(MAX_WHOLE_BYTES)))
        named = {key.lower().replace(" ", "_"): title.strip() for key, title in titles.items()}
        return str(named.get(name.lower(), ""))

    def cases(self) -> Iterator[Row]:
        """The cases of the files of benchmark programs."""
        for path, table in sorted(self.benchmarks.items()):
            where = os.path.relpath(path, self.root)
            for number, cells, trouble in table.rows:
                yield number, {"file": where, **(cells or {})}, trouble
            self.digests[where] = table.digest()
