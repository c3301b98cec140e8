"""The model: records in, over HTTP in the content type that it wants; scores and predicted labels out.

Where scores and labels stand in an answer, `predictor` of the analysis configuration says: a position in a line of CSV, a JMESPath
expression in JSON (developer guide, page "Analysis Configuration Files").
"""

from __future__ import annotations

import csv
import http.client
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from framework.local.programs.clarify import groups
from framework.local.programs.clarify.dataset import CSV, JSON, LINES, PARQUET, Dataset, search
from framework.local.programs.clarify.specification import Specification
from framework.local.programs.quality.refusal import RefusalError

BATCH = 1000
DEFAULT_TEMPLATE = '{"features":$features}'


class Predictor:
    """The model's server; use it in a `with` statement.

    Args:
        spec: names its port, and how to talk to it.
        dataset: whose records it gets.
    """

    def __init__(self, spec: Specification, dataset: Dataset) -> None:
        self._config: Mapping[str, Any] = spec.config.get("predictor") or {}
        usual = CSV if dataset.kind == PARQUET else dataset.kind
        self._content_type = str(self._config.get("content_type", usual))
        self._accept = str(self._config.get("accept_type", self._content_type))
        if unknown := {self._content_type, self._accept} - {CSV, LINES, JSON}:
            raise RefusalError(f"the model's content type {unknown.pop()} is not known to a local run")
        self._connection = http.client.HTTPConnection("127.0.0.1", spec.port, timeout=spec.timeout)

    def __enter__(self) -> Predictor:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    @property
    def headers(self) -> list[str]:
        """What the model's scores are called, where the configuration says so."""
        given = self._config.get("label_headers") or []
        return [given] if isinstance(given, str) else [str(name) for name in given]

    def scores(self, features: Any) -> Any:
        """The scores of records, one row each, one column for each score.

        Raises:
            RefusalError: the model's answers are not numbers where they should be.
        """
        reference = self._config.get("probability", self._config.get("label"))
        rows = [[value] if np.isscalar(value) else value for answer in self._answers(features) for value in answer.at(reference)]
        try:
            scores = np.array(rows, dtype=float)
        except (TypeError, ValueError):
            raise RefusalError(f"the model's scores are not numbers: {json.dumps(rows[:1], default=str)[:200]}") from None
        return scores.reshape(len(features), -1)

    def labels(self, features: Any) -> Any:
        """The predicted label of each record: a label, or the score from which a threshold makes one."""
        return pd.Series([label for answer in self._answers(features) for label in self._labels(answer)], index=features.index)

    def _labels(self, answer: Answer) -> Iterator[Any]:
        label, probability = self._config.get("label"), self._config.get("probability")
        found = answer.at(label) if label is not None or probability is None else [None] * answer.count
        scores = answer.at(probability) if probability is not None else [None] * answer.count
        for value, score in zip(found, scores, strict=True):
            yield self._label(value, score)

    def _label(self, label: Any, score: Any) -> Any:
        several = score if isinstance(score, list) else label if score is None and isinstance(label, list) else None
        names = label if isinstance(label, list) and several is not label else self.headers
        if several is None or len(several) == 1:
            return _only(label if label is not None else score)
        if not isinstance(label, list) and label is not None:
            return label
        if len(names) != len(several):
            raise RefusalError(f"the model gives {len(several)} scores, and label_headers names {len(names)}")
        return names[int(np.argmax(np.array(several, dtype=float)))]

    def _answers(self, features: Any) -> Iterator[Answer]:
        single = self._content_type == JSON and "$records" not in str(self._config.get("content_template", ""))
        size = 1 if single else BATCH
        for start in range(0, len(features), size):
            batch = features.iloc[start : start + size]
            yield Answer(self._send(self._body(batch)), self._accept, len(batch))

    def _body(self, batch: Any) -> str:
        if self._content_type == CSV:
            return str(batch.to_csv(index=False, header=False))
        records = json.loads(batch.to_json(orient="records"))
        template = str(self._config.get("content_template", DEFAULT_TEMPLATE))
        if self._content_type == LINES:
            return "".join(_filled(template, record) + "\n" for record in records)
        filled = [_filled(str(self._config.get("record_template", "$features")), record) for record in records]
        return template.replace("$records", f"[{','.join(filled)}]").replace("$record", filled[0])

    def _send(self, body: str) -> str:
        try:
            headers = {"Content-Type": self._content_type, "Accept": self._accept}
            self._connection.request("POST", "/invocations", body.encode(), headers)
            response = self._connection.getresponse()
            answer = response.read().decode()
        except TimeoutError:
            raise RefusalError("the model did not answer in time") from None
        except (OSError, http.client.HTTPException) as error:
            raise RefusalError(f"the model's process ended: {error}") from None
        if response.status != 200:
            raise RefusalError(f"the model answered {response.status}: {answer[:500]}")
        return answer


def _filled(template: str, record: Mapping[str, Any]) -> str:
    return template.replace("$features_kvp", json.dumps(record)).replace("$features", json.dumps(list(record.values())))


def _only(value: Any) -> Any:
    return value[0] if isinstance(value, list) else value


class Answer:
    """What the model says of some records.

    Args:
        body: its answer.
        kind: the answer's content type.
        count: of how many records.
    """

    def __init__(self, body: str, kind: str, count: int) -> None:
        self._kind, self.count = kind, count
        try:
            self._records = _parsed(body, kind)
        except ValueError as error:
            raise RefusalError(f"the model's answer is not {kind}: {error}: {body[:200]}") from None

    def at(self, reference: object) -> list[Any]:
        """What stands at a position or expression in the answer, for each record; all of it when there is no reference.

        Raises:
            RefusalError: it is not there, or not for each record.
        """
        found = self._all() if reference is None else self._located(reference)
        if len(found) != self.count:
            raise RefusalError(f"the model gave {len(found)} predictions for {self.count} records")
        return found

    def _all(self) -> list[Any]:
        records = self._records
        if self._kind == JSON and isinstance(records, dict) and len(records) == 1:
            (records,) = records.values()
        if not isinstance(records, list):
            raise RefusalError("where the predictions stand in the model's answer must be said: predictor.label or .probability")
        return [_only(record) if isinstance(record, list) and len(record) == 1 else record for record in records]

    def _located(self, reference: object) -> list[Any]:
        if self._kind == CSV:
            position = int(str(reference)) if str(reference).isdigit() else -1
            if not all(0 <= position < len(row) for row in self._records):
                raise RefusalError(f"{reference!r} is no position in the model's answer {self._records[:1]}")
            return [row[position] for row in self._records]
        if self._kind == LINES:
            return [search(str(reference), record) for record in self._records]
        found = search(str(reference), self._records)
        return found if isinstance(found, list) else [found]


def _parsed(body: str, kind: str) -> Any:
    if kind == CSV:
        return [[_cell(cell) for cell in row] for row in csv.reader(io.StringIO(body)) if row]
    if kind == LINES:
        return [json.loads(line) for line in body.splitlines() if line.strip()]
    return json.loads(body)


def _cell(text: str) -> Any:
    """A cell of CSV: a number, a list of them in JSON, or the text itself."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return text if isinstance(value, (dict, str)) else value


def positive(predictions: Any, label: Any, values: Sequence[Any], threshold: float, headers: Sequence[str]) -> Any:
    """Which predictions are positive.

    Args:
        predictions: labels, or scores.
        label: the column of the observed labels.
        values: the positive labels, or the threshold of a quantity.
        threshold: makes labels of scores.
        headers: what a score is the score of, when that is said.
    """
    numbers = pd.to_numeric(predictions, errors="coerce")
    if groups.is_quantity(label, values):
        return numbers > float(values[0])
    if numbers.notna().all() and not groups.matches(predictions, label.dropna().unique()).all():
        above = numbers > threshold
        return above if not headers or groups.matches(pd.Series([headers[-1]]), values).any() else ~above
    return groups.matches(predictions, values)
