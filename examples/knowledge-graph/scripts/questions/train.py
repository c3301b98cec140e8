"""Train the model of questions.

In: the channel kg-questions-Prepare-train, and the hyperparameters as `--name value`.
Out, in the model folder: model.joblib and code/ (what serves it).
"""

from __future__ import annotations

from common.files import channel, read_lines, save_model
from common.training import hyperparameters

from questions.model import QuestionModel


def main() -> None:
    options = hyperparameters("Train the model of questions")
    records = read_lines(channel("kg-questions-Prepare-train"))
    save_model(QuestionModel(**options).fit(records), ("common", "questions"))
    print(f"questions={len(records)} intents={len({record['intent'] for record in records})}")


if __name__ == "__main__":
    main()
