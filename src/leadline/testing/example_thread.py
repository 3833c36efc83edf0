"""One realistic thread, for tests of everything that renders, lists or posts a thread."""

from __future__ import annotations

from leadline.testing.builders import ThreadBuilder


def realistic() -> ThreadBuilder:
    """An open thread: baseline, a claim, a failure, a falsified hypothesis, a decision, a run under
    way."""
    b = ThreadBuilder(
        "paged-attention",
        "PA",
        metrics=[("time_ms", "ms", "lower"), ("max_error", "", "lower")],
        title="Paged attention on one H100",
        goal="Decode step of paged attention below 550 ms at equal error",
        problem="Decoding spends most of its time gathering pages; each page is reached through two tables.",
        motivation="Serving cost is dominated by decode. Numbers from the vendor's kernel are for short contexts.",
        stop=["three repeats below 550 ms with max_error <= 1e-3", "or five failed designs"],
        constraint=["no change of the page table layout"],
        code=["kernels/paged.py"],
        reference=["https://arxiv.org/abs/2309.06180"],
    )
    b.hypothesis("Wider blocks hide the page-table loads")
    b.hypothesis("Storing pages in fp8 halves the time")
    base = {"block": 64, "dtype": "bf16", "batch": 8}
    b.run("reference kernel", {"time_ms": 712.4, "max_error": 2.1e-4}, base, hypotheses=["PA-H1"])
    b.repeat(
        "PA-001", {"time_ms": 709.9, "max_error": 2.1e-4}, {"time_ms": 715.0, "max_error": 2.2e-4}
    )
    b.baseline("PA-001", "three repeats on a quiet machine")
    b.note("Bound by the gather: {{PA-001.time_ms}} at batch 8.", ["PA-001"], "interpretation")
    b.note("Try block 128.", ["PA-001"], "next")
    b.run(
        "block 128",
        {"time_ms": 507.1, "max_error": 2.1e-4},
        {**base, "block": 128},
        hypotheses=["PA-H1"],
    )
    b.repeat(
        "PA-002", {"time_ms": 509.8, "max_error": 2.1e-4}, {"time_ms": 506.6, "max_error": 2.0e-4}
    )
    b.claim(
        "Block 128 takes {{PA-002.time_ms}} against {{baseline.time_ms}} "
        "({{PA-002.time_ms / baseline.time_ms :+.1%}}, n={{PA-002.time_ms.n}})",
        ["PA-002"],
        "time_ms(PA-002) < time_ms(PA-001)",
    )
    b.update(labels={"PA-C1": "exploratory"})
    b.run(
        "block 256",
        config={**base, "block": 256},
        state="failed",
        reason="exit code 1",
        wall_s=12.0,
        ended={
            "outputs": {
                "excerpt": "RuntimeError: out of shared memory: 262144 > 233472 | see `smem`",
                "excerpt_of": "stderr",
            }
        },
    )
    b.note(
        "Needs more shared memory than the device has; splitting the head is the way on.",
        ["PA-003"],
        "negative",
    )
    b.run(
        "fp8 pages",
        {"time_ms": 488.0, "max_error": 9.7e-3},
        {**base, "block": 128, "dtype": "fp8"},
        hypotheses=["PA-H2"],
        code={
            "tree": "t" * 40,
            "commit": "c" * 40,
            "head": "a" * 40,
            "dirty": True,
            "changed_total": 2,
            "gaps": [{"path": ".env", "kind": "secret"}],
        },
    )
    b.change_hypothesis(
        "PA-H2",
        "falsified",
        evidence=["PA-004"],
        why="max_error is {{PA-004.max_error}}, above the limit, for {{PA-004.time_ms}}",
    )
    b.decision("Keep bf16 pages; block 128 is the default", ["PA-002", "PA-004"], owner="ada")
    b.change("stop", "confirmed at batch 32", "serving runs at 32", mode="add")
    b.refuse("label-too-high", "PA-C1 cannot be called stable", "PA-C1 was repeated on one shape")
    b.plan("batch 32", {**base, "block": 128, "batch": 32})
    b.note("Choosing the block well saves about a third of the waiting time.", role="takeaway")
    return b


def finished() -> ThreadBuilder:
    """The same thread, with a retraction, sealed and finished."""
    b = realistic()
    b.retract("PA-004", "the error was measured on the wrong tensor")
    b.snapshot("paged-attention-s1")
    b.finish(
        "Block 128 is the new default: {{PA-002.time_ms}}.",
        worked=["block 128"],
        failed=["block 256"],
        limits=["one H100, batch 8"],
        next_steps=["confirm at batch 32", "split the head for block 256"],
    )
    return b
