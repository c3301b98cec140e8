"""Images by name, and the lock that pins them."""

from __future__ import annotations

from framework.findings import WARNING, Rule

_SDK = "SageMaker Python SDK, image_uris"

RULES = (
    Rule(
        "SMP123",
        "Image that is not pinned",
        'A section names an image by its framework, and "smp.lock" does not hold its URI, or is no lock; or the SageMaker SDK, '
        'asked by "smp lock", knows no such image. URIs differ between regions, versions and devices: they are looked up once and '
        "kept, so that every machine compiles the same definition.",
        'Run "smp lock" and keep the file. Where the SDK knows no such image, check framework, version, py_version and scope.',
        source=_SDK,
        blocking=True,
    ),
    Rule(
        "SMP124",
        "Lock of another SDK",
        '"smp.lock" was made with another version of the SageMaker SDK than the one that is installed. The pinned images are used, '
        "and may be older than those that this SDK knows.",
        'Refresh the lock with "smp lock", or install the version that made it.',
        WARNING,
        _SDK,
    ),
)
