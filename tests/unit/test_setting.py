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
    ],
)
def test_a_result_needs_one(text: str) -> None:
    assert unbound_numbers(text, measured(), {})
