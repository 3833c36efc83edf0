"""The extractor contract on every built-in reader and, through an entry point, on one of a third
party."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from leadline.adapters.extractors import registry
from leadline.core.errors import LeadlineError
from leadline.core.extract.spec import parse_spec
from leadline.ports.extractor import RunFiles
from leadline.testing.extractor_contract import ExtractorCase, ExtractorContract


def _case(spec_text, good, expected, rows):
    spec = parse_spec(spec_text)

    def write(folder: str, data: bytes) -> RunFiles:
        files = RunFiles(
            folder, os.path.join(folder, "stdout.log"), os.path.join(folder, "metrics.jsonl")
        )
        name = spec.path or {"metrics": "metrics.jsonl"}.get(spec.source, "stdout.log")
        Path(folder, name).write_bytes(data)
        return files

    return lambda: ExtractorCase(registry.load(spec.source), spec, good, expected, rows, write)


CASES = {
    "metrics": _case(
        "metrics",
        b'{"t":1,"step":1,"metrics":{"loss":2.5}}\n{"t":2,"step":2,"metrics":{"loss":1.5}}\n'
        b'{"acc":0.5}\n{"metric":"f1","value":0.25}\n',
        {"loss": 1.5, "acc": 0.5, "f1": 0.25},
        4,
    ),
    "stdout": _case(
        "stdout",
        b'hello {"a": 1}\n{"loss": 2.5, "step": 1}\n{"deep": {"a": 1}}\n{"loss": 1.5, "step": 2}\n',
        {"loss": 1.5},
        2,
    ),
    "pattern": _case(
        "pattern:loss=loss[: ]+(?P<value>\\S+)", b"loss: 3\nnoise\nloss: 1e-3\n", {"loss": 0.001}, 2
    ),
    "csv": _case(
        "r.csv:time_ms=elapsed", b'shape,elapsed,note\n1,2.5,"a\nb"\n2,3.5,c\n', {"time_ms": 3.5}, 2
    ),
    "tsv": _case(
        "r.tsv",
        b'shape\telapsed\tnote\n1\t2.5\t"a" b\n2\t3.5\tc\n',
        {"shape": 2.0, "elapsed": 3.5},
        2,
    ),
    "json": _case("r.json:t=time.ms", b'[{"time": {"ms": 1}}, {"time": {"ms": 4}}]', {"t": 4.0}, 2),
    "jsonl": _case("r.jsonl:reduce=mean", b'{"x": 1}\n{"x": 4}\n', {"x": 2.5}, 2),
}


class TestBuiltin(ExtractorContract):
    @pytest.fixture(params=list(CASES))
    def case(self, request):
        return CASES[request.param]()


class TestParquet(ExtractorContract):
    @pytest.fixture
    def case(self, tmp_path_factory):
        pyarrow = pytest.importorskip("pyarrow", reason="pyarrow is not installed")
        from pyarrow import parquet

        path = tmp_path_factory.mktemp("p") / "r.parquet"
        parquet.write_table(pyarrow.table({"x": [1.0, 4.0]}), path)
        return _case("r.parquet", path.read_bytes(), {"x": 4.0}, 2)()


def test_parquet_without_pyarrow_names_the_install_command(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "r.parquet").write_bytes(b"PAR1")
    with pytest.raises(LeadlineError) as caught:
        registry.extract([parse_spec("r.parquet")], RunFiles(str(tmp_path)))
    assert caught.value.next == ["pip install 'leadline[parquet]'"]
    assert caught.value.kind == "environment"


def test_a_reader_of_a_third_party_is_found_by_its_entry_point(tmp_path, monkeypatch):
    (tmp_path / "theirs.py").write_text(
        "from leadline.core.extract.gather import Gatherer\n"
        "class Reader:\n"
        "    name = 'theirs'\n"
        "    def read(self, spec, files, definitions):\n"
        "        gatherer = Gatherer(spec, definitions)\n"
        "        gatherer.add('answer', 42.0)\n"
        "        return gatherer.finish(None)\n"
        "class Broken:\n"
        "    def __init__(self): raise TypeError('no')\n"
    )
    info = tmp_path / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[leadline.extractors]\ntheirs = theirs:Reader\nbroken = theirs:Broken\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    result = registry.extract([parse_spec("reader:theirs:out.json")], RunFiles(str(tmp_path)))
    assert result.metrics == {"answer": 42.0}
    with pytest.raises(LeadlineError) as caught:
        registry.load("broken")
    assert caught.value.code == "broken-reader"
    with pytest.raises(LeadlineError) as caught:
        registry.load("absent")
    assert caught.value.code == "no-such-reader" and "theirs" in caught.value.why
