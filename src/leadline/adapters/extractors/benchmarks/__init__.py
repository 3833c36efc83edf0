"""Readers of the files that known benchmark tools write: the common part, and one small module a
tool.

A tool's module turns what a file holds into cases (a name and its numbers, times in seconds);
finding the file, refusing what is absent, old, torn or another tool's, names, selection and the
checks are the same for all and stand here.
"""

from __future__ import annotations

import csv
import importlib
import json
import os
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from leadline.adapters.extractors.readable import MAX_WHOLE_BYTES, Rows, Unreadable, check_usable
from leadline.core.canonical import digest_bytes
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.spec import BENCHMARKS, OUTPUT, ExtractionSpec
from leadline.core.plain import plain, without_escapes
from leadline.core.record.run import MetricDef
from leadline.core.typed import Any, NamedTuple, Protocol
from leadline.ports.extractor import RunFiles

TOOLS = BENCHMARKS[1:]
_NAME_CHARS = 200
# what a tool's module raises where the shape of a file is another
_BROKEN = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, csv.Error)
_HOW_OFTEN = ("rounds", "samples", "values")
# of which a file may be a table for all that its name tells
_WRITE_TABLES = (
    "jmh",
    "benchmark-dotnet",
    "google-benchmark",
    "perf-stat",
    "nsys",
    "ncu",
    "hyperfine",
    "locust",
)
_HEAD_BYTES = 8192
_BESIDE = {
    "time": ("date", "datetime", "context.date", "timestamp"),
    "commit": ("commit_hash", "commit_info.id"),
}


class Case(NamedTuple):
    """One benchmark of a file: its name, its numbers by metric name, and what the tool holds against
    it ("" for nothing): without numbers it failed or was left out, with numbers they stand and it is
    said. ``about``: what tells cases of one name apart, said of those that it does tell apart.
    ``no_case``: the trouble is of the file and of nothing that was measured."""

    name: str
    numbers: Mapping[str, float | None]
    trouble: str = ""
    about: Mapping[str, str] = MappingProxyType({})
    no_case: bool = False


class Tool(Protocol):
    """What a tool's module has. ``value`` is the parsed JSON (None for what is none), or the text of
    the file where the module says ``READS_TEXT = True``; with ``"else"`` the text of what is no JSON."""

    def recognises(self, value: Any) -> bool:
        """Whether this is of the tool, by what only its files have."""

    def cases(self, value: Any, path: str) -> Iterator[Case]:
        """Every case in the order of the file. Raises KeyError, TypeError, ValueError where the
        shape is another."""


class _File:
    """What one file holds, parsed when first asked for."""

    __slots__ = ("digest", "path", "shown", "text", "value", "why_no_json")

    def __init__(self, path: str, shown: str) -> None:
        self.path, self.shown = path, shown
        if os.path.getsize(path) > MAX_WHOLE_BYTES:
            raise Unreadable("too-large", f"{shown} is over {MAX_WHOLE_BYTES // 2**20} MiB")
        with open(path, "rb") as file:
            data = file.read()
        self.digest = digest_bytes(data)
        self.text = without_escapes(data.decode("utf-8-sig", "replace"))
        self.value, self.why_no_json = None, ""
        try:
            self.value = json.loads(self.text)
        except (ValueError, RecursionError) as error:
            self.why_no_json = f"{shown} is not JSON: {error}"

    def of(self, tool: str) -> bool:
        module = _module(tool)
        return bool(module.recognises(self.held(module)))

    def held(self, module: Any) -> Any:
        reads = getattr(module, "READS_TEXT", False)
        return self.text if reads is True or (reads and self.value is None) else self.value

    def written_by(self) -> str | None:
        return next((tool for tool in TOOLS if self.of(tool)), None)


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
        found = _Found()
        tools: dict[str, None] = {}
        try:
            for file in self._files(spec.path, files):
                digests.append(file.digest)
                tools[self._gather(file, gatherer, found)] = None
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
        result = gatherer.finish(whole)
        if tools and not self.tool:
            result.sources[0]["written_by"] = ", ".join(tools)
        return result

    def _files(self, shown: str, files: RunFiles) -> Iterator[_File]:
        """The files meant: the one named, what the run printed, or in a folder all those of this run
        that the tool's module picks."""
        if shown == OUTPUT:
            yield self._printed(files)
            return
        path = os.path.join(files.cwd, shown)
        if not os.path.isdir(path):
            check_usable(path, shown)
            yield _File(path, shown)
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
            yield _File(os.path.join(path, name), os.path.join(shown, name))

    def _printed(self, files: RunFiles) -> _File:
        """Stdout, or stderr where that is of the tool and stdout is not."""
        printed = [
            _File(path, shown)
            for path, shown in ((files.stdout, "stdout"), (files.stderr, "stderr"))
            if path and _usable(path)
        ]
        if not printed:
            raise Unreadable("empty-file", "the command printed nothing")
        of_tool = (f for f in printed if (f.of(self.tool) if self.tool else f.written_by()))
        return next(of_tool, printed[0])

    def _gather(self, file: _File, gatherer: Gatherer, found: _Found) -> str:
        """Takes all cases; the tool that wrote the file."""
        tool, shown = self.tool or file.written_by(), file.shown
        if tool is None:
            if file.why_no_json and file.text.lstrip()[:1] in ("{", "[", ""):
                raise Unreadable("not-json", file.why_no_json)
            raise Unreadable("unknown-benchmark", f"{shown} is of none of {', '.join(TOOLS)}")
        module = _module(tool)
        if not file.of(tool):
            other = file.written_by()
            json_meant = file.held(module) is None or file.text.lstrip()[:1] in ("{", "[", "")
            if other is None and file.why_no_json and json_meant:
                raise Unreadable("not-json", file.why_no_json)
            by = f"it was written by {other}" if other else "it has another shape"
            raise Unreadable(f"not-{tool}", f"{shown} is no result of {tool}: {by}")
        try:
            for case in _told_apart(list(module.cases(file.held(module), file.path))):
                _take(case, gatherer, found)
        except _BROKEN as error:
            raise Unreadable(
                f"not-{tool}", f"{shown} is no whole result of {tool}: {_words(error)}"
            ) from None
        if not gatherer.rows:
            raise Unreadable(
                "no-benchmarks", f"{shown} holds no benchmark: did the tool's filter leave any?"
            )
        return tool


def as_rows(path: str, shown: str, table: bool = False) -> Rows | None:
    """The cases of a file as rows of a table, with how each ended and, where the file has them, time and
    commit; None where no tool wrote it, or not as a whole. ``table``: it is one, so that its head tells
    whether a tool made it."""
    try:
        if table and not _heads_as_of_a_tool(path):
            return None
        file = _File(path, shown)
        if (tool := file.written_by()) is None:
            return None
        module = _module(tool)
        whole = [*_told_apart(list(module.cases(file.held(module), path)))]
        found = [case for case in whole if not case.no_case]
        left = [(case.name, case.trouble) for case in whole if case.no_case]
        beside = _written_beside(file.value)
        rows = [(number, _as_row(case, tool) | beside, "") for number, case in enumerate(found, 1)]
    except (*_BROKEN, Unreadable):
        return None
    names = dict.fromkeys(_column(name) for case in found for name in case.numbers)
    if not rows:
        return None
    return Rows([], iter(rows), lambda: file.digest, "case", left, [*names])


def _heads_as_of_a_tool(path: str) -> bool:
    with open(path, "rb") as file:
        head = without_escapes(file.read(_HEAD_BYTES).decode("utf-8-sig", "replace"))
    return any(module.TABLE.search(head) for module in map(_module, _WRITE_TABLES))


def _as_row(case: Case, tool: str) -> dict[str, Any]:
    row: dict[str, Any] = {"benchmark": metric_name(case.name) or tool}
    for name, value in case.numbers.items():
        row[_column(name)] = value
    row["state"] = "done" if case.numbers else "failed"
    if case.trouble:
        row["note"] = plain(case.trouble)
    return row


def _column(name: str) -> str:
    return "n" if name in _HOW_OFTEN else metric_name(name)


def _written_beside(value: Any) -> dict[str, str]:
    """Time and commit of a file as a whole."""
    told: dict[str, str] = {}
    for column, places in _BESIDE.items():
        for place in places:
            at = value
            for key in place.split("."):
                at = at.get(key) if isinstance(at, dict) else None
            if isinstance(at, (str, int)) and at and at != "unversioned":
                told.setdefault(column, str(at))
    return told


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


def metric_name(text: str) -> str:
    """A name that can stand in a predicate and on a command line: no spaces, no control characters,
    and of a long one (a C++ kernel) the beginning, with what tells it from others that begin so."""
    name = re.sub(r"\s+", "_", plain(text).strip())
    if len(name) <= _NAME_CHARS:
        return name
    return f"{name[: _NAME_CHARS - 9]}~{digest_bytes(name.encode()).removeprefix('sha256:')[:8]}"


def middle_of(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """The median of each number over what one case repeated."""
    known: dict[str, list[float]] = {key: [] for row in rows for key in row}
    for row in rows:
        for key, number in row.items():
            if number is not None:
                known[key].append(number)
    return {key: statistics.median(values) if values else None for key, values in known.items()}


def runs_in(text: str, begin: re.Pattern[str]) -> Iterator[tuple[re.Match[str], str]]:
    """Where each run begins that a tool printed one after another, and what it printed of it."""
    begun = [*begin.finditer(text)]
    ends = [*(found.start() for found in begun[1:]), len(text)]
    return ((found, text[found.end() : end]) for found, end in zip(begun, ends, strict=True))


def in_turn(cases: Iterable[Case]) -> Iterator[Case]:
    """The runs of a tool that prints one after another: what nothing else tells apart is counted."""
    held = [(case, (case.name, *case.about.items())) for case in cases]
    total, begun = Counter(said for _, said in held), Counter[object]()
    for case, said in held:
        begun[said] += 1
        run = {"run": str(begun[said])} if total[said] > 1 else {}
        yield case._replace(about={**case.about, **run})


def _told_apart(cases: Sequence[Case]) -> Iterator[Case]:
    """The cases, those that share a name with what differs between them in it."""
    told: dict[str, dict[str, set[str]]] = {}
    for case in cases:
        of_name = told.setdefault(case.name, {})
        for key, value in case.about.items():
            of_name.setdefault(key, set()).add(value)
    for case in cases:
        values = told[case.name]
        apart = [f"{key}={value}" for key, value in case.about.items() if len(values[key]) > 1]
        yield case._replace(name=f"{case.name}[{','.join(apart)}]") if apart else case


class _Found:
    """The numbers of all cases: ``values`` by their whole names, ``of`` by metric and case."""

    __slots__ = ("of", "values")

    def __init__(self) -> None:
        self.values: dict[str, float] = {}
        self.of: dict[str, dict[str, float]] = {}


def _take(case: Case, gatherer: Gatherer, found: _Found) -> None:
    gatherer.rows += 1
    row, case_name = gatherer.rows, metric_name(case.name)
    if case.trouble:
        what = f"{case_name or 'the result'}: {plain(case.trouble)[:200]}"
        code = "tool-warns" if case.numbers else "no-result"
        gatherer.problems.add(code, what, row, about=f"{case.name} {case.trouble}")
    if not case.numbers:
        return
    gatherer.taken += 1
    for said, number in case.numbers.items():
        metric = metric_name(said)
        name = f"{case_name}.{metric}" if case_name else metric
        if name in found.values:
            gatherer.problems.add("duplicate-key", f"{name} stands there twice", row, blocking=True)
        elif number is not None:
            found.values[name] = found.of.setdefault(metric, {})[case_name] = float(number)


def _as_items(spec: ExtractionSpec, found: _Found, gatherer: Gatherer) -> None:
    """Each number asked for over all cases that have it, the case being the item."""
    for metric, wanted in spec.mapping.items():
        cases = found.of.get(wanted, {})
        if not cases and found.values:
            there = ", ".join(list(found.of)[:50])
            gatherer.problems.add(
                "missing-column", f"no case has {wanted}: {there}", blocking=True, about=wanted
            )
        for case, number in cases.items():
            gatherer.add(metric, number)
            gatherer.add_item(metric, case, number)
        if failed := gatherer.rows - gatherer.taken:
            gatherer.items_missing[metric] = gatherer.items_missing.get(metric, 0) + failed


def _selected(spec: ExtractionSpec, found: _Found, gatherer: Gatherer) -> dict[str, float]:
    """The metrics asked for, or all of them. Of a file with one case, the bare metric name is
    enough."""
    if not spec.mapping:
        return found.values
    taken = {}
    for metric, wanted in spec.mapping.items():
        cases = found.of.get(wanted, {})
        if wanted in found.values:
            taken[metric] = found.values[wanted]
        elif len(cases) == 1:
            (taken[metric],) = cases.values()
        elif found.values:
            names = [f"{case}.{wanted}" for case in cases]
            there = ", ".join((names or list(found.values))[:8])
            what = f"{wanted} names {len(names)} of them" if names else f"there is no {wanted}"
            gatherer.problems.add("missing-column", f"{what}: {there}", blocking=True, about=wanted)
    return taken
