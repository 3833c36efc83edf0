"""Which roles are offered for the columns of a table, by name and content."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leadline.adapters.results.tables import TableSource
from leadline.core.record.run import MetricDef
from leadline.core.tracker.imported import Columns
from leadline.core.tracker.offered import Offer, offer

BENCHMARKS = Path(__file__).parent.parent / "fixtures" / "benchmarks"


def offered(path: Path, text: str, *metrics: MetricDef) -> Offer:
    path.write_text(text)
    found = TableSource(path.suffix[1:]).read(str(path), Columns({}, [], look_at=1_000))
    known = {metric.name: metric for metric in metrics}
    return offer(found.columns, found.sample, known, found.measured)


LOOP = (
    "commit\tval_bpb\tmemory_gb\tversion\tstatus\tdescription\n"
    "3087aeb\t2.335670\t5.5\t1.1\tkeep\tbaseline\n"
    "1234e56\t2.141833\t5.5\t1.10\tkeep\tno warmdown\n"
    "7b1c5a1\t0.000000\t0.0\t1.2\tcrash\ttied weights: loss stuck\n"
)
LONG = (
    "exp_id\tmetric\tvalue\tseed\tstatus\tnotes\n"
    "E00\tmae\t12.1\t1\tBASELINE\t\n"
    "E00\tr2\t0.71\t1\tBASELINE\t\n"
    "E01\tmae\t11-13\t1\tKEEP\tno single number\n"
)
PAIRED = (
    "thesis\tattempt\tmetric\tbaseline\tstatus\tsummary\n"
    "1\t1\t0.118\t0.277\taccepted\tcache\n"
    "1\t2\t0.290\t0.281\tnon_improvement\tinline\n"
    "2\t1\t\t0.279\tcrashed\tdid not run\n"
)
ITEMS = "model,question,answer,correct\n" + "".join(
    f"{model},q{n},the answer {n} of {model},{n % 2 == 0}\n" for model in "ab" for n in range(4)
)
SERIES = "".join(
    json.dumps({"step": n, "ahead": 0.7 - n / 90, "imm": 1.3 - n / 80}) + "\n" for n in range(9)
)
SWEEP = """\
,lr,batch_size,model,seed,test/acc,time (ms),p_value,empty
0,1e-3,64,small,1,0.91,1500,0.01,
1,1e-3,64,small,2,0.92,1499,0.2,
2,1e-2,64,small,1,0.95,1512,0.3,
"""
TIMES = """\
Name,Created,State,Tags,lr,loss
run-a,2026-05-02T10:00:00.000Z,finished,,0.1,2.5
run-b,2026-05-03T10:00:00.000Z,failed,,0.1,
run-c,2026-05-04T10:00:00.000Z,finished,,0.2,2.25
"""


@pytest.mark.parametrize(
    ("name", "text", "roles"),
    [
        (
            "loop.tsv",
            LOOP,
            {
                "metrics": ["val_bpb", "memory_gb"],
                "config": ["version"],
                "key": ["commit"],
                "commit": "commit",
                "state": "status",
                "words": ["description"],
            },
        ),
        (
            "long.tsv",
            LONG,
            {
                "metric_column": "metric",
                "value_column": "value",
                "config": ["exp_id", "seed"],
                "key": ["exp_id"],
                "state": "status",
                "words": ["notes"],
            },
        ),
        (
            "paired.tsv",
            PAIRED,
            {
                "before": "baseline",
                "after": "metric",
                "config": ["thesis", "attempt"],
                "state": "status",
                "words": ["summary"],
            },
        ),
        (
            "answers.csv",
            ITEMS,
            {
                "metrics": ["correct"],
                "config": ["model"],
                "words": ["answer"],
                "items": ["question"],
            },
        ),
        ("trace.jsonl", SERIES, {"metrics": ["ahead", "imm"], "step": "step"}),
        (
            "sweep.csv",
            SWEEP,
            {
                "metrics": ["test/acc", "time (ms)"],
                "config": ["lr", "batch_size", "model", "seed"],
            },
        ),
        (
            "wandb.csv",
            TIMES,
            {
                "metrics": ["loss"],
                "config": ["lr"],
                "key": ["Name"],
                "time": "Created",
                "state": "State",
            },
        ),
    ],
)
def test_columns_are_offered_by_name_and_content(
    tmp_path: Path, name: str, text: str, roles: dict[str, object]
) -> None:
    assert offered(tmp_path / name, text).roles == roles


def test_a_metric_is_offered_with_its_unit_and_the_better_way(tmp_path: Path) -> None:
    found = {one.column: one for one in offered(tmp_path / "s.csv", SWEEP).columns}
    assert (found["time (ms)"].unit, found["time (ms)"].better) == ("ms", "lower")
    assert (found["test/acc"].unit, found["test/acc"].better) == ("", "higher")
    assert [found[name].role for name in ("", "p_value", "empty")] == ["left"] * 3


def test_a_unit_in_the_cells_is_seen(tmp_path: Path) -> None:
    text = "lr,time\n1,12.5 ms\n2,13.5 ms\n3,12.9 ms\n"
    time = offered(tmp_path / "u.csv", text).columns[1]
    assert (time.role, time.unit, time.in_cells) == ("metric", "ms", True)


def test_what_the_thread_defines_goes_before_names(tmp_path: Path) -> None:
    text = "layers,lr\n1,0.1\n2,0.1\n"
    defined = offered(tmp_path / "d.csv", text, MetricDef("layers", direction="higher"))
    assert defined.roles["metrics"] == ["layers"]
    assert defined.columns[0].better == "higher"


def test_ids_that_come_again_with_other_values_name_no_row(tmp_path: Path) -> None:
    text = "commit,loss,run\nHEAD,1.25,1\nHEAD,1.5,2\nHEAD,1.75,3\n"
    assert offered(tmp_path / "h.csv", text).roles["key"] == ["run"]


def test_numbers_of_rows_that_are_states_of_the_code_are_metrics(tmp_path: Path):
    text = (
        "commit\tperformance\tseo\tdepth\tstatus\tdescription\n"
        "c2450ad\t59.0\t61.0\t4\tkeep\tbaseline\n"
        "3903c0f\t59.0\t92.0\t6\tkeep\tno debug header\n"
        "f3d9f1b\t86.0\t92.0\t6\tdiscard\tno gain\n"
    )
    roles = offered(tmp_path / "t.tsv", text).roles
    assert (roles["metrics"], roles["config"]) == (["performance", "seo"], ["depth"])


def test_the_column_that_its_name_tells_comes_before_one_that_its_content_does(tmp_path: Path):
    text = "changed\tstatus\theartbeat\tstart_time\tloss\n"
    text += "BASELINE\tbaseline\t2026-01-02T03:04:05\t2026-01-02T03:00:00\t0.5\n"
    roles = offered(tmp_path / "t.tsv", text).roles
    assert (roles["state"], roles["time"]) == ("status", "start_time")


def test_more_of_a_rate_is_better(tmp_path: Path):
    text = "case,ops_per_s,bytes_per_op\na,5.5,2\nb,6.5,3\n"
    found = {one.column: one for one in offered(tmp_path / "t.csv", text).columns}
    assert (found["ops_per_s"].better, found["ops_per_s"].unit) == ("higher", "")
    assert found["bytes_per_op"].better == "lower"


def test_more_bytes_a_second_are_better_and_an_arrow_says_which_way(tmp_path: Path):
    text = "a,bytes_per_s,allocs_per_op,Acc \u2193,f1\nx,1.5,3,.5,.9\ny,2.5,4,.6,.8\n"
    columns = offered(tmp_path / "t.csv", text).columns
    assert [one.better for one in columns[1:]] == ["higher", "lower", "lower", "higher"]


def test_what_a_benchmark_tool_wrote_as_a_table_is_its_cases(tmp_path: Path):
    """Its columns would be anything by their names: a mean with its unit in the cell, an error."""
    head = "Method,Job,Affinity,Arguments,WarmupCount,N,Mean,Error,StdDev,Ratio,Allocated\n"
    table = (
        head
        + "A,Short,11,Default,3,10,2.5 ms,0.2 ms,0.1 ms,1.00,1.5 KB\nB,Short,11,Default,3,10,NA,NA,NA,?,NA\n"
    )
    found = offered(tmp_path / "x.Sums-report.csv", table)
    assert found.roles["metrics"] == ["mean_s", "allocated_bytes_per_op"]
    assert (found.roles["config"], found.roles["state"]) == (["benchmark"], "state")
    named = Columns({"C": "c"}, ["A"])
    named.header = list("ABCDEFGHIJK")
    runs = TableSource("csv").read(str(tmp_path / "x.Sums-report.csv"), named).runs
    assert [run.config for run in runs] == [{"A": "A"}, {"A": "B"}]
    other = "Method,Dataset,Mean,Std\nours,a,0.91,0.01\ntheirs,a,0.85,0.02\n"
    assert offered(tmp_path / "y.csv", other).roles["config"] == ["Method", "Dataset"]


def test_what_several_measurements_came_to_is_better_as_each_of_them(tmp_path: Path):
    found = offered(tmp_path / "t.csv", "a,bytes_per_s_mean,time_max\nx,1.5,2.5\ny,3.5,4.5\n")
    assert [one.better for one in found.columns] == ["", "higher", "lower"]


def test_a_value_with_its_spread_is_offered_as_the_value_and_the_words(tmp_path: Path):
    text = "model,acc,ms\na,0.57 \u00b1 0.02,3\nb,0.5,4\n"
    found = offered(tmp_path / "t.csv", text)
    assert (found.roles["metrics"], found.roles["words"]) == (["ms", "acc.value"], ["acc"])
    taken = Columns({"acc.value": "acc"}, None)
    (first, second) = TableSource("csv").read(str(tmp_path / "t.csv"), taken).runs
    assert (first.metrics, second.metrics) == ({"acc": 0.57}, {"acc": 0.5})
    assert "acc" not in first.config


def test_rows_that_words_or_repeats_tell_apart(tmp_path: Path):
    roles = offered(tmp_path / "t.csv", "model,ms\nres net,5.5\nvision t,5.4\n").roles
    assert roles["config"] == ["model"]
    roles = offered(tmp_path / "t.csv", "m,rep,ms\na,1,5.5\na,2,5.4\n").roles
    assert roles["config"] == ["m"]


def test_a_file_of_settings_offers_no_metric(tmp_path: Path):
    assert "metrics" not in offered(tmp_path / "c.json", '{"lr": 0.1, "seed": 42}').roles


@pytest.mark.parametrize(
    ("text", "roles"),
    [
        # what becomes of a run is told by an exit code, a yes or no, or what went wrong
        ("lr,exit_code,loss\n1,0,2.5\n2,137,0\n", {"state": "exit_code"}),
        ("lr,success,loss\n1,True,2.5\n2,False,0.0\n", {"state": "success"}),
        ("lr,success,loss\n1,True,2.5\n2,False,3.5\n", {}),
        ("lr,success\n1,True\n2,False\n", {"metrics": ["success"]}),
        ("cfg,passed,ms\na,\u2705,5\nb,\u274c,\n", {"state": "passed"}),
        ("a,metrics.big\nx,9007199254740993\n", {"metrics": ["metrics.big"]}),
        ("lr,is_oom,loss\n1,0,2.5\n2,1,0\n", {"state": "is_oom"}),
        ("lr,error,loss\n1,,2.5\n2,ValueError: x,0\n", {"state": "error"}),
        ("lr,error\n1,2.5\n2,2.25\n", {"metrics": ["error"]}),
        ("task,loss,kept\nx,1.5,yes\ny,1.2,no\n", {"words": ["kept"]}),
        ("date,lr,loss\n02.05.2026,1,5\n03.05.2026,1,6\n", {"words": ["date"]}),
        ("time,lr,loss\n12m30s,1,5\n13m10s,1,6\n", {"words": ["time"]}),
        # most of a column failed, or could be read in two ways
        ("bs,tokens_per_s\n8,1200\n16,OOM\n32,-\n", {"metrics": ["tokens_per_s"]}),
        ('m,tok/s\na,"12,345"\nb,"9,876"\n', {"metrics": ["tok/s"]}),
        ("n,duration,loss\n1,0 days 00:01:00,2.5\n2,0 days 00:02:00,3\n", {"words": ["duration"]}),
        ("run,step,loss\na,0,3.5\na,10,3.1\nb,0,3.6\nb,10,3.0\n", {"step": "step"}),
        (
            "step,loss,lr\n0,3.5,.1\n10,3.1,.09\n20,2.8,.08\n",
            {"step": "step", "metrics": ["loss", "lr"]},
        ),
        ("iter,loss,lr\n0,3.5,.1\n10,3.1,.09\n20,2.8,.08\n", {"metrics": ["loss"]}),
        # an evaluation stands beside its step of training; an epoch has several steps
        (
            "epoch,step,loss,eval_loss\n1,5,2.5,\n1,9,2.1,\n1,9,,.5\n2,15,1.9,\n",
            {"step": "step", "metrics": ["epoch", "loss", "eval_loss"]},
        ),
        # what passes and fails; a spread beside its metric; repeats; what alone tells rows apart
        ("n,ok,ms\n1,PASS,5.5\n2,PASS,6.1\n3,FAIL,0.0\n4,PASS,5.1\n", {"state": "ok"}),
        ("m,acc,acc_std\na,.91,.01\nb,.92,.02\n", {"metrics": ["acc"]}),
        ("m,init_std,acc\na,.01,.91\na,.02,.92\n", {"metrics": ["init_std", "acc"]}),
        ("m,rep,ms\na,1,5.5\na,2,5.4\n", {"metrics": ["ms"]}),
        ("model,ms\nres net,5.5\nvision t,5.4\n", {"metrics": ["ms"]}),
    ],
)
def test_roles_are_told_by_what_cells_hold(tmp_path: Path, text: str, roles: dict[str, object]):
    found = offered(tmp_path / "t.csv", text).roles
    shown = ("state", "words", "step", *(["metrics"] if "metrics" in roles else []))
    assert {role: found[role] for role in shown if role in found} == roles


def test_the_unit_of_a_value_is_no_config(tmp_path: Path):
    text = "id,measure,reading,unit\nA,latency,12.5,ms\nA,mem,1.5,GB\n"
    assert offered(tmp_path / "l.csv", text).roles["config"] == ["id"]


def test_the_unit_in_the_cells_of_a_change_is_seen(tmp_path: Path):
    text = "name,control_acc,treatment_acc\nx,50.5%,53.2%\ny,48%,47%\n"
    after = offered(tmp_path / "c.csv", text).columns[2]
    assert (after.role, after.unit, after.in_cells) == ("after", "%", True)


def test_a_date_of_the_config_is_no_time_of_its_run(tmp_path: Path):
    found = offered(tmp_path / "t.csv", "config.day,acc\n2026-01-02,0.5\n2026-01-03,0.6\n")
    assert found.roles == {"metrics": ["acc"], "config": ["config.day"]}


def test_a_column_that_is_called_a_value_is_that_and_hides_none(tmp_path: Path):
    text = "acc,acc.value\n0.5 \u00b1 0.1,7\n0.6 \u00b1 0.1,8\n"
    path = tmp_path / "t.csv"
    path.write_text(text)
    found = TableSource("csv").read(str(path), Columns({}, [], look_at=9))
    assert [row["acc.value"] for row in found.sample] == ["7", "8"]
    assert "acc" in offered(path, "acc,acc.value\n0.5,7\n0.6,8\n").roles["metrics"]


def test_a_name_with_a_mark_in_brackets_is_offered(tmp_path: Path):
    found = offered(tmp_path / "t.csv", "make[branch=main].mean_s,n=4\n0.5,1\n0.25,2\n")
    assert found.roles["metrics"] == ["make[branch=main].mean_s"]
    assert found.of("left") == ["n=4"]


def test_the_least_and_the_most_beside_a_mean_are_measured_and_so_is_a_percentile(tmp_path: Path):
    text = "name,min,max,mean,depth_max,95%,p99\na,1,9,5.5,3,8,9\nb,2,8,4.5,3,7,8\n"
    found = offered(tmp_path / "t.csv", text)
    assert found.roles["metrics"] == ["min", "max", "mean", "95%", "p99"]
    assert found.roles["config"] == ["name", "depth_max"]


def test_a_report_that_a_tool_left_out_is_noted_and_no_row(tmp_path: Path):
    (tmp_path / "n.txt").write_text((BENCHMARKS / "nsys-printed.txt").read_text())
    found = TableSource("text").read(str(tmp_path / "n.txt"), Columns({}, [], look_at=9))
    assert [row["state"] for row in found.sample] == ["done"] * 3
    assert [where for where, _ in found.notes] == ["cuda_gpu_kern_sum"]
