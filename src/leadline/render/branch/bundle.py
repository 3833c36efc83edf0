"""A repro bundle as a page to read, and its comparison table as CSV."""

from __future__ import annotations

import io

from leadline.core.publish.bundle import table_rows
from leadline.core.record.run import USUAL_EXECUTOR
from leadline.core.timestamps import duration, number, size
from leadline.core.typed import TYPE_CHECKING
from leadline.render.markdown import cell_code, code, data, fence, prose, table

if TYPE_CHECKING:
    from leadline.core.publish.bundle import Bundle, BundledExperiment, BundledRun
    from leadline.core.record.bodies import ResultTable, SnapshotBody

ARTIFACTS_SHOWN = 12


def render_bundle(bundle: Bundle, commands: list[str]) -> str:
    """Markdown; commands (``render_commands`` of each experiment), hardware, environment and the
    comparison table, and what is missing."""
    parts = [
        f"# Repro bundle {data(bundle['snapshot'])}: {data(bundle['title'] or bundle['thread'])}"
    ]
    if bundle["message"]:
        parts.append(prose(bundle["message"]))
    facts = [
        f"- **Tag:** {code(bundle['tag'])} at {code(bundle['commit'] or 'no commit')}",
        f"- **Sealed:** {data(bundle['at'])}",
        f"- **Record:** {bundle['record']['records']} records, heads {code(bundle['record']['digest'])}",
        f"- **Baseline:** {data(bundle['baseline'] or 'none registered')}",
        f"- **Run it again:** {code(bundle['reproduce'])}",
    ]
    if bundle["goal"]:
        facts.insert(0, f"- **Goal:** {data(bundle['goal'])}")
    parts += ["\n".join(facts), "## Comparison", comparison_markdown(bundle["table"])]
    if bundle["claims"]:
        parts += [
            "## Claims",
            "\n".join(
                f"- **{data(c['id'])}** {data(c['sentence'])}. Author: “{prose(c['text'])}”"
                for c in bundle["claims"]
            ),
        ]
    parts += ["## Exact commands", *commands]
    parts += [
        "## Not in this bundle",
        "\n".join(f"- {data(g)}" for g in bundle["gaps"]) or "Nothing is known to be missing.",
    ]
    return "\n\n".join(parts) + "\n"


def comparison_markdown(content: ResultTable) -> str:
    if not content["rows"]:
        return "No experiment counts as evidence yet."
    headers = ["experiment", *(cell_code(a) for a in content["axes"])]
    for metric in content["metrics"]:
        unit = f" ({data(metric['unit'])})" if metric["unit"] else ""
        headers += [f"{cell_code(metric['name'])}{unit}", "sd", "n", "× baseline"]
    rows = []
    for row in content["rows"]:
        role = " (baseline)" if row["baseline"] else ""
        axes = ["–" if v is None else data(str(v)) for v in row["axes"].values()]
        cells = [data(row["experiment"]) + role, *axes]
        for metric in content["metrics"]:
            cell = row["metrics"][metric["name"]]
            cells += [
                number(cell["mean"]),
                number(cell["sd"]),
                str(cell["n"]),
                number(cell["ratio_to_baseline"]),
            ]
        rows.append(cells)
    return table(headers, rows, right=range(1 + len(content["axes"]), len(headers)))


def render_commands(experiment: BundledExperiment) -> str:
    run = next((r for r in experiment["runs"] if r["is_evidence"]), experiment["runs"][0])
    done = sum(r["is_evidence"] for r in experiment["runs"])
    lines = [
        f"- **Runs:** {len(experiment['runs'])}, of which {done} count",
        f"- **In:** {code(run['cwd'])}",
        f"- **Code:** {code(str(run['code'].get('commit') or 'not recorded'))}",
        f"- **Machine:** {data(_machine(run))}",
    ]
    if run["environment"]:
        shown = " ".join(f"{k}={v}" for k, v in sorted(run["environment"].items()))
        lines.append(f"- **Environment:** {code(shown)}")
    if run["seeds"]:
        lines.append(f"- **Seeds:** {data(', '.join(f'{k}={v}' for k, v in run['seeds'].items()))}")
    if run["wall_s"] is not None:
        lines.append(f"- **Took:** {duration(run['wall_s'])}")
    lines += _artifact_lines(run)
    note = f" ({experiment['state']})" if not done else ""
    heading = f"### {data(experiment['id'])} {data(experiment['title'])}{note}"
    return "\n\n".join([heading, fence(run["command"], "sh"), "\n".join(lines)])


def _artifact_lines(run: BundledRun) -> list[str]:
    kept = run.get("artifacts") or []
    lines = [
        f"- **Artifact:** {code(a['name'])} {size(a['size_bytes'])} {code(a['digest'])}"
        for a in kept[:ARTIFACTS_SHOWN]
    ]
    return lines + (
        [f"- **Artifact:** {len(kept) - ARTIFACTS_SHOWN} more"]
        if len(kept) > ARTIFACTS_SHOWN
        else []
    )


def _machine(run: BundledRun) -> str:
    hardware, software, devices = run["hardware"], run["software"], run["devices"]
    parts = [str(hardware.get("cpu_model") or hardware.get("cpu") or "machine not recorded")]
    if devices.get("kind"):
        parts.append(f"{devices.get('count', '?')} × {devices['kind']}")
    gpus = [
        str(g.get("name"))
        for g in hardware.get("gpus") or []
        if isinstance(g, dict) and g.get("name")
    ]
    parts += list(dict.fromkeys(gpus))
    parts += [f"{k} {software[k]}" for k in ("python", "os") if software.get(k)]
    if run["executor"] not in (USUAL_EXECUTOR, ""):
        parts.append(f"through {run['executor']}")
    return "; ".join(parts)


def bundle_csv(bundle: Bundle) -> str:
    """The comparison table as CSV, full precision."""
    import csv  # noqa: PLC0415  start-up: 0.7 ms

    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table_rows(bundle["table"]))
    return out.getvalue()


def render_seal_comment(
    shown: str,
    body: SnapshotBody,
    tree: str,
    places: dict[str, str],
    marker: str,
    content: ResultTable | None = None,
    more: int = 0,
) -> str:
    """The comment that a seal leaves on the issue: tag, commit, report files, digest of the record,
    and of the table ``content``, which has ``more`` rows. What another program left out of its
    record is not said."""
    lines = [f"- **Tag:** {code(body['tag'])}"] if "tag" in body else []
    if "commit" in body:
        lines.append(f"- **Commit:** {tree or code(body['commit'])}")
    lines += [f"- **{title}:** {where}" for title, where in places.items()]
    if "records" in body and "heads_digest" in body:
        lines.append(f"- **Record:** {body['records']} records, heads {code(body['heads_digest'])}")
    said = [prose(str(body["text"]))] if body.get("text") else []
    compared = [comparison_markdown(content)] if content is not None else []
    if more:
        compared.append(f"{more:,} more rows are in the comparison table.")
    return (
        "\n\n".join(
            [
                f"### Sealed {shown}: {data(body.get('name', ''))}",
                *said,
                "\n".join(lines),
                *compared,
                marker,
            ]
        )
        + "\n"
    )
