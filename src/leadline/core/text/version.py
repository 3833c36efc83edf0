"""Which numbers are versions of products, and so names: "Postgres 16.2", "gcc 13".

A known product is told by its name. Of any other name ("BadgerDB 4.2") a number is a version where the
sentence says what was done with it and nothing of a result: "BERT 93.2" is a score.
"""

from __future__ import annotations

import re

from leadline.core.patterns import later
from leadline.core.text.quantity import Quantity

_PRODUCTS = """
    airflow alma android ansible bazel bun caddy cassandra ceph chrome chromium cilium clang
    clickhouse cmake cockroachdb conda containerd cuda cudnn cutlass cython dask dbt debian deno
    django docker dotnet duckdb elasticsearch envoy erlang etcd fedora ffmpeg firefox flask
    fortran freebsd gatk gcc gdb ghc git glibc golang grafana gromacs hadoop haproxy hbase hdf5
    icc icx influxdb ios java javac jax jdk jemalloc jupyter jvm k8s kafka keras kokkos kotlin
    kubernetes lammps leveldb libc lightgbm linux llvm lua macos malloc mariadb matlab memcached
    mimalloc minio mkl mongodb mpi mpich mujoco musl mysql nccl neo4j nginx node.js nodejs npm
    numba numpy nvcc ocaml oneapi onednn onnx onnxruntime openblas opencl opencv openjdk openmp
    openmpi opensearch openssh openssl pandas parquet php pip polars postgres postgresql presto
    prometheus protobuf pulsar pyarrow pybullet pypy pytest python pytorch qdrant qemu quiche
    rabbitmq redis redpanda rhel rocksdb rocm ruby rustc samtools scala scanpy scikit-learn
    scipy scylladb seurat slurm solr sqlite sycl systemd tensorflow tensorrt terraform tidb
    timescaledb tokio tomcat torch trino triton typescript ubuntu ucx valgrind valkey verilator
    vllm vulkan wasmtime webpack xgboost xla xxhash yugabytedb zlib zookeeper zstd
"""
_ALSO_WORDS = """
    Arrow Boost Chapel Edge Flink Go Helm Hive Julia Kernel Mesa Node Oracle Perl Ray Rust
    Safari Snappy Spark Swift Windows Zig
"""
_KNOWN = frozenset([*_PRODUCTS.split(), *_ALSO_WORDS.split()])
_NAME = later(r"(?:(?P<led>[\w)`,;(]\s+)|(?<![\w.+-]))(?P<name>[A-Za-z][\w.+-]*)\s+$")
_NEAR = 40  # characters
_MIXED = later(r"[a-z].*[A-Z]|[A-Z]{2}.*[a-z]|[a-z].*\d")
_DONE_WITH = later(
    r"\b(?:was|were|is|are|has|had|ran|runs?|used?|uses|using|reads?|wrote|writes?|built|compil\w+|install\w+|via|"
    r"through|bump\w*|upgrad\w+|pin\w*|start\w+|keeps?|kept|shares?|moved|adds?|disagree|differ|answer|implement\w*|"
    r"complain\w*|flagg\w+|serv\w+|load\w*|comes?|emit\w*|pars\w+|ships?|requires?|with|scale\s+the)\b"
)
_SCORED = later(
    r"(?i)\b(?:scor\w+|measur\w+|show\w*|giv\w+|gave|yield\w*|obtain\w*|gets?|got|reach\w*|report\w*|above|below|"
    r"points?|ahead|behind|than|accurac\w+|loss(?:es)?|errors?|latency|throughput|f1|bleu|rouge|glue|squad|mnli|better|worse|"
    r"faster|slower|best|beats?|wins?|won)\b"
)
_NEWEST = (
    50  # the highest version of what is not numbered by years; a score of a hundred is above it
)


def is_version(q: Quantity, prose: str) -> bool:
    """Whether ``q`` of ``prose`` is the version of the known product that stands before it."""
    name = _named(q, prose)
    if name is None or not {name["name"], name["name"].lower()} & _KNOWN:
        return False
    return q.value < _NEWEST or _is_year(q) or (q.digits.isdigit() and q.value < 1000)


def may_be_version(q: Quantity, prose: str, sentence: str) -> bool:
    """Whether ``q`` may be the version of what is named before it, unless the record has this number.
    ``sentence``: that of ``prose`` it stands in."""
    name = _named(q, prose)
    if name is None or "." not in q.digits or not (q.value < _NEWEST or _is_year(q)):
        return False
    named = (name["led"] and name["name"][0].isupper()) or _MIXED.search(name["name"])
    return bool(named) and bool(_DONE_WITH.search(sentence)) and not _SCORED.search(sentence)


def _named(q: Quantity, prose: str) -> re.Match[str] | None:
    plain = q.kind == "measure" and not q.unit and not q.sign and not set(q.digits) & set(",e")
    return _NAME.search(prose[max(0, q.start - _NEAR) : q.start]) if plain and q.digits else None


def _is_year(q: Quantity) -> bool:
    return 2000 <= q.value < 2100
