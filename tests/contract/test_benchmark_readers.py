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
        6,
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
        2,
        {
            "copy[Device=0_BlockSize=2^8].cold_time_gpu_mean_s": 1.25e-05,
            "copy[Device=0_BlockSize=2^8].cold_sample_size": 1024.0,
            "copy[Device=0_BlockSize=2^8].cold_bw_global_bytes_per_second_bytes_per_s": 2.1e12,
        },
    ),
    "jmh": (
        "jmh.json",
        4,
        {
            "org.example.Sums.sum[size=10,kind=int][mode=avgt].score_s": 27.5e-9,
            "org.example.Sums.sum[size=10,kind=int][mode=avgt].score_error_s": 1.25e-9,
            "org.example.Sums.sum[size=10,kind=int][mode=avgt].gc.alloc.rate.norm_bytes_per_op": 24,
            "org.example.Sums.sum[size=10,kind=int][mode=avgt].gc.alloc.rate_bytes_per_s": 2
            * 2**20,
            "org.example.Sums.sum[size=10,kind=int][mode=thrpt].score_ops_per_s": 36.25e6,
            "org.example.Sums.tail.score_p99_s": 0.004,
        },
    ),
    "benchmark-dotnet": (
        "benchmark-dotnet.json",
        3,
        {
            "Example.Sums.Sum(N:_1000)[job=.NET_8.0(Runtime=.NET_8.0)].mean_s": 500e-9,
            "Example.Sums.Sum(N:_1000)[job=.NET_8.0(Runtime=.NET_8.0)].allocated_bytes_per_op": 40,
            "Example.Sums.Sum(N:_1000)[job=.NET_6.0(Runtime=.NET_6.0)].mean_s": 700e-9,
        },
    ),
    "catch2": (
        "catch2.xml",
        3,
        {
            "Fibonacci_10[test=fib].mean_s": 264.039e-9,
            "Fibonacci_10[test=fib/deep].mean_s": 507.919e-9,
            "Fibonacci_10[test=fib/deep].samples": 5,
        },
    ),
    "go-bench": (
        "go-bench.txt",
        4,
        {
            "BenchmarkSum/n=10.time_s": 41.665e-9,
            "BenchmarkSum/n=10.sevenths_per_op": 6,
            "BenchmarkSum/n=1000.rounds": 2,
            "BenchmarkSum/n=1000.bytes_per_s": 848.72e6,
            "BenchmarkChatty.time_s": 1314.9e-9,
        },
    ),
    "cargo-bench": (
        "cargo-bench.txt",
        3,
        {"tests::b_sum.median_s": 4.87e-9, "tests::b_sum.bytes_per_s": 2e12},
    ),
    "fio": (
        "fio.json",
        4,
        {
            "seq[write].bytes_per_s": 557218701,
            "seq[write].clat_p99_s": 146432e-9,
            "seq[write].lat_mean_s": 105675.5e-9,
            "mix[read].iops": 6529.75,
        },
    ),
    "k6": (
        "k6-summary.json",
        7,
        {
            "http_req_duration.p95_s": 0.22,
            "http_req_duration{expected_response:true}.avg_s": 0.1,
            "http_reqs.rate_per_s": 19.99,
            "data_received.rate_bytes_per_s": 34119.1,
            "http_req_failed.rate": 0.05,
            "queue_wait.med_s": 0.002,
            "vus.max": 10,
        },
    ),
    "perf-stat": (
        "perf-stat.txt",
        5,
        {"task-clock_s": 0.00082, "page-faults": 75, "elapsed_s": 0.011709557, "sys_s": 0.001737},
    ),
    "nsys": (
        "nsys.csv",
        4,
        {
            "void_gemm<float,_(int)4>(const_T1_*,_T1_*,_int).total_time_s": 1.25e-3,
            "void_gemm<float,_(int)4>(const_T1_*,_T1_*,_int).instances": 100,
            "copy_kernel.time_percent": 37.5,
            "[CUDA_memcpy_Host-to-Device].total_bytes": 4.194e6,
        },
    ),
    "ncu": (
        "ncu.csv",
        2,
        {
            "gemm(float_*,_int)[id=0].dram__bytes_read.sum_bytes": 1258.29e6,
            "gemm(float_*,_int)[id=0].gpu__time_duration.sum_s": 410.5e-6,
            "gemm(float_*,_int)[id=0].sm__throughput.avg.pct_of_peak_sustained_elapsed": 77.5,
            "gemm(float_*,_int)[id=0].sm__inst_executed.sum": 12345,
            "gemm(float_*,_int)[id=1].gpu__time_duration.sum_s": 1.25e-3,
            "gemm(float_*,_int)[id=1].sm__cycles_elapsed.avg.per_second_cycle_per_s": 1.5e9,
        },
    ),
    "locust": (
        "locust_stats.csv",
        5,
        {
            "/[method=GET].requests_per_s": 19.125,
            "/[method=POST].mean_s": 32.5e-3,
            "/missing,%20with%20comma.failures": 47,
            "/missing,%20with%20comma.p95_s": 14e-3,
            "Aggregated.content_bytes": 510.5,
            "Aggregated.max_s": 89.25e-3,
        },
    ),
    "wrk": (
        "wrk.txt",
        1,
        {
            "requests_per_s": 55984.25,
            "requests": 560400,
            "bytes_per_s": 5.5 * 2**20,
            "latency_mean_s": 384.5e-6,
            "latency_max_s": 16.25e-3,
            "latency_p99_s": 1.02,
        },
    ),
    "ab": (
        "ab.txt",
        1,
        {
            "requests_per_s": 400,
            "mean_s": 0.01,
            "total_s": 2.5,
            "bytes_per_s": 5120 * 1024,
            "failed_requests": 20,
            "stddev_s": 34.5e-3,
            "median_s": 4e-3,
            "p99_s": 6e-3,
        },
    ),
    "sysbench": (
        "sysbench.txt",
        1,
        {
            "events_per_s": 278.75,
            "events": 83639,
            "total_s": 300.021,
            "latency_mean_s": 28.5e-3,
            "latency_p95_s": 33.25e-3,
        },
    ),
    "iperf3": (
        "iperf3.json",
        1,
        {
            "sent_bits_per_s": 1e9,
            "received_bits_per_s": 9.96e8,
            "received_bytes": 249000000,
            "retransmits": 3,
            "rtt_mean_s": 500e-6,
            "remote_cpu_percent": 12.5,
        },
    ),
    "benchmark-ips": (
        "benchmark-ips.txt",
        3,
        {
            "ActiveModelWithAttributes.iterations_per_s": 116250,
            "Hash.iterations_per_s_stddev": 30000,
            "slow:_1_of_1000.iterations_per_s": 13.5,
        },
    ),
    "benchee": (
        "benchee.txt",
        2,
        {
            "flat_map.iterations_per_s": 12500,
            "flat_map.mean_s": 80.25e-6,
            "flat_map.stddev_s": 80.25e-6 / 8,
            "flat_map.p99_s": 160.75e-6,
            "flat_map.memory_bytes": 2560,
            "map.flatten.mean_s": 1.25e-3,
            "map.flatten.memory_bytes": 6.45 * 2**20,
            "map.flatten.reductions": 341750,
        },
    ),
}
# Other layouts of the tools: some of the numbers, and what is said of cases.
LAYOUTS: dict[str, tuple[str, dict[str, float], list[str]]] = {
    "perf-stat-comma.txt": (
        "perf-stat",
        {
            "task-clock_s": 0.0162505,
            "elapsed_s": 0.01750525,
            "cycles": 77375671,
            "branch-misses": 356636,
        },
        ["stalled-cycles"],
    ),
    "perf-stat-groups.txt": (
        "perf-stat",
        {"system.slice.L1-icache-loads": 46116, "user.slice.L1-icache-loads": 8685400},
        [],
    ),
    "perf-stat-parts.txt": (
        "perf-stat",
        {
            "CPU0.cpa_cycles[hisi_sicl0_cpa0]": 1001121239,
            "CPU0.cpa_cycles[hisi_sicl2_cpa0]": 1001094851,
        },
        [],
    ),
    "perf-stat-2012.txt": (
        "perf-stat",
        {"task-clock_s": 0.198123456, "context-switches": 20, "cycles": 612345678},
        ["stalled-cycles"],
    ),
    "ncu-summary.csv": (
        "ncu",
        {
            "axpy(float_*,_int)[id=(4096,_1,_1)x(256,_1,_1)].Achieved_Occupancy_percent": 74.75,
            "axpy(float_*,_int)[id=(64,_1,_1)x(1,_1,_1)].Duration_s": 105.5e-6,
            "axpy(float_*,_int)[id=(64,_1,_1)x(1,_1,_1)].Duration_min_s": 100.5e-6,
        },
        [],
    ),
    "cargo-bench-units.txt": (
        "cargo-bench",
        {"copy.median_cycles_per_iter": 2835, "upload.median_MS_per_s": 1911},
        [],
    ),
    "cargo-criterion-laid-out.json": (
        "cargo-bench",
        {"queries/[light]_all.estimate_s": 12.5e-6},
        [],
    ),
    "hyperfine-prepared.json": (
        "hyperfine",
        {
            "sleep_0.001[b=main].median_s": 0.005926395500000001,
            "sleep_0.001[b=dev].mean_s": 0.005399956,
        },
        [],
    ),
    "hyperfine-failed.json": (
        "hyperfine",
        {"X[k=1].failed_rounds": 2, "X[k=2].failed_rounds": 2},
        [
            "X[k=1]: 2 of 2 rounds ended with another exit code than 0: case 1",
            "X[k=2]: 2 of 2 rounds ended with another exit code than 0: case 2",
        ],
    ),
    "hyperfine-1.5.json": (
        "hyperfine",
        {
            "make_-j_2.mean_s": 2.5,
            "./run[parameter=4].mean_s": 1.5,
            "./run[parameter=8].mean_s": 1.0,
        },
        [],
    ),
    "google-benchmark-complexity.json": (
        "google-benchmark",
        {
            "BM_sum.real_coefficient_BigO_s": 246.20297123263245e-9,
            "BM_sum.rms_RMS": 1.6965219891861019,
        },
        ["BM_err: the benchmark failed: no device: case 5"],
    ),
    "google-benchmark-1.0.json": (
        "google-benchmark",
        {
            "BM_sum/64.real_time_mean_s": 44e-9,
            "BM_sum/64.real_time_stddev_s": 1e-9,
            "BM_sum.real_coefficient_BigO_s": 0.75e-6,
            "BM_sum.rms_RMS": 0.02,
            "BM_cold_mean.real_time_s": 7e-6,
        },
        [],
    ),
    "google-benchmark-skipped.json": (
        "google-benchmark",
        {"BM_fit.real_coefficient_BigO_s": 3e-3, "BM_fit.rms_RMS": 0.25},
        ["BM_gpu: it was skipped: needs a GPU: case 1"],
    ),
    "asv-v1.json": (
        "asv",
        {
            "suite.time_sum.value_s": 1.5e-6,
            "suite.mem_table('a',1).value_bytes": 2048,
            "suite.mem_table('a',1).ci_99_b_bytes": 2100,
            "suite.mem_table('b',2).value_bytes": 4096,
        },
        [
            "suite.time_broken: asv has no result of it: it failed: case 2",
            "suite.time_skipped: asv skipped it: case 3",
            "suite.mem_table('a',2): asv has no result of it: it failed: case 5",
            "suite.mem_table('b',1): asv skipped it: case 6",
        ],
    ),
    "jmh-2014.json": ("jmh", {"org.example.Queries.naive.score_ops_per_s": 11.5}, []),
    "jmh.csv": (
        "jmh",
        {
            "org.example.Sums.plain[n=16].score_s": 4.32105e-9,
            "org.example.Sums.plain[n=16].gc.alloc.rate.norm_bytes_per_op": 24,
            "org.example.Sums.once.score_s": 0.1205,
        },
        [],
    ),
    "jmh-locale.csv": ("jmh", {"org.example.Sort.merge[n=1000].score_s": 120.356e-6}, []),
    "jmh.txt": (
        "jmh",
        {
            "Sums.plain[engine=fast,n=64].score_s": 93.01e-9,
            "Sums.plain[engine=fast,n=64].gc.alloc.rate.norm_bytes_per_op": 24,
            "Sums.sampled[engine=fast,n=16].score_p99_s": 130e-6,
            "Sums.once[engine=fast,n=16].score_s": 12.5e-3,
        },
        ["Sums.tiny[engine=fast,n=16]: JMH printed score as ≈ 10⁻⁶, which is no number: case 4"],
    ),
    "jmh-2014.txt": (
        "jmh",
        {
            "n.b.Boxing.valueOfLookupMap[code=127].score_s": 3.08e-9,
            "n.b.Boxing.valueOfLookupMap[code=127].score_error_s": 0.067e-9,
        },
        [],
    ),
    "Sums.Loops-report.csv": (
        "benchmark-dotnet",
        {
            "Sums.Loops.Plain(N:_1000).mean_s": 1.2345e-6,
            "Sums.Loops.Plain(N:_1000).allocated_bytes_per_op": 1536,
            "Sums.Loops.Plain(N:_8000).stddev_s": 1.449e-6,
        },
        ["Sums.Loops.Broken(N:_1000): BenchmarkDotNet has no mean of it: it failed: case 3"],
    ),
    "benchmark-dotnet-units.csv": (
        "benchmark-dotnet",
        {"Plain(N:_10).mean_s": 1234.5e-6, "with_space(N:_10).stddev_s": 0.2e-6},
        [],
    ),
    "k6-samples.jsonl": (
        "k6",
        {
            "http_reqs.count": 4,
            "http_req_duration.med_s": 0.10973,
            "http_req_duration.p95_s": 0.136844,
            "http_req_failed.rate": 0.25,
            "vus.value": 2,
            "data_sent.count_bytes": 320,
        },
        [],
    ),
    "benchmark-dotnet-0.9.json": (
        "benchmark-dotnet",
        {"Example.Sums.Sum(N=10).mean_s": 5.25e-9, "Example.Sums.Sum(N=10).rounds": 20},
        [],
    ),
    "catch2.txt": (
        "catch2",
        {
            "Fibonacci_10[test=fib].mean_s": 286.935e-9,
            "Fibonacci_10[test=fib/deep].stddev_s": 2.84747e-9,
        },
        ["broken: the benchmark failed: no device: case 3"],
    ),
    "catch2-v3.xml": ("catch2", {"push_&_pop.mean_s": 26.5e-6, "push_&_pop.samples": 100}, []),
    "go-bench.jsonl": (
        "go-bench",
        {"BenchmarkSum/n=10.time_s": 37.16e-9, "BenchmarkChatty.time_s": 2287e-9},
        [
            "BenchmarkBroken: it failed: sums_test.go:13: no device: case 4",
            "BenchmarkLater: it was skipped: sums_test.go:14: needs a GPU: case 5",
        ],
    ),
    "go-bench-packages.txt": (
        "go-bench",
        {
            "BenchmarkRun/size-10[pkg=example.com/a].time_s": 7234567e-9,
            "BenchmarkRun/size-10[pkg=example.com/b].p99-ns": 1500,
            "BenchmarkRun/size-20.time_s": 0.012,
        },
        [],
    ),
    "cargo-bench.jsonl": (
        "cargo-bench",
        {
            "tests::b_sum.median_s": 3.5956323409186366e-9,
            "tests::b_sum.bytes_per_s": 2666666 * 2**20,
        },
        [
            "tests::b_bad: it failed: no device: case 1",
            "tests::b_ign: it was ignored: needs a GPU: case 2",
        ],
    ),
    "cargo-bench-2018.txt": (
        "cargo-bench",
        {
            "bench_sum.median_s": 1234e-9,
            "bench_sum.spread_s": 56e-9,
            "bench_copy.bytes_per_s": 1805e6,
        },
        ["bench_bad: it failed: no device: case 3"],
    ),
    "cargo-criterion.jsonl": (
        "cargo-bench",
        {
            "parse/large.estimate_s": 5e-6,
            "parse/large.mean_low_s": 4.91e-6,
            "parse/large.elements_per_s": 1024 / 5e-6,
            "parse/slow.mean_s": 1234.5e-6,
        },
        [],
    ),
    "cargo-criterion.txt": (
        "cargo-bench",
        {
            "fib_20.estimate_s": 26.251e-6,
            "a/benchmark/with/a/long/name.estimate_low_s": 1.0012e-3,
            "a/benchmark/with/a/long/name.bytes_per_s": 973.45 * 2**20,
            "count.elements_per_s": 1.996e6,
        },
        [],
    ),
    "k6-export.json": (
        "k6",
        {
            "http_req_waiting.p95_s": 0.025,
            "checks.value": 0.98,
            "data_sent.count_bytes": 51200,
            "my_trend.avg": 7,
        },
        ["checks: the threshold rate>0.99 was missed: case 1"],
    ),
    "perf-stat-repeated.csv": (
        "perf-stat",
        {"task-clock_s": 0.81e-3, "page-faults": 75},
        ["cycles"],
    ),
    "perf-stat-intervals.csv": (
        "perf-stat",
        {"task-clock_s": 0.81e-3, "page-faults": 76},
        ["cycles"],
    ),
    "perf-stat-intervals.txt": (
        "perf-stat",
        {"task-clock_s": 0.82e-3, "page-faults": 74},
        ["cycles"],
    ),
    "perf-stat.jsonl": ("perf-stat", {"task-clock_s": 0.84647e-3, "page-faults": 76}, ["cycles"]),
    "perf-stat-processors.txt": (
        "perf-stat",
        {"CPU0.cpu-clock_s": 11.75e-3, "CPU1.page-faults": 114},
        ["CPU0_cycles", "CPU1_cycles"],
    ),
    "nsys-2020.csv": (
        "nsys",
        {"matmul(float*,_float*,_int).total_time_s": 3e-6, "copy.avg_s": 1e-6},
        [],
    ),
    "ncu-raw.csv": (
        "ncu",
        {
            "axpy.gpu__time_duration.sum_s": 4096e-9,
            "axpy.sm__warps_active.avg.pct_of_peak_sustained_active": 9.05,
            "scale.launch__registers_per_thread": 16,
        },
        [],
    ),
    "nsys-printed.txt": (
        "nsys",
        {"Main_Loop.total_time_s": 3.5e-3, '"Warm",_up.min_s': 182e-6, "sem_wait.num_calls": 2},
        [
            "cuda_gpu_kern_sum: nsys left it out: run.sqlite does not contain CUDA kernel data.: case 4"
        ],
    ),
    "fio-2.txt": (
        "fio",
        {"random[read].bytes_per_s": 275 * 1024, "random[read].clat_p50_s": 8e-6},
        ["idle: fio measured nothing in it: case 2"],
    ),
    "google-benchmark.csv": (
        "google-benchmark",
        {
            "BM_Text/8.real_time_mean_s": 16.5e-9,
            "BM_Text/8.bytes_per_s_stddev": 5.78687e6,
            "BM_Wait/real_time.cpu_time_s": 0.0625e-6,
            "BM_Text/8.real_time_cv": None,
        },
        ["BM_Open: the benchmark failed: no file: case 2"],
    ),
    "google-benchmark.txt": (
        "google-benchmark",
        {
            "BM_Text/8.cpu_time_mean_s": 4.16e-9,
            "BM_Text/8.real_time_cv": 0.3732,
            "BM_Text/8.hits_mean": 3,
            "BM_Wait/real_time.real_time_s": 0.139e-6,
            "BM_of_words.cpu_time_s": 0.059e-6,
            "BM_Text/8.bytes_per_s_mean": None,
        },
        [
            "BM_Open: the benchmark failed: no file: case 2",
            "BM_Late: it was skipped: no clock: case 3",
        ],
    ),
    "hyperfine.csv": (
        "hyperfine",
        {"make[branch=main].mean_s": 0.125, "make[branch=dev].user_s": 0.0625},
        [],
    ),
    "locust-0.csv": ("locust", {"/.requests_per_s": 5.25, "/.p95_s": 0.02, "/.failures": 0}, []),
    "benchee-inputs.txt": (
        "benchee",
        {
            'insert[input=[path:_":memory:",_rows:_3]].mean_s': 150,
            'insert[input=[path:_":memory:",_rows:_3]].memory_bytes': 53.75 * 2**30,
            "insert[input=large].iterations_per_s": 12.25e6,
            "insert[input=large].median_s": 0,
        },
        [],
    ),
    "wrk-several.txt": (
        "wrk",
        {
            "[url=http://127.0.0.1:8080/,run=1].latency_mean_s": 60.6,
            "[url=http://127.0.0.1:8080/,run=1].latency_p99.9_s": 28.88e-3,
            "[url=http://127.0.0.1:8080/,run=1].bytes_per_s": 32 * 1024,
            "[url=http://127.0.0.1:8080/,run=2].requests_per_s": 499.5,
            "[url=http://127.0.0.1:8080/,run=2].bytes_per_s": 512,
        },
        [
            "[url=http://127.0.0.1:8080/,run=1]: Non-2xx or 3xx responses: 30001: case 1",
            "[url=http://127.0.0.1:8080/,run=2]: Socket errors: connect 0, read 3, write 0, "
            "timeout 25: case 2",
            "[url=http://127.0.0.1:9/]: no request was answered: case 3",
        ],
    ),
    "sysbench-several.txt": (
        "sysbench",
        {
            "[test=memory].operations_per_s": 1884178.25,
            "[test=memory].bytes_per_s": 1840 * 2**20,
            "[test=memory].latency_max_s": 20.5e-3,
            "[test=memory].latency_mean_s": None,
            "[test=sql].transactions_per_s": 1116.75,
            "[test=sql].read_write_requests_per_s": 20103.25,
            "[test=sql].latency_p99_s": 9.5e-3,
        },
        [],
    ),
    "iperf3-stream.jsonl": (
        "iperf3",
        {"bits_per_s": 99.9e6, "jitter_s": 0.42e-3, "lost_packets": 2, "lost_percent": 0.2},
        [],
    ),
    "iperf3.txt": (
        "iperf3",
        {"sent_bits_per_s": 1.88e9, "received_bits_per_s": 1.75e9, "retransmits": 4},
        [],
    ),
    "iperf3-refused.json": (
        "iperf3",
        {},
        ["the result: iperf3 ended with: unable to connect to server: Connection refused: case 1"],
    ),
    "benchmark-ips.json": (
        "benchmark-ips",
        {"Hash.iterations_per_s": 1500000.5, "Hash.iterations_per_s_stddev": 30000},
        [],
    ),
    "ncu-denied.txt": ("ncu", {}, ["ncu: ncu says: ERR_NVGPUCTRPERM"]),
}
TOOLS = list(HOLDS)


def read(tool: str, path: Path | str, folder: Path = FILES, options: str = "") -> Extraction:
    spec = parse_spec(f"reader:{tool}:{path}{options}")
    return registry.load(tool).read(spec, RunFiles(str(folder)), {})


def codes(result: Extraction) -> list[str]:
    return [p["code"] for p in result.problems if p["blocking"]]


# Files without a failed benchmark and without a second file beside them.
WHOLE = ("hyperfine", "google-benchmark", "pytest-benchmark", "pyperf", "lm-eval")


@pytest.mark.parametrize("tool", WHOLE)
class TestContract(ExtractorContract):
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
    assert result.sources[0]["rows"] == cases
    assert not [key for key in result.metrics if " " in key]


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_of_a_tool_is_read(name: str):
    tool, some, said = LAYOUTS[name]
    result = read("benchmark", name)
    assert read(tool, name).as_dict()["metrics"] == result.metrics and codes(result) == []
    assert {key: result.metrics.get(key) for key in some} == pytest.approx(some)
    told = [problem["what"] for problem in result.problems]
    if name.startswith("perf"):
        told = [what for what in told if "cycles: perf has no count of it: <not supported>" in what]
    assert len(told) == len(said) and all(map(str.startswith, told, said)), told
    assert not [key for key, value in result.metrics.items() if value != value]


@pytest.mark.parametrize(
    ("tool", "said"),
    [
        ("jmh", "broken: JMH has no score of it: it failed"),
        ("benchmark-dotnet", "Broken: BenchmarkDotNet has no statistics of it: it failed"),
        ("catch2", "broken: the benchmark failed: no device"),
        ("go-bench", "BenchmarkBroken: it failed: sums_test.go:13: no device"),
        ("cargo-bench", "tests::b_bad: it failed: no device"),
        ("k6", "http_req_duration: the threshold p(95)<200 was missed"),
        ("fio", "gone: fio ended it with error 28"),
        ("perf-stat", "cycles: perf has no count of it: <not supported>"),
        ("nsys", "openmp_sum: nsys left it out: run.sqlite does not contain OpenMP event data."),
        ("ncu", "ncu has no value of nvlrx__bytes.sum"),
        ("locust", "/never: no request was made"),
        ("ab", "Failed requests: 20; Non-2xx responses: 20"),
    ],
)
def test_what_failed_is_named_with_its_reason_and_has_no_number(tool: str, said: str):
    result = read(tool, HOLDS[tool][0])
    assert any(said in problem["what"] for problem in result.problems)
    name = said.partition(":")[0]
    if tool not in ("k6", "ncu", "ab"):
        assert not [key for key in result.metrics if key.partition(".")[0].endswith(name)]


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
    b'{"results": [{"command": "x", "mean": 1' + b"0" * 400 + b"}]}": "not-",
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


@pytest.mark.parametrize("tool", [*WHOLE, "nvbench", "jmh", "benchmark-dotnet", "k6"])
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


def test_a_benchmark_that_failed_is_no_number_and_leaves_the_others():
    result = read("google-benchmark", "google-benchmark-failed.json")
    (problem,) = result.problems
    assert "no device" in problem["what"] and not problem["blocking"]
    assert "BM_sum/64.real_time_s" in result.metrics
    assert not [name for name in result.metrics if "broken" in name]


def test_a_failed_case_is_a_missing_item():
    result = read(
        "google-benchmark", "google-benchmark-failed.json", options=":t=real_time_s,items=case"
    )
    assert result.items["t"]["n"] == 2 and result.items["t"]["missing"] == 1


def test_what_the_command_prints_is_read_where_it_prints_it(tmp_path: Path):
    (tmp_path / "out").write_bytes(b"\x1b[1mhello\x1b[0m\n" + (FILES / "go-bench.txt").read_bytes())
    (tmp_path / "err").write_bytes(b"3 files\n" + (FILES / "perf-stat.txt").read_bytes())
    files = RunFiles(str(tmp_path), str(tmp_path / "out"), stderr=str(tmp_path / "err"), written={})
    for reader, metric in (
        ("benchmark", "BenchmarkChatty.time_s"),
        ("go-bench", "BenchmarkChatty.time_s"),
        ("perf-stat", "elapsed_s"),
    ):
        result = registry.extract([parse_spec(f"reader:{reader}:-")], files)
        assert metric in result.metrics and not codes(result)
    (tmp_path / "out").write_bytes(b"")
    (tmp_path / "err").write_bytes(b"")
    assert codes(registry.extract([parse_spec("reader:benchmark:-")], files)) == ["empty-file"]


def test_long_names_that_begin_alike_are_two(tmp_path: Path):
    kernel = "void kernel<" + "int, " * 100
    rows = "".join(f'10.0,100,1,100.0,100,100,"{kernel}{end}>"\n' for end in "ab")
    header = "Time (%),Total Time (ns),Instances,Avg (ns),Min (ns),Max (ns),Name\n"
    (tmp_path / "out.csv").write_text(header + rows)
    result = read("nsys", "out.csv", tmp_path)
    totals = [name for name in result.metrics if name.endswith(".total_time_s")]
    assert len(totals) == 2 and not result.problems


def test_a_benchmark_without_a_score_is_named_whatever_was_counted_beside_it(tmp_path: Path):
    row = {
        "benchmark": "x.Sums.cold",
        "mode": "ss",
        "primaryMetric": {"score": "NaN", "scoreError": "NaN", "scoreUnit": "ms/op"},
        "secondaryMetrics": {"gc.count": {"score": 3, "scoreUnit": "counts"}},
    }
    (tmp_path / "out.json").write_text(json.dumps([row]))
    result = read("jmh", "out.json", tmp_path)
    assert list(result.metrics.values()) == [3]
    assert [problem["what"] for problem in result.problems] == [
        "x.Sums.cold: JMH has no score of it: it failed: case 1"
    ]


def test_a_skipped_state_is_named_with_its_reason():
    (problem,) = read("nvbench", "nvbench.json").problems
    assert not problem["blocking"] and "too many threads" in problem["what"]


def test_the_unit_of_a_statement_that_asv_times_is_seconds(tmp_path: Path):
    told = {"result_columns": ["result"], "results": {"b.timeraw_start": [[0.25]]}}
    (tmp_path / "a.json").write_text(json.dumps({"commit_hash": "c", "python": "3", **told}))
    assert read("asv", "a.json", tmp_path).metrics == {"b.timeraw_start.value_s": 0.25}


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


def test_what_only_quotes_a_heading_is_none(tmp_path: Path):
    text = (FILES / "benchee.txt").read_text()
    quoted = "it said ##### With input large #####\n\nMemory usage"
    (tmp_path / "out.txt").write_text(text.replace("Memory usage", quoted, 1))
    assert read("benchee", "out.txt", tmp_path).metrics == read("benchee", "benchee.txt").metrics


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
