"""What differs between two sides: every recorded fact, and what a declaration excuses."""

from __future__ import annotations

from typing import Any

import pytest

from leadline.core.compare.config_diff import config_diff, fact_of, package_changes
from leadline.core.record.run import Run, program_of


def run(n: int = 1, **fields: Any) -> Run:
    base: dict[str, Any] = {
        "state": "done",
        "config": {"level": 1, "size": 10},
        "code": {"tree": "t1"},
        "hardware": {"host": "h"},
        "argv": ["bench", "--level", "1"],
    }
    return Run(f"P-001-r{n}", f"{n:026d}", "P-001", **{**base, **fields})


def roles(diff: Any) -> dict[str, str]:
    return {f"{row.area}.{row.key}": row.role for row in diff.rows}


def test_axis_nuisance_confound_unknown() -> None:
    b = run(2, config={"level": 9, "size": 20, "seed": 2}, argv=["bench", "--level", "9"], code={})
    assert roles(config_diff(run(), b, ["level"], ["seed"])) == {
        "config.level": "axis",
        "config.size": "confound",
        "config.seed": "nuisance",
        "code.tree": "unknown",
    }
    assert not config_diff(run(), b, ["level"], ["seed"]).clean
    assert config_diff(run(), b, ["level"], ["seed", "size", "code"]).clean


def test_unknown_code_on_both_sides_is_not_clean_even_as_axis() -> None:
    assert roles(config_diff(run(code={}), run(2, code={}), ["code"])) == {"code.tree": "unknown"}
    assert roles(config_diff(run(), run(2, code={"tree": "t2"}), ["code"])) == {"code.tree": "axis"}


def test_command_tokens_that_follow_the_axis_are_explained() -> None:
    a = run(argv=["bench", "--clevel", "1", "out-1.json", "10"])
    b = run(2, argv=["bench", "--clevel", "9", "out-9.json", "10"], config={"level": 9, "size": 10})
    assert roles(config_diff(a, b, ["level"])) == {"config.level": "axis"}
    b.argv[-1] = "90"
    assert roles(config_diff(a, b, ["level"])) == {
        "config.level": "axis",
        "command.argument 2": "confound",
    }


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"argv": ["other", "--level", "1"]}, "command.program"),
        ({"cwd": "x"}, "command.cwd"),
        ({"environment": {"OMP": "1"}}, "environment.OMP"),
        ({"hardware": {"host": "g"}}, "hardware.host"),
        ({"executor": "slurm"}, "executor.executor"),
        ({"devices": {"count": 8}}, "devices.count"),
        ({"software": {"python": "3.12"}}, "software.python"),
        ({"code": {"tree": "t1", "gaps": ["x"]}}, "code.gaps"),
    ],
)
def test_every_area_is_compared_and_can_be_declared(fields: dict[str, Any], name: str) -> None:
    diff = config_diff(run(), run(2, **fields))
    assert list(roles(diff)) == [name] and not diff.clean
    assert roles(config_diff(run(), run(2, **fields), [], [name])) == {name: "nuisance"}
    assert roles(config_diff(run(), run(2, **fields), [], [name.partition(".")[0]])) == {
        name: "nuisance"
    }


def test_a_pointer_in_the_place_of_a_file_is_another_program() -> None:
    pointer = [{"path": "w.bin", "kind": "elsewhere", "reason": "its content is not here"}]
    whole, without = run(code={"tree": "t1"}), run(2, code={"tree": "t1", "gaps": pointer})
    assert program_of(whole.code) == "t1" != program_of(without.code)
    diff = config_diff(whole, without)
    assert list(roles(diff)) == ["code.gaps"] and not diff.clean
    assert diff.rows[0].b == ["w.bin (its content is not here)"]


def test_what_a_sparse_checkout_left_out_is_said_and_no_confound() -> None:
    left_out = [{"path": "docs", "kind": "sparse", "reason": "not checked out"}]
    diff = config_diff(run(code={"tree": "t1"}), run(2, code={"tree": "t1", "gaps": left_out}))
    assert diff.clean and diff.notes == ["docs: not checked out for some of the runs"]


def test_a_flag_on_one_side_only_is_known_to_differ() -> None:
    b = run(
        2, argv=["bench", "--level", "1", "--fast"], config={"level": 1, "size": 10, "fast": True}
    )
    assert roles(config_diff(run(), b)) == {"config.fast": "confound"}
    assert roles(config_diff(run(), b, ["fast"])) == {"config.fast": "axis"}
    assert roles(config_diff(run(), b, ["command"])) == {"config.fast": "axis"}


def test_values_of_the_moment_are_not_compared() -> None:
    a, b = ({"host": "h", "disk_free_bytes": n, "load_1m": n, "checked_at": str(n)} for n in (1, 2))
    assert config_diff(run(hardware=a), run(2, hardware=b)).rows == []


def test_runs_of_one_side_that_disagree_are_reported() -> None:
    side = [run(1, config={"level": 1, "seed": 1}), run(2, config={"level": 1, "seed": 2})]
    diff = config_diff(
        side, [run(3, config={"level": 1, "seed": 2}), run(4, config={"level": 1, "seed": 1})]
    )
    assert diff.rows == [] and {(w["side"], w["key"]) for w in diff.within} == {
        ("a", "seed"),
        ("b", "seed"),
    }
    uneven = config_diff(side, [run(3, config={"level": 1, "seed": 2})])
    a, b = (
        [run(i, config={"level": 1, "seed": s}) for i, s in enumerate(seeds)]
        for seeds in ((1, 1, 2), (1, 2, 2))
    )
    assert roles(config_diff(a, b)) == {"config.seed": "confound"}
    assert roles(uneven) == {"config.seed": "confound"}


def test_package_changes_are_capped() -> None:
    a, b = {f"p{i:02d}": "1" for i in range(30)}, {f"p{i:02d}": "2" for i in range(30)}
    assert package_changes(a, b, 3) == [
        "p00 1 -> 2",
        "p01 1 -> 2",
        "p02 1 -> 2",
        "and 27 more of 30",
    ]
    one = run(1, software={"packages_digest": "x"}, packages={"numpy": "1"})
    two = run(2, software={"packages_digest": "y"}, packages={"numpy": "2"})
    assert config_diff(one, two).rows[0].details == ["numpy 1 -> 2"]


def test_fact_of() -> None:
    assert fact_of(run(), "level") == 1 and fact_of(run(), "hardware.host") == "h"
    assert (
        fact_of(run(), "executor") == "local"
        and fact_of(run(), "code") == "t1"
        and fact_of(run(), "no") is None
    )


def test_nothing_is_compared_without_runs_on_both_sides() -> None:
    diff = config_diff([], [run()], ["level"])
    assert diff.rows == [] and diff.clean


def test_the_word_config_declares_no_axis_and_its_key_does() -> None:
    b = run(2, config={"level": 9, "size": 10}, argv=["bench", "--level", "9"])
    assert roles(config_diff(run(), b, ["config"]))["config.level"] == "confound"
    assert roles(config_diff(run(), b, ["config.level"])) == {"config.level": "axis"}


def test_seeds_that_are_as_frequent_on_both_sides_do_not_differ() -> None:
    def seeds(first: int, *values: int) -> list[Run]:
        return [run(first + n, config={"level": 1, "seed": v}) for n, v in enumerate(values)]

    assert config_diff(seeds(1, 1, 2), seeds(4, 2, 1)).rows == []
    assert roles(config_diff(seeds(1, 1, 2), seeds(4, 1, 1))) == {"config.seed": "confound"}


def test_the_place_of_an_environment_with_the_same_packages_is_no_cause() -> None:
    def of(n: int, packages: str) -> Run:
        told = {"VIRTUAL_ENV": f"/tree{n}/.venv", "SLURM_JOB_ID": str(n)}
        return run(n, environment=told, software={"packages_digest": packages})

    assert not config_diff(of(1, "p"), of(2, "p")).rows
    differing = roles(config_diff(of(1, "p"), of(2, "q")))
    assert differing["environment.VIRTUAL_ENV"] == "confound"


def test_variables_that_differ_on_both_sides_alike_are_no_confound() -> None:
    kept = {"one": {"A": "1", "B": "1"}, "two": {"A": "2", "B": "1"}, "three": {"A": "1", "B": "2"}}

    def of(n: int, blob: str) -> Run:
        return run(n, unlisted={"key": "k", "blob": blob}, item_source=kept.get)

    assert config_diff([of(1, "one"), of(2, "two")], [of(3, "two"), of(4, "one")]).possible == []
    assert config_diff([of(1, "one"), of(2, "one")], [of(3, "two"), of(4, "three")]).possible == [
        "A",
        "B",
    ]
    lost = config_diff(of(1, "one"), of(2, "gone"))
    assert lost.possible == [] and "not known here" in lost.notes[-1]
    assert not config_diff(of(1, "one"), run(2)).notes  # recorded before there were digests
    assert not config_diff(of(1, "one"), of(2, "two"), nuisance=["environment.A"]).possible


def test_across_machines_only_what_is_set_is_compared() -> None:
    kept = {"one": {"A": "1", "B": "1"}, "two": {"A": "x", "C": "y"}}
    a, b = (
        run(n, unlisted={"key": f"k{n}", "blob": blob}, item_source=kept.get)
        for n, blob in ((1, "one"), (2, "two"))
    )
    assert config_diff(a, b).possible == ["B", "C"]


def test_a_variable_that_what_measures_reads_is_a_changed_ruler() -> None:
    kept = {"one": {"SCALE": "1"}, "two": {"SCALE": "2"}}
    a, b = (
        run(
            n,
            unlisted={"key": "k", "blob": blob},
            item_source=kept.get,
            ruler={"variables": ["SCALE"]},
        )
        for n, blob in ((1, "one"), (2, "two"))
    )
    diff = config_diff(a, b)
    assert roles(diff) == {"ruler.variable SCALE": "confound"} and diff.possible == []


def test_so_is_one_whose_value_is_recorded_on_either_side_alone() -> None:
    declared = {"declared": {"": {"bench.py": "sha256:1"}}, "variables": ["SCALE"]}
    a, b = run(1, ruler=declared), run(2, environment={"SCALE": "0.97"}, ruler=declared)
    assert roles(config_diff(a, b)) == {"ruler.variable SCALE": "confound"}
    assert roles(config_diff(a, b, ["environment.SCALE"])) == {"environment.SCALE": "axis"}
    own = {"named": {"train.py": "sha256:1"}, "loads": True, "variables": ["LR"]}
    a, b = run(1, ruler=own), run(2, environment={"LR": "0.1"}, ruler=own)
    assert roles(config_diff(a, b)) == {"environment.LR": "unknown"}


def test_an_option_that_one_side_wrote_down_as_config_is_config_of_the_other_too() -> None:
    a = run(1, config={"k": 1}, argv=["bench", "--k", "1", "--rounds", "3"])
    b = run(2, config={"k": 2, "rounds": 3}, argv=["bench", "--k", "2", "--rounds", "3"])
    assert roles(config_diff(a, b, ["k"])) == {"config.k": "axis"}
    c = run(3, config={"k": 2, "rounds": 5}, argv=["bench", "--k", "2", "--rounds", "5"])
    assert roles(config_diff(a, c, ["k"])) == {"config.k": "axis", "config.rounds": "confound"}


def test_parts_of_the_software_are_compared_where_both_sides_have_them() -> None:
    def with_parts(n: int, **found: str) -> Run:
        return run(n, software={"python": "3.12", "native": found} if found else {"python": "3.12"})

    def differing(*sides: Run | list[Run]) -> list[str]:
        return [row.key for row in config_diff(*sides).rows if row.area == "software"]

    def conda(n: int, **found: str) -> Run:
        return with_parts(n, **{f"conda {name}": version for name, version in found.items()})

    assert differing(conda(1, cuda="12.4", mpi="4.1"), conda(2, cuda="12.6")) == [
        "native.conda cuda"
    ]
    assert differing(conda(1, cuda="12.4"), conda(2)) == []
    assert differing([conda(1), conda(2, cuda="12.4")], conda(3, cuda="12.4")) == []
    only_there = (
        with_parts(1, cuda="12.4"),
        with_parts(2, cuda="12.6"),
    )  # on the machine, not in the job
    assert differing(*only_there) == []


@pytest.mark.parametrize(
    ("a", "b", "differ"),
    [
        ({"mpi": "libmpi.so.40.1 (build 1f)"}, {"mpi": "libmpi.so.40.2 (build 2f)"}, True),
        ({"mpi": "libmpi.so.40 (build 1f)"}, {"mpi": "libmpi.so.40 (build 2f)"}, True),
        ({"blas": "libopenblas.so.0 (build 1f)"}, {"blas": "libmkl_rt.so.2 (build 2f)"}, True),
        ({"mpi": "libmpi.so.40 (build 1f)"}, {"mpi": "libmpi.so.40 (build 1f)"}, False),
        ({"mpi": "libmpi.so.40.1 (build 1f)"}, {}, False),  # its job did not load it, or was short
        # one side was seen early
        ({"libcudnn": "libcudnn.so.9 (9 bytes)"},
         {"libcudnn": "libcudnn.so.9 (9 bytes), libcudnn_ops.so.9 (8 bytes)"}, False),
        ({"libcudnn": "libcudnn.so.9 (9 bytes), libcudnn_cnn.so.9 (7 bytes)"},
         {"libcudnn": "libcudnn.so.9 (9 bytes), libcudnn_ops.so.9 (8 bytes)"}, False),
        ({"openmp": "libgomp-a34b3233.so.1.0.0, libgomp.so.1.0.0"}, {"openmp": "libgomp.so.1.0.0"}, False),
        ({"openmp": "libgomp-a34b3233.so.1.0.0"}, {"openmp": "libgomp.so.1.0.0"}, True),
    ],
)  # fmt: skip
def test_what_was_loaded_differs_where_both_sides_loaded_it(
    a: dict[str, str], b: dict[str, str], differ: bool
) -> None:
    def side(n: int, loaded: dict[str, str]) -> list[Run]:
        return [run(n), run(n + 1, software={"loaded": loaded})]

    key = f"software.loaded.{next(iter(a))}"
    for sides in ((side(1, a), side(3, b)), (side(1, b), side(3, a))):
        found = config_diff(*sides)
        assert roles(found) == ({key: "confound"} if differ else {})
        assert config_diff(*sides, axes=[key]).clean
        assert found.within == []


def test_which_seeds_a_side_has_is_chance_where_it_has_some() -> None:
    def side(*seeds: int, key: str = "seed") -> list[Run]:
        return [run(n, config={"level": 1, key: seed}) for n, seed in enumerate(seeds)]

    assert roles(config_diff(side(1, 2, 3, 4, 5), side(1, 2, 3))) == {"config.seed": "nuisance"}
    assert roles(config_diff(side(1, 2, 3), side(7, 8, 9))) == {"config.seed": "nuisance"}
    assert roles(config_diff(side(1, 2, 3), side(1, 1, 2))) == {"config.seed": "confound"}
    assert roles(config_diff(side(1, 2, 3), side(7, 8, 9, key="size")))["config.size"] == "unknown"
    by_level = roles(config_diff(side(1, 2, 3), side(1, 2, 3, 4), axes=["seed"]))
    assert by_level == {"config.seed": "axis"}


def test_a_file_of_one_content_is_the_same_however_often_each_side_named_it() -> None:
    def side(*names: str, other: str = "") -> list[Run]:
        return [
            run(n, config={"level": 1}, ruler={"beside": {name: other or f"of {name}"}})
            for n, name in enumerate(names)
        ]

    assert not roles(config_diff(side("one", "two"), side("one", "two", "two")))
    changed = roles(config_diff(side("one", "one"), side("one", "one", other="another")))
    assert changed == {"named.one": "confound"}


def test_a_flag_that_is_itself_the_value_of_the_axis_is_explained() -> None:
    a, b = (
        run(n, config={"opt": flag}, argv=["cc-bench", flag, "-g"])
        for n, flag in ((1, "-O0"), (2, "--fast"))
    )
    assert roles(config_diff(a, b, ["opt"])) == {"config.opt": "axis"}
    other = run(2, config={"opt": "--fast"}, argv=["cc-bench", "--fast", "-p"])
    assert "confound" in roles(config_diff(a, other, ["opt"])).values()


def test_an_axis_may_have_a_list_where_a_bare_flag_is_given() -> None:
    a, b = (
        run(n, config={"betas": betas}, argv=["train", "-v"]) for n, betas in ((1, [1]), (2, [2]))
    )
    assert roles(config_diff(a, b, ["betas"])) == {"config.betas": "axis"}
