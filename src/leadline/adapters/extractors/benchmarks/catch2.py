"""What the benchmarks of a Catch2 test program print, also with ``-r xml``, of Catch2 2 and 3. Times
are in seconds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

from leadline.adapters.extractors.benchmarks import Case
from leadline.adapters.extractors.benchmarks.quantities import in_base

READS_TEXT = True
_TITLE = re.compile(r"^benchmark name +samples +iterations", re.M)
_SPANS = r"\s*\n\s+" + r"\s+".join([r"([\d.]+) (\w+)"] * 3)
_ROW = re.compile(rf"^(\S.*?) +(\d+) +\d+ +[\d.]+ \w+{_SPANS}{_SPANS}", re.M)
_FAILED = re.compile(r"^(\S.*?) +Benchmark failed \((.*)\)", re.M)
_TEST = re.compile(r"^-{79}\n((?:(?!-{79}).*\n)+)-{79}\n\S+:\d+\n\.{79}$", re.M)


def recognises(text: str) -> bool:
    xml = "<BenchmarkResults " in text and ("<Catch2TestRun" in text or "<Catch " in text)
    return xml or bool(_TITLE.search(text))


def cases(text: str, path: str) -> Iterator[Case]:
    if "<BenchmarkResults " not in text:
        yield from _printed(text)
        return
    try:
        # What the program itself prints may stand around it.
        root = ElementTree.fromstring(text[text.index("<?xml") : text.rindex(">") + 1])
    except ElementTree.ParseError as error:
        raise ValueError(f"the XML is broken: {error}") from None
    for test in root.iter("TestCase"):
        yield from _within(test, test.get("name", ""))


def _printed(text: str) -> Iterator[Case]:
    titles = [
        (t.start(), "/".join(part.strip() for part in t[1].split("\n") if part))
        for t in _TEST.finditer(text)
    ]
    for found in sorted([*_ROW.finditer(text), *_FAILED.finditer(text)], key=lambda f: f.start()):
        about = {"test": "".join([title for start, title in titles if start < found.start()][-1:])}
        if found.re is _FAILED:
            yield Case(found[1], {}, f"the benchmark failed: {found[2] or 'no message'}", about)
            continue
        spans = [
            float(n) * in_base(unit)[0]
            for n, unit in zip(found.groups()[2::2], found.groups()[3::2], strict=True)
        ]
        names = ("mean_s", "mean_low_s", "mean_high_s", "stddev_s")
        yield Case(
            found[1],
            dict(zip(names, spans, strict=False)) | {"samples": float(found[2])},
            "",
            about,
        )


def _within(place: ElementTree.Element, where: str) -> Iterator[Case]:
    for element in place:
        if element.tag == "Section":
            yield from _within(element, f"{where}/{element.get('name', '')}")
        elif element.tag == "BenchmarkResults":
            yield _case(element, where)


def _case(element: ElementTree.Element, where: str) -> Case:
    name, about = element.get("name", ""), {"test": where}
    failed, mean = element.find("failed"), element.find("mean")
    if failed is not None or mean is None:
        message = "" if failed is None else failed.get("message", "")
        return Case(name, {}, f"the benchmark failed: {message or 'no message'}", about)
    spread = element.find("standardDeviation")
    numbers: dict[str, float | None] = {
        "mean_s": _seconds(mean, "value"),
        "mean_low_s": _seconds(mean, "lowerBound"),
        "mean_high_s": _seconds(mean, "upperBound"),
        "samples": float(element.get("samples", "nan")),
    }
    if spread is not None:
        numbers["stddev_s"] = _seconds(spread, "value")
    return Case(name, numbers, "", about)


def _seconds(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name]) * 1e-9
