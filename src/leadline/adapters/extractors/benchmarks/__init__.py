"""Readers of the files that known benchmark tools write: the common part, and one small module a
tool.

A tool's module turns its parsed JSON into cases (a name and its numbers, times in seconds); finding
the file, refusing what is absent, old, torn or another tool's, names, selection and the checks are
the same for all and stand here.
"""

from __future__ import annotations

import importlib
import json
import os
import re
from collections.abc import Iterator, Mapping

from leadline.adapters.extractors.tables import MAX_JSON_BYTES, Unreadable, check_usable
from leadline.core.canonical import digest_bytes
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.spec import BENCHMARKS, ExtractionSpec
from leadline.core.plain import plain
from leadline.core.record.run import MetricDef
from leadline.core.typed import Any, NamedTuple, Protocol
from leadline.ports.extractor import RunFiles

TOOLS = BENCHMARKS[1:]


class Case(NamedTuple):
    """One benchmark of a file: its name, its numbers by metric name, and why there are none (""
    when there are). ``blocking``: the trouble makes the whole file worthless."""

    name: str
    numbers: Mapping[str, float | None]
    trouble: str = ""
    blocking: bool = False


class Tool(Protocol):
    """What a tool's module has."""

    def recognises(self, value: Any) -> bool:
        """Whether this parsed JSON is of the tool, by what only its files have."""

    def cases(self, value: Any, path: str) -> Iterator[Case]:
        """Every case in the order of the file. Raises KeyError, TypeError, ValueError where the
        shape is another."""


class BenchmarkReader:
    """Reads the files of one tool, or of whichever tool wrote them (``tool`` None)."""

    def __init__(self, tool: str | None) -> None:
        self.tool = tool
        self.name = tool or "benchmark"

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        gatherer = Gatherer(spec, definitions, "case")
        digests: list[str] = []
        found: dict[str, float] = {}
        try:
            for path, shown in list(self._paths(spec.path, files)):
                value, digest = _parsed(path, shown)
                digests.append(digest)
                self._gather(value, path, shown, gatherer, found)
        except Unreadable as unreadable:
            gatherer.problems.add(unreadable.code, unreadable.what, blocking=True)
        if spec.items:
            _as_items(spec, found, gatherer)
        else:
            for name, number in _selected(spec, found, gatherer).items():
                gatherer.add(name, number)
        whole = digests[0] if digests else None
        if len(digests) > 1:
            whole = digest_bytes("".join(digests).encode())
        return gatherer.finish(whole)

    def _paths(self, shown: str, files: RunFiles) -> Iterator[tuple[str, str]]:
        """The files meant: the one named, or in a folder all those of this run that the tool's
        module picks."""
        path = os.path.join(files.cwd, shown)
        if not os.path.isdir(path):
            check_usable(path, shown)
            yield path, shown
            return
        pick = getattr(_module(self.tool), "pick", None) if self.tool else None
        names = sorted(pick(path)) if pick else []
        # Such folders keep those of earlier runs.
        fresh = [name for name in files.of_run(shown, names) if _usable(os.path.join(path, name))]
        if not fresh:
            old = f"; this run wrote none of the {len(names)} there" if names else ""
            raise Unreadable(
                "no-such-file", f"{shown} is a folder without a new result of {self.name}{old}"
            )
        for name in fresh:
            yield os.path.join(path, name), os.path.join(shown, name)

    def _gather(
        self, value: Any, path: str, shown: str, gatherer: Gatherer, found: dict[str, float]
    ) -> None:
        tool = self.tool or next((name for name in TOOLS if _module(name).recognises(value)), None)
        if tool is None:
            raise Unreadable("unknown-benchmark", f"{shown} is of none of {', '.join(TOOLS)}")
        if not _module(tool).recognises(value):
            other = next((name for name in TOOLS if _module(name).recognises(value)), None)
            by = f"it was written by {other}" if other else "it has another shape"
            raise Unreadable(f"not-{tool}", f"{shown} is no result of {tool}: {by}")
        try:
            for case in _module(tool).cases(value, path):
                _take(case, gatherer, found)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Unreadable(
                f"not-{tool}", f"{shown} is no whole result of {tool}: {_words(error)}"
            ) from None
        if not gatherer.rows:
            raise Unreadable(
                "no-benchmarks", f"{shown} holds no benchmark: did the tool's filter leave any?"
            )


def reader(tool: str) -> BenchmarkReader:
    """The reader called ``tool``; ``benchmark`` finds out whose file it is."""
    return BenchmarkReader(None if tool == "benchmark" else tool)


def _usable(path: str) -> bool:
    try:
        check_usable(path, path)
    except Unreadable:
        return False
    return True


def _module(tool: str) -> Any:
    return importlib.import_module(f"{__name__}.{tool.replace('-', '_')}")


def _words(error: Exception) -> str:
    return f"{error} is missing" if isinstance(error, KeyError) else str(error)[:200]


def _parsed(path: str, shown: str) -> tuple[Any, str]:
    if os.path.getsize(path) > MAX_JSON_BYTES:
        raise Unreadable("too-large", f"{shown} is over {MAX_JSON_BYTES // 2**20} MiB")
    with open(path, "rb") as file:
        data = file.read()
    try:
        return json.loads(data.decode("utf-8-sig", "replace")), digest_bytes(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not-json", f"{shown} is not JSON: {error}") from None


def metric_name(text: str) -> str:
    """A name that can stand in a predicate and on a command line: no spaces, no control characters."""
    return re.sub(r"\s+", "_", plain(text).strip())[:200]


def _take(case: Case, gatherer: Gatherer, found: dict[str, float]) -> None:
    gatherer.rows += 1
    row = gatherer.rows
    if case.trouble:
        what = f"{metric_name(case.name)}: {plain(case.trouble)[:200]}"
        gatherer.problems.add("no-result", what, row, blocking=case.blocking, about=case.name)
        return
    gatherer.taken += 1
    for metric, number in case.numbers.items():
        name = metric_name(f"{case.name}.{metric}" if case.name else metric)
        if name in found:
            gatherer.problems.add("duplicate-key", f"{name} stands there twice", row, blocking=True)
        elif number is not None:
            found[name] = float(number)


def _as_items(spec: ExtractionSpec, found: dict[str, float], gatherer: Gatherer) -> None:
    """Each number asked for over all cases that have it, the case being the item."""
    for metric, wanted in spec.mapping.items():
        cases = {
            name.removesuffix(f".{wanted}"): n
            for name, n in found.items()
            if name.endswith(f".{wanted}")
        }
        if not cases and found:
            there = ", ".join(dict.fromkeys(name.rpartition(".")[2] for name in list(found)[:50]))
            gatherer.problems.add(
                "missing-column", f"no case has {wanted}: {there}", blocking=True, about=wanted
            )
        for case, number in cases.items():
            gatherer.add(metric, number)
            gatherer.add_item(metric, case, number)


def _selected(
    spec: ExtractionSpec, found: dict[str, float], gatherer: Gatherer
) -> dict[str, float]:
    """The metrics asked for, or all of them. Of a file with one case, the bare metric name is
    enough."""
    if not spec.mapping:
        return found
    bare: dict[str, list[str]] = {}
    for name in found:
        bare.setdefault(name.rpartition(".")[2], []).append(name)
    taken = {}
    for metric, wanted in spec.mapping.items():
        names = [wanted] if wanted in found else bare.get(wanted, [])
        if len(names) == 1:
            taken[metric] = found[names[0]]
        elif found:
            there = ", ".join((names or list(found))[:8])
            what = f"{wanted} names {len(names)} of them" if names else f"there is no {wanted}"
            gatherer.problems.add("missing-column", f"{what}: {there}", blocking=True, about=wanted)
    return taken
