"""The collectors behind their port; each is imported when first asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.extract import Extraction
    from leadline.core.extract_spec import ExtractionSpec
    from leadline.core.run import MetricDef
    from leadline.ports.extractor import RunFiles


class MachineCollectors:
    """``cache_dir`` keeps what does not change from run to run (interpreter, packages, hardware of this boot)."""

    def __init__(self, cache_dir: str) -> None:
        self.cache_dir = cache_dir

    def environment(self, env: Mapping[str, str], allow: list[str]) -> dict[str, Any]:
        from leadline.adapters.collectors import environment

        return environment.collect(env, allow)

    def software(self, argv: list[str], env: Mapping[str, str], cwd: str) -> dict[str, Any]:
        from leadline.adapters.collectors import software

        return software.collect(argv, env, cwd, self.cache_dir)

    def hardware(self) -> dict[str, Any]:
        from leadline.adapters.collectors import hardware

        return hardware.collect(self.cache_dir)

    def devices(self, env: Mapping[str, str]) -> dict[str, Any]:
        from leadline.adapters.collectors import hardware

        return hardware.devices(env)

    def preflight(self) -> dict[str, Any]:
        from leadline.adapters.collectors import hygiene

        return hygiene.preflight()

    def after_run(self, before: dict[str, Any], contention: dict[str, Any], wall_s: float | None) -> dict[str, Any]:
        from leadline.adapters.collectors import hygiene

        return hygiene.after_run(before, contention, wall_s)

    def extract(self, specs: list[ExtractionSpec], files: RunFiles, definitions: Mapping[str, MetricDef]) -> Extraction:
        from leadline.adapters.extractors import registry

        return registry.extract(specs, files, definitions)
