"""A number that its place binds to a setting is no result; one of a metric, a comparison or a count of
runs is."""

from __future__ import annotations

import pytest

from leadline.core.record.thread import Thread
from leadline.core.text.unbound import unbound_numbers
from leadline.testing.builders import ThreadBuilder


def measured() -> Thread:
    b = ThreadBuilder(metrics=[("loss", "", "lower"), ("time_ms", "ms", "lower")])
    for seed in (1, 2, 3):
        b.run("", {"loss": 1.0 + seed / 100}, {"seed": seed, "batch": 32})
    return b.thread()


@pytest.mark.parametrize(
    "text",
    [
        "Learning rate 3e-4, cosine to zero, warmup over 2000 steps",
        "batch size 256 and sequence length 1024",
        "driver 550.54 and the container of tag 24.05",
        "shared_buffers 8GB",
        "Temperature 0.7, top-p 0.95",
        "median of 30 launches after 10 warmup launches",
        "M=16 and efConstruction=200",
        "power cap at 300W",
        "first 10k documents",
        "Beam width 5, length penalty 0.6",
        "Images are cropped to 384 pixels.",
        "The context window was 8192 tokens.",
        "Clock locked at 1410 MHz.",
        "AdamW with beta1 0.9 and beta2 0.95.",
        "Evaluated every 500 steps.",
        "peak learning rate 3e-4, sampling rate 16 kHz, expansion ratio 4",
        "timeout_s 30",
        "compression level 30",
        "Agent runs were capped at 40 turns.",
        "the default of 16 shards was kept",
        "tiles of 128 by 64",
        "Some captures were truncated at 96 bytes.",
        "Dropout was left at 0.1 out of habit.",
        "Postgres 16.2 on CUDA 12.4, built with gcc 13",
        "Python 3.11 with PyTorch 2.2",
        "Linux 6.1 on one host, 6.6.4 on the other",
        "Kafka 3.6 and Redpanda 23.3 used the same topic layout.",
        "It is Trino 440.",
        "Kokkos 4.2, RAJA 2023.06 and SYCL via DPC++ 2024.0 were ported.",
        "BadgerDB 4.2 keeps values apart from keys.",
        "The graph was read from Dgraph 23.1 by one client.",
    ],
)
def test_how_it_was_run_needs_no_citation(text: str) -> None:
    assert unbound_numbers(text, measured(), {}) == []


@pytest.mark.parametrize(
    "text",
    [
        "loss fell to 0.31",
        "accuracy of 0.97",
        "time 20 ms",
        "throughput 4100 tokens/s",
        "it converges in 500 steps",
        "it needs 2000 steps",
        "new takes 300 seconds",
        "saves 14 GB",
        "new is ahead by 14 points",
        "27 of 30 seeds",
        "over 30 runs",
        "40 trials per method",
        "error rate of 0.02",
        "recall 0.98 at M=16",
        "it handles 9000 requests a second",
        "peak memory is 14 GB",
        "batch size 64 gives a loss of 0.3",
        "time_ms = 12.5",
        "p = 0.003",
        "acc=0.97",
        "val_acc 0.97",
        "valAcc 0.91",
        "mAP = 41.3",
        "R=0.93",
        "tok_s = 4100",
        "precision 0.98",
        "hit ratio 0.97",
        "compression ratio of 3.2",
        "miss rate 3 %",
        "solve rate 92%",
        "on the order of 3 GB",
        "median of 30 ms",
        "average of 41 points",
        "p99 of 12 ms",
        "measured at 12 ms",
        "it finished at 12 ms",
        "up to 40 ms",
        "over 90 %",
        "time per step was 31 ms",
        "energy per sample 31 J",
        "peak temperature 81 C",
        "solved after 300 steps",
        "the cache was 93 % full",
        "the error was kept at 2 %",
        "latency was cut to 30 ms",
        "it was cut to 30 ms",
        "the footprint was kept at 30 MB",
        "page cache 93% full",
        "sparsity level 0.9",
        "a level of 0.9 was kept",
        "BERT 93.2",
        "BERT 93.2 and RoBERTa 94.1 on MNLI",
        "BERT 27.3 was used",
        "BERT 93.2 was run",
        "Postgres 16.2 ms",
        "Redis 93.2, Postgres 91.0",
        "Redis 4100 and Kafka 3200",
        "ours gives BLEU with Transformer 27.3",
        "GPT 2.85, ours 2.71",
        "with Muon 3.28 was better",
        "the loss rose to 1e999",
        "the overhead was kept at 13 %",
        "top-1 was kept at 97.1 %",
        "the utilization was kept at 91 %",
    ],
)
def test_a_result_needs_one(text: str) -> None:
    assert unbound_numbers(text, measured(), {})


def test_a_number_after_a_name_that_the_record_has_is_a_score() -> None:
    b = ThreadBuilder(metrics=[("bleu", "", "higher")])
    b.run("", {"bleu": 27.3}, {"arm": "new"})
    text = "The newer Transducer {} was used with a beam."
    assert unbound_numbers(text.format("27.3"), b.thread(), {})
    assert not unbound_numbers(text.format("4.2"), b.thread(), {})
