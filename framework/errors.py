"""The one exception for what the world refuses: AWS, the disk, a process. Mistakes in the input are findings instead."""

from __future__ import annotations

from framework.findings import printable


class BackendError(Exception):
    """A call to SageMaker, to S3 or to this machine failed for good. Its text may be printed: what AWS or a user wrote is escaped.

    Args:
        what: the call and the resource, as in "CreatePipeline on pipeline lgbm-test".
        why: the reason that was given.
        cure: what to do, a sentence without its full stop; may be empty.
    """

    def __init__(self, what: str, why: str, cure: str = "") -> None:
        self.what, self.why, self.cure = what, why, cure
        super().__init__(printable(f"{what} failed: {why.rstrip('.')}." + (f" Try: {cure}." if cure else "")))
