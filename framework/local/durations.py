"""Durations as CacheConfig.ExpireAfter has them: ISO 8601, and the forms "30d", "T16m", "30dT5h" of the guide.

The guide's page is "pipelines-caching-enabling". Text in, seconds out. A year counts as 365 days and a month as 30: a duration here
knows no calendar.
"""

from __future__ import annotations

import re

DAY = 86400
DURATION = re.compile(
    r"P?(?:(?P<y>\d+)Y)?(?:(?P<mo>\d+)M)?(?:(?P<w>\d+)W)?(?:(?P<d>\d+)D)?"
    r"(?:T(?:(?P<h>\d+)H)?(?:(?P<m>\d+)M)?(?:(?P<s>\d+(?:\.\d+)?)S)?)?",
    re.IGNORECASE,
)
SECONDS = {"y": 365 * DAY, "mo": 30 * DAY, "w": 7 * DAY, "d": DAY, "h": 3600, "m": 60, "s": 1}


def seconds(duration: str) -> float | None:
    """The length of a duration; None where the text is not one."""
    match = DURATION.fullmatch(duration.strip())
    parts = {unit: float(value) for unit, value in match.groupdict().items() if value} if match else {}
    return sum(SECONDS[unit] * value for unit, value in parts.items()) if parts else None
