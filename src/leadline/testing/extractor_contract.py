"""What every reader of results must do, as tests that a third party inherits.

Subclass ``ExtractorContract`` in a test module, give it a ``case`` fixture that builds an
``ExtractorCase``, and every obligation of the port is checked on real files.
"""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable

from leadline.core.extract.gather import Extraction
from leadline.core.extract.spec import ExtractionSpec
from leadline.ports.extractor import Extractor, RunFiles


class ExtractorCase:
    """A reader with a declaration that its good data satisfies.

    ``write(folder, data)`` puts bytes where the reader looks and returns the RunFiles; ``good``
    holds exactly the metrics ``expected``; ``spec`` may carry a row count, and ``rows`` says how
    many rows ``good`` has.
    """

    def __init__(
        self,
        reader: Extractor,
        spec: ExtractionSpec,
        good: bytes,
        expected: dict[str, float],
        rows: int,
        write: Callable[[str, bytes], RunFiles],
    ) -> None:
        self.reader, self.spec, self.good, self.expected = reader, spec, good, expected
        self.rows, self.write = rows, write

    def read(self, folder: str, data: bytes, spec: ExtractionSpec | None = None) -> Extraction:
        return self.reader.read(spec or self.spec, self.write(folder, data), {})


class ExtractorContract:
    """Obligations of ``leadline.ports.extractor.Extractor``. Needs the fixtures ``case`` and
    pytest's ``tmp_path``."""

    def test_good_data_gives_exactly_the_metrics(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        result = case.read(os.fspath(tmp_path), case.good)
        assert result.metrics == case.expected
        assert result.problems == []

    def test_says_where_the_numbers_came_from(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        (source,) = case.read(os.fspath(tmp_path), case.good).sources
        assert source["source"] == case.spec.label
        assert source["published"] is True
        assert source["taken"] == case.rows
        assert str(source["digest"]).startswith("sha256:")

    def test_reading_twice_gives_the_same(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        first = case.read(os.fspath(tmp_path), case.good).as_dict()
        assert case.read(os.fspath(tmp_path), case.good).as_dict() == first

    def test_reading_changes_nothing(self, case: ExtractorCase, tmp_path: os.PathLike[str]) -> None:
        folder = os.fspath(tmp_path)
        spec = copy.deepcopy(case.spec)
        files = case.write(folder, case.good)
        before = _contents(folder)
        case.reader.read(case.spec, files, {})
        assert _contents(folder) == before
        assert case.spec == spec

    def test_another_digest_for_other_bytes(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        first = case.read(os.fspath(tmp_path), case.good).sources[0]["digest"]
        assert case.read(os.fspath(tmp_path), case.good + b"\n").sources[0]["digest"] != first

    def test_a_failed_row_count_publishes_nothing(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        spec = copy.deepcopy(case.spec)
        spec.rows = (case.rows + 1, case.rows + 1)
        result = case.read(os.fspath(tmp_path), case.good, spec)
        assert (result.metrics, result.nonfinite, result.series, result.tables) == ({}, {}, {}, [])
        assert [p["code"] for p in result.problems if p["blocking"]] == ["row-count"]
        assert result.sources[0]["published"] is False

    def test_bad_bytes_are_a_result_and_not_a_crash(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        half = case.good[: len(case.good) // 2]
        for data in (
            b"",
            b"\n\n",
            bytes(range(256)) * 64,
            b"\xff\xfe{\x00",
            b"{" * 5000,
            b"[" * 5000,
            half,
        ):
            result = case.read(os.fspath(tmp_path), data)
            assert len(result.sources) == 1
            assert not result.sources[0]["published"] or not any(
                p["blocking"] for p in result.problems
            )
            json.dumps(result.as_dict(), allow_nan=False)

    def test_absent_files_are_no_exception(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        folder = os.fspath(tmp_path)
        absent = os.path.join(folder, "absent")
        result = case.reader.read(
            case.spec, RunFiles(absent, os.path.join(absent, "o"), os.path.join(absent, "m")), {}
        )
        assert result.metrics == {}
        assert result.sources[0]["taken"] == 0

    def test_problems_can_be_acted_on(
        self, case: ExtractorCase, tmp_path: os.PathLike[str]
    ) -> None:
        for data in (b"\xff\xfe\n" * 30, case.good + b"\x00\xff broken \x01\n"):
            for problem in case.read(os.fspath(tmp_path), data).problems:
                assert set(problem) == {
                    "source",
                    "code",
                    "what",
                    "blocking",
                    "rows",
                    "rows_total",
                    "unit",
                }
                assert problem["source"] == case.spec.label and problem["what"]
                assert len(problem["rows"]) <= 20 and problem["rows_total"] >= len(problem["rows"])


def _contents(folder: str) -> dict[str, bytes]:
    found = {}
    for parent, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(parent, name)
            with open(path, "rb") as file:
                found[path] = file.read()
    return found
