"""How the programs of the check steps fail: a reason for what the user got wrong, a traceback only for faults of ours.

The reason goes to the file in which a processing job says it, and to the log.
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

ML = Path(os.environ.get("SMP_ML_PREFIX", "/opt/ml"))
"""The folder of the job; the plain runner names another one."""

MESSAGE = ML / "output/message"
PACKAGES = {"sklearn": "scikit-learn"}


class RefusalError(ValueError):
    """The dataset or the step's configuration does not allow the check; the message is a sentence without its full stop."""


def guarded(work: Callable[[], None], message: Path = MESSAGE) -> int:
    """Does the work.

    Args:
        work: the program.
        message: the file for the reason of a failure.

    Returns:
        the exit code.
    """
    try:
        work()
    except RefusalError as refusal:
        return _fail(message, str(refusal))
    except ModuleNotFoundError as error:
        package = PACKAGES.get(str(error.name), error.name)
        return _fail(message, f"the check needs the package {package}: pip install 'sagemaker-pipelines-framework[local]'")
    except Exception as error:  # a fault of ours, or of a script of the user's: the log has the traceback
        traceback.print_exc()
        return _fail(message, f"{type(error).__name__}: {error}")
    return 0


def _fail(message: Path, reason: str) -> int:
    message.parent.mkdir(parents=True, exist_ok=True)
    message.write_text(reason, encoding="utf-8")
    print(reason, file=sys.stderr)
    return 1
