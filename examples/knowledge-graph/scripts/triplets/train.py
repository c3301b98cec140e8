"""Train the model of triplets.

In: the channel kg-triplets-Prepare-train, and the hyperparameters as `--name value`.
Out, in the model folder: model.joblib and code/ (what serves it).
"""

from __future__ import annotations

from common.files import channel, read_lines, save_model
from common.training import hyperparameters

from triplets.model import TripletModel


def main() -> None:
    options = hyperparameters("Train the model of triplets", least=0.4)
    records = read_lines(channel("kg-triplets-Prepare-train"))
    save_model(TripletModel(**options).fit(records), ("common", "triplets"))
    print(f"sentences={len(records)} triples={sum(len(record['triples']) for record in records)}")


if __name__ == "__main__":
    main()
