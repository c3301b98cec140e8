"""Asking many things at once: questions in, what is wrong out. What cannot be answered is one warning for each kind of question.

A service that does not answer is not asked again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock

from framework.deploy.cures import NOBODY, UNREACHABLE
from framework.deploy.live.violations import UNANSWERED, LiveViolation
from framework.deploy.refusals import code_of, half
from framework.errors import BackendError
from framework.findings import WARNING

THREADS = 8


@dataclass(frozen=True, slots=True)
class Ask:
    """One question.

    Attributes:
        service: whom it is put to; what does not answer once is not asked again.
        about: what it is about, as in "the role arn:…".
        kind: what several of its kind are called, as in "roles".
        ask: puts it, and tells what is wrong. Raises BackendError where there is no answer.
    """

    service: str
    about: str
    kind: str
    ask: Callable[[], Iterable[LiveViolation]]


def ask_all(asks: Sequence[Ask]) -> list[LiveViolation]:
    """Put all questions, several at a time; the answers in the order of the questions, then what could not be answered."""
    asker = _Asker()
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="smp-live") as pool:
        answers = list(pool.map(asker.put, asks))
    found = [violation for answer in answers if not isinstance(answer, BackendError) for violation in answer]
    refused = [(ask, answer) for ask, answer in zip(asks, answers, strict=True) if isinstance(answer, BackendError)]
    return [*found, *_unanswered(refused)]


def unanswered(about: str, error: BackendError) -> LiveViolation:
    """The warning for a question without an answer."""
    return LiveViolation(UNANSWERED, (), f"could not check {about}: {error.why.rstrip('.')}", error.cure, WARNING)


def error_names(error: BackendError) -> set[str]:
    """The code of the error behind it, and the names of its classes."""
    cause = error.__cause__
    return {code_of(cause), *(kind.__name__ for kind in type(cause).__mro__)} if isinstance(cause, Exception) else set()


class _Asker:
    """Puts questions; remembers which services do not answer."""

    def __init__(self) -> None:
        self._silent: dict[str, BackendError] = {}
        self._lock = Lock()

    def put(self, ask: Ask) -> list[LiveViolation] | BackendError:
        """What is wrong, or why that is not known."""
        with self._lock:
            silent = self._silent.get(ask.service)
        if silent:
            return silent
        try:
            return list(ask.ask())
        except BackendError as error:
            if not error_names(error).isdisjoint(UNREACHABLE):
                error = _without_path(error)
                with self._lock:
                    self._silent.setdefault(ask.service, error)
            return error
        except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
            # An answer that is shaped like none of AWS: a proxy, or a server that only looks like AWS.
            return half(ask.about, ask.service, f"shape that is known ({type(error).__name__})")


def _without_path(error: BackendError) -> BackendError:
    """The error without the path of the URL: which of the questions to a service came first is chance."""
    plain = BackendError(error.what, re.sub(r"(https?://[^/\s\"]+)/[^\s\"]*", r"\1", error.why), error.cure)
    plain.__cause__ = error.__cause__
    return plain


def _unanswered(refused: Sequence[tuple[Ask, BackendError]]) -> list[LiveViolation]:
    """One warning for each kind of question and of refusal; what would refuse every question is said once."""
    kinds: dict[tuple[str, str], list[tuple[Ask, BackendError]]] = {}
    for ask, error in refused:
        kinds.setdefault(_kind(ask, error), []).append((ask, error))
    warnings = []
    for (kind, _), several in kinds.items():
        ask, error = several[0]
        about = ask.about if len(several) == 1 else f"{len(several)} {kind}, {ask.about} among them"
        warnings.append(unanswered(about, error))
    return warnings


def _kind(ask: Ask, error: BackendError) -> tuple[str, str]:
    """What several questions like this one are called, and what sets this refusal apart from others."""
    names, cause = error_names(error), error.__cause__
    if not names.isdisjoint(NOBODY):
        return "things", "credentials"
    if not names.isdisjoint(UNREACHABLE):
        return "things", ask.service
    return ask.kind, (code_of(cause) if isinstance(cause, Exception) else "") or type(cause).__name__
