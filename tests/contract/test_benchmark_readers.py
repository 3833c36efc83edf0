"""Files that benchmark tools wrote (fixtures/benchmarks/make.sh): the extractor contract, and what
else they write."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from leadline.adapters.extractors import registry
from leadline.core.extract.gather import Extraction
from leadline.core.extract.spec import parse_spec
from leadline.ports.attempt import FileWritten
from leadline.ports.extractor import RunFiles
from leadline.testing.extractor_contract import ExtractorCase, ExtractorContract
from tests.conftest import Lab

FILES = Path(__file__).parent.parent / "fixtures" / "benchmarks"
# tool: (its file, cases in it, some of the numbers as the file has them, in seconds where they are
# times)
HOLDS = {
    "hyperfine": (
        "hyperfine.json",
        2,
        {"sleep_0.01.mean_s": 0.011534832666666668, "true.rounds": 3.0},
    ),
    "google-benchmark": (
        "google-benchmark.json",
        2,
        {"BM_sum/64.size": 64.0, "BM_sum/1024.size": 1024.0},
    ),
    "pytest-benchmark": ("pytest-benchmark.json", 2, {"test_sum[10].rounds": 5.0}),
    "pyperf": ("pyperf.json", 1, {"sum_list.values": 20.0}),
    "asv": (
        "asv/box/8ce0a761-existing.json",
        5,
        {
            "it.Sums.time_sum(10).value_s": 1.972999598365277e-06,
            "it.Sums.track_length(1000).value": 1000.0,
            "it.mem_list.value_bytes": 2104.0,
        },
    ),
    "criterion": (
        "criterion/signing/sign_batch/100/new/estimates.json",
        1,
        {
            "signing/sign_batch/100.mean_s": 0.68291995251,
            "signing/sign_batch/100.elements_per_s": 100 / 0.68291995251,
        },
    ),
    "lm-eval": (
        "lm-eval.json",
        2,
        {"nl2foam_gen_original.bleu": 0.5770713868973584, "nl2foam_llm_judge_original.n": 100.0},
    ),
    "nvbench": (
        "nvbench.json",
        1,
        {
            "copy[Device=0_BlockSize=2^8].cold_time_gpu_mean_s": 1.25e-05,
            "copy[Device=0_BlockSize=2^8].cold_sample_size": 1024.0,
            "copy[Device=0_BlockSize=2^8].cold_bw_global_bytes_per_second_bytes_per_s": 2.1e12,
        },
    ),
}
TOOLS = list(HOLDS)


def read(tool: str, path: Path | str, folder: Path = FILES, options: str = "") -> Extraction:
    spec = parse_spec(f"reader:{tool}:{path}{options}")
    return registry.load(tool).read(spec, RunFiles(str(folder)), {})


def codes(result: Extraction) -> list[str]:
    return [p["code"] for p in result.problems if p["blocking"]]


@pytest.mark.parametrize("tool", [t for t in TOOLS if t not in ("asv", "nvbench", "criterion")])
class TestContract(ExtractorContract):
    """Files without a failed benchmark and without a second file beside them."""

    @pytest.fixture
    def case(self, tool: str) -> ExtractorCase:
        name, cases, _ = HOLDS[tool]
        good = (FILES / name).read_bytes()

        def write(folder: str, data: bytes) -> RunFiles:
            Path(folder, "out.json").write_bytes(data)
            return RunFiles(folder)

        expected = read(tool, name).metrics
        return ExtractorCase(
            registry.load(tool), parse_spec(f"reader:{tool}:out.json"), good, expected, cases, write
        )


@pytest.mark.parametrize("tool", TOOLS)
def test_the_numbers_are_those_of_the_file(tool: str):
    name, cases, some = HOLDS[tool]
    result = read(tool, name)
    assert codes(result) == []
    assert {key: result.metrics.get(key) for key in some} == pytest.approx(some)
    assert result.sources[0]["taken"] + result.sources[0]["dropped"] >= cases - 1
    assert not [key for key in result.metrics if " " in key]


@pytest.mark.parametrize("tool", TOOLS)
def test_whose_file_it_is_is_found_out(tool: str):
    name = HOLDS[tool][0]
    assert read("benchmark", name).metrics == read(tool, name).metrics


@pytest.mark.parametrize("tool", TOOLS)
@pytest.mark.parametrize("other", TOOLS)
def test_no_reader_takes_the_file_of_another_tool(tool: str, other: str):
    if tool != other:
        result = read(tool, HOLDS[other][0])
        assert codes(result) == [f"not-{tool}"] and not result.metrics
        assert f"written by {other}" in result.problems[0]["what"]


BAD = {
    b"": "empty-file",
    b"{": "not-json",
    b"[]": "not-",
    b"{}": "not-",
    b"null": "not-",
    b"3": "not-",
    b"[[[[": "not-json",
    b'{"results": 3, "benchmarks": 4}': "not-",
    b'{"results": [{"command": "x"}]}': "not-",
    b'{"benchmarks": [{"runs": 3}]}': "not-",
    b'{"benchmarks": [{"states": [{}], "name": "x"}]}': "not-",
    b'{"benchmarks": [{"name": "x", "stats": 3}], "machine_info": {}}': "not-",
    b'{"context": {}, "benchmarks": [{"name": "x", "run_name": "x", "real_time": 3, "time_unit": "h"}]}': "not-",
    b'{"results": {"x": [[1]]}, "result_columns": 3}': "not-",
    b'{"mean": {"point_estimate": "x"}}': "not-",
    b'{"results": {"x": 3}, "versions": {}}': "not-",
}


@pytest.mark.parametrize("tool", [*TOOLS, "benchmark"])
@pytest.mark.parametrize("data", BAD)
def test_bad_files_publish_nothing_and_say_why(tool: str, data: bytes, tmp_path: Path):
    (tmp_path / "out.json").write_bytes(data)
    result = read(tool, "out.json", tmp_path)
    assert not result.metrics
    (code,) = codes(result)
    assert code.startswith((BAD[data], "unknown-benchmark", "not-")), code
    assert result.sources[0]["published"] is False


@pytest.mark.parametrize(
    "tool", ["hyperfine", "google-benchmark", "pytest-benchmark", "pyperf", "nvbench", "lm-eval"]
)
def test_a_file_torn_anywhere_is_no_file(tool: str, tmp_path: Path):
    whole = (FILES / HOLDS[tool][0]).read_bytes().rstrip()
    for end in range(0, len(whole) - 1, max(1, len(whole) // 40)):
        (tmp_path / "out.json").write_bytes(whole[:end])
        result = read(tool, "out.json", tmp_path)
        assert not result.metrics and codes(result) in (["not-json"], ["empty-file"])


def test_no_benchmark_at_all_is_said(tmp_path: Path):
    (tmp_path / "out.json").write_text('{"machine_info": {}, "benchmarks": []}')
    assert codes(read("pytest-benchmark", "out.json", tmp_path)) == ["no-benchmarks"]


def test_the_same_name_twice_publishes_nothing(tmp_path: Path):
    told = json.loads((FILES / "hyperfine.json").read_text())
    told["results"].append(told["results"][0])
    (tmp_path / "out.json").write_text(json.dumps(told))
    assert set(codes(read("hyperfine", "out.json", tmp_path))) == {"duplicate-key"}


def test_a_number_that_is_not_finite_is_kept_as_such(tmp_path: Path):
    told = json.loads((FILES / "hyperfine.json").read_text())
    told["results"][0]["mean"] = float("nan")
    (tmp_path / "out.json").write_text(json.dumps(told))
    result = read("hyperfine", "out.json", tmp_path)
    assert result.nonfinite == {"true.mean_s": "NaN"} and "true.mean_s" not in result.metrics


def test_repetitions_of_google_benchmark_are_taken_as_its_aggregates():
    metrics = read("google-benchmark", "google-benchmark-repeated.json").metrics
    told = json.loads((FILES / "google-benchmark-repeated.json").read_text())["benchmarks"]
    median = next(
        r for r in told if r["run_name"] == "BM_sum/64" and r.get("aggregate_name") == "median"
    )
    assert metrics["BM_sum/64.real_time_median_s"] == pytest.approx(median["real_time"] * 1e-6)
    assert "BM_sum/64.real_time_s" not in metrics
    assert 0 <= metrics["BM_sum/64.real_time_cv"] < 10, "a coefficient of variation is no time"


def test_a_benchmark_that_failed_fails_the_file():
    result = read("google-benchmark", "google-benchmark-failed.json")
    assert (
        codes(result) == ["no-result"]
        and "no device" in result.problems[0]["what"]
        and not result.metrics
    )


def test_a_skipped_state_is_named_with_its_reason():
    (problem,) = read("nvbench", "nvbench.json").problems
    assert not problem["blocking"] and "too many threads" in problem["what"]


def test_a_benchmark_that_asv_could_not_run_is_named():
    (problem,) = read("asv", HOLDS["asv"][0]).problems
    assert not problem["blocking"] and "it.time_broken" in problem["what"]


def test_a_folder_of_criterion_is_read_whole_and_only_what_is_new(tmp_path: Path):
    shutil.copytree(FILES / "criterion", tmp_path / "criterion")
    whole = read("criterion", "criterion", tmp_path).metrics
    assert whole["Fibonacci/Recursive.mean_s"] == pytest.approx(19284.21673781045e-9)
    assert whole["signing/sign_batch/100.std_dev_s"] == pytest.approx(0.04778621850616897)
    spec = parse_spec("reader:criterion:criterion")
    new = [str(path.relative_to(tmp_path / "criterion")) for path in tmp_path.rglob("*.json")]
    written = [name for name in new if not name.startswith("Fibonacci")]
    told: dict[str, FileWritten] = {"criterion": {"how": "folder", "written": written}}
    fresh = registry.extract([spec], RunFiles(str(tmp_path), written=told))
    assert not [name for name in fresh.metrics if name.startswith("Fibonacci")] and fresh.metrics


def test_a_folder_without_a_new_result_is_said(tmp_path: Path):
    (tmp_path / "out").mkdir()
    assert codes(read("lm-eval", "out", tmp_path)) == ["no-such-file"]
    (tmp_path / "out" / "results_1.json").write_bytes((FILES / "lm-eval.json").read_bytes())
    assert (
        read("lm-eval", "out", tmp_path).metrics["nl2foam_llm_judge_original.llm_judge"] == 89.156
    )


def test_metrics_are_chosen_and_named():
    chosen = read("hyperfine", "hyperfine.json", options=":time_s=sleep_0.01.mean_s").metrics
    assert chosen == {"time_s": pytest.approx(0.0115348327)}
    assert read("pyperf", "pyperf.json", options=":time_s=median_s").metrics.keys() == {"time_s"}
    unclear = read("hyperfine", "hyperfine.json", options=":time_s=mean_s")
    assert codes(unclear) == ["missing-column"] and "names 2 of them" in unclear.problems[0]["what"]
    assert (
        "there is no nope" in read("pyperf", "pyperf.json", options=":x=nope").problems[0]["what"]
    )


@pytest.mark.parametrize(
    ("tool", "package", "command"),
    [
        (
            "pytest-benchmark",
            "pytest_benchmark",
            "-m pytest -q -p no:cacheprovider test_it.py --benchmark-json=out.json",
        ),
        (
            "pyperf",
            "pyperf",
            "-m pyperf timeit -q --fast -p 1 -n 2 -l 100 --name it 1+1 -o out.json",
        ),
    ],
)
def test_the_real_tool_under_a_run(thread_lab: Lab, tool: str, package: str, command: str):
    pytest.importorskip(package)
    thread_lab.write(
        "test_it.py", "def test_it(benchmark):\n    benchmark.pedantic(sum, ((1, 2),), rounds=3)\n"
    )
    name = "test_it" if tool == "pytest-benchmark" else "it"
    thread_lab.ok("run", "--quiet", "--metrics", f"reader:benchmark:out.json:time_s={name}.mean_s", "--",
                  sys.executable, *command.split())  # fmt: skip
    (row,) = thread_lab.json("status", "--runs")["data"]
    assert row["metrics"]["time_s"] > 0


@pytest.mark.skipif(shutil.which("hyperfine") is None, reason="needs hyperfine")
def test_hyperfine_as_it_is_here(tmp_path: Path):
    command = ["hyperfine", "--shell=none", "--runs", "2", "--export-json", "o.json", "true"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert read("benchmark", "o.json", tmp_path).metrics["true.mean_s"] > 0
