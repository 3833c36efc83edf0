"""Readers of what a run wrote line by line: its metrics file, JSON lines on stdout, named patterns
in stdout."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping

from leadline.adapters.extractors.lines import Lines
from leadline.core.extract.gather import Extraction, Gatherer
from leadline.core.extract.lines import printed_measuring, read_metrics_line, read_stdout_line
from leadline.core.extract.spec import ExtractionSpec
from leadline.core.extract.written_number import number_in
from leadline.core.patterns import later
from leadline.core.plain import without_escapes
from leadline.core.record.run import MetricDef
from leadline.ports.extractor import RunFiles

MAX_PATTERN_CHARS = 10_000
# What makes a match a piece of a longer number: that goes on behind it, or began before.
_GOES_ON = later(r"\d|\.\d|[eE][+-]?\d")
_BEGAN = later(r"\d\.?(?:[eE][+-]?)?$")


class MetricsReader:
    """``metrics.jsonl``. That it is absent is no problem: most commands do not write one."""

    name = "metrics"

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        gatherer = Gatherer(spec, definitions)
        lines = Lines(files.metrics)
        # held back by one line: only the end of the file tells a torn line
        pending: tuple[int, str] | None = None
        if files.metrics and os.path.isfile(files.metrics):
            for number, text in lines:
                if pending:
                    read_metrics_line(pending[1], pending[0], gatherer)
                pending = None if text is None else (number, text)
                if text is None:
                    _too_long(gatherer, number)
            if pending:
                read_metrics_line(pending[1], pending[0], gatherer, lines.complete)
        return gatherer.finish(lines.digest or None)


class StdoutReader:
    """Lines of stdout that are exactly one flat JSON object with a number."""

    name = "stdout"

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        gatherer = Gatherer(spec, definitions)
        measuring = printed_measuring(definitions)
        lines = Lines(files.stdout, only_with=b"{", redraws=True, and_with=measuring)
        if files.stdout and os.path.isfile(files.stdout):
            for number, text in lines:
                if text is None:
                    _too_long(gatherer, number)
                else:
                    read_stdout_line(without_escapes(text), number, gatherer)
        return gatherer.finish(lines.digest or None)


class PatternReader:
    """Every match of a regular expression in what the run printed, or in the file that the
    declaration names: in stdout, and where nothing of it matches in stderr, since the order between
    the two is not known.

    Escapes that colour a line are not part of it. Only the first 10,000 characters of a line are
    searched. A match that is not a number fails the source.
    """

    name = "pattern"

    def read(
        self, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        if spec.path:
            return self._in(os.path.join(files.cwd, spec.path), spec, files, definitions)
        found = self._in(files.stdout, spec, files, definitions)
        if not found.sources[0]["rows"] and files.stderr and os.path.isfile(files.stderr):
            in_stderr = self._in(files.stderr, spec, files, definitions)
            return in_stderr if in_stderr.sources[0]["rows"] else found
        return found

    def _in(
        self, path: str, spec: ExtractionSpec, files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        gatherer = Gatherer(spec, definitions)
        if not path or not os.path.isfile(path):
            gatherer.problems.add(
                "no-such-file", f"{spec.path or 'stdout'} does not exist", blocking=True
            )
            return gatherer.finish(None)
        pattern = re.compile(spec.pattern)
        group: str | int = "value" if "value" in pattern.groupindex else 1
        before = files.bytes_before(spec.path)
        taken: re.Match[str] | None = None
        lines = Lines(path, redraws=True, after_bytes=before)
        for number, text in lines:
            if text is None:
                _too_long(gatherer, number)
                continue
            for match in pattern.finditer(without_escapes(text[:MAX_PATTERN_CHARS])):
                _take_match(match, group, number, gatherer)
                if taken is None or gatherer.rule(spec.name) != "first":
                    taken = match
        if not gatherer.rows:
            gatherer.problems.add(
                "no-match", f"the pattern {spec.pattern!r} matched no line", blocking=True
            )
        found = gatherer.finish(lines.digest)
        if before:
            found.sources[0]["before_bytes"] = before
        if taken is not None and spec.name in found.metrics:
            found.around[spec.name] = (taken.string, *taken.span(group))
        return found


def _take_match(match: re.Match[str], group: str | int, number: int, gatherer: Gatherer) -> None:
    gatherer.rows += 1
    said = match.group(group)
    value = "" if said is None else _number(said, gatherer.unit(gatherer.spec.name))
    if not isinstance(value, str) and _is_piece(match.string, *match.span(group)):
        value = "a piece of a longer number"
    if isinstance(value, str):
        gatherer.dropped += 1
        why = "not a number" if value in ("", "no number") else value
        gatherer.problems.add("not-a-number", f"{said!r} is {why}", number, blocking=True)
    elif value != value and gatherer.spec.nan != "keep":
        gatherer.dropped += 1
        gatherer.problems.add("nan", "not a number", number, blocking=gatherer.spec.nan == "fail")
    else:
        step = _number(match.groupdict().get("step") or "")
        gatherer.taken += 1
        gatherer.add(gatherer.spec.name, value, None if isinstance(step, str) else step, number)


def _is_piece(line: str, start: int, end: int) -> bool:
    return bool(_GOES_ON.match(line, end) or _BEGAN.search(line[max(start - 4, 0) : start]))


def _number(text: str, unit: str = "") -> float | str:
    """The number, or what the text is instead."""
    value = number_in(text, unit)
    too_large = isinstance(value, float) and math.isinf(value) and text[-1:].isdigit()
    return "too large" if too_large else value  # 1e999 is not infinite


def _too_long(gatherer: Gatherer, number: int) -> None:
    gatherer.dropped += 1
    gatherer.problems.add("line-too-long", "longer than 1 MiB and skipped", number)
