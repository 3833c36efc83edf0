"""The collectors behind their port; each is imported when first asked."""

from __future__ import annotations

import os
from collections.abc import Mapping

from leadline.core.typed import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from leadline.core.extract.gather import Extraction
    from leadline.core.extract.spec import ExtractionSpec
    from leadline.core.record.bodies import (
        DeviceFacts,
        During,
        EnvironmentFacts,
        HardwareFacts,
        Hygiene,
        Preflight,
        SoftwareFacts,
    )
    from leadline.core.record.run import MetricDef
    from leadline.ports.extractor import RunFiles


class MachineCollectors:
    """``cache_dir`` keeps what does not change from run to run (interpreter, packages, hardware of
    this boot).

    ``settings``: ``run.expected_devices`` (a count), ``run.lock_files`` and ``run.device_files``
    (further paths).
    """

    def __init__(self, cache_dir: str, settings: Mapping[str, Any] | None = None) -> None:
        self.cache_dir = cache_dir
        self.settings = settings or {}

    def environment(self, env: Mapping[str, str], allow: list[str]) -> EnvironmentFacts:
        from leadline.adapters.collectors import environment

        return environment.collect(env, allow)

    def software(self, argv: list[str], env: Mapping[str, str], cwd: str) -> SoftwareFacts:
        from leadline.adapters.collectors import software

        return software.collect(argv, env, cwd, self.cache_dir)

    def software_of(
        self, version: str, implementation: str, program: str, path: list[str]
    ) -> SoftwareFacts:
        from leadline.adapters.collectors import software

        return software.of_started(version, implementation, program, path, self.cache_dir)

    def hardware(self) -> HardwareFacts:
        from leadline.adapters.collectors import hardware

        return hardware.collect(self.cache_dir)

    def devices(self, env: Mapping[str, str]) -> DeviceFacts:
        from leadline.adapters.collectors import hardware

        return hardware.devices(env)

    def preflight(self, env: Mapping[str, str] | None = None) -> Preflight:
        from leadline.adapters.collectors import hygiene

        return hygiene.preflight(
            devices=self.devices(os.environ if env is None else env),
            expected_devices=self.settings.get("run.expected_devices"),
            lock_files=self.settings.get("run.lock_files") or (),
            device_paths=self.settings.get("run.device_files") or (),
        )

    def preflight_there(self, seen: Preflight, devices: DeviceFacts | None) -> Preflight:
        from leadline.adapters.collectors import hygiene

        return hygiene.judged(seen, devices, self.settings.get("run.expected_devices"))

    def after_run(self, before: Preflight, contention: During, wall_s: float | None) -> Hygiene:
        from leadline.adapters.collectors import hygiene

        return hygiene.after_run(before, contention, wall_s)

    def prepare(self) -> None:
        from leadline.adapters.collectors import hygiene  # noqa: F401
        from leadline.adapters.extractors import registry

        for name in ("metrics", "stdout"):  # what every run is looked through for
            registry.load(name)

    def extract(
        self, specs: list[ExtractionSpec], files: RunFiles, definitions: Mapping[str, MetricDef]
    ) -> Extraction:
        from leadline.adapters.extractors import registry

        return registry.extract(specs, files, definitions)
