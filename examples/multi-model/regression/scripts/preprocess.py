"""Apply the other model's PCA and split the rows.

In: cal_housing.data (no header) from the input raw_data, and model.tar.gz, the artifact of calhousing-pca-Training.
Out: train/train.csv (house value first, then the components, with a header), test/x_test.csv (components alone, no header:
that is what a model is sent) and test/y_test.csv (house values alone, no header).
"""

from __future__ import annotations

import io
import tarfile
from pathlib import Path, PurePosixPath

import joblib
import pandas as pd
from sklearn.pipeline import Pipeline

INPUT = Path("/opt/ml/processing/input")
RAW = INPUT / "raw_data" / "cal_housing.data"
PCA_ARTIFACT = INPUT / "calhousing-pca-Training-input-train" / "model.tar.gz"
PCA_MEMBER = "pca.joblib"
OUTPUT = Path("/opt/ml/processing/output")
TARGET = "medianHouseValue"
# The PCA leaves the same rows out: the same rule there.
TEST_EVERY = 5


def load_pca() -> Pipeline:
    """Read one member of the artifact without unpacking the rest of it."""
    with tarfile.open(PCA_ARTIFACT) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            if stream and PurePosixPath(member.name).name == PCA_MEMBER:
                return joblib.load(io.BytesIO(stream.read()))
    raise FileNotFoundError(f"{PCA_ARTIFACT} holds no {PCA_MEMBER}")


def components(rows: pd.DataFrame, pca: Pipeline) -> pd.DataFrame:
    """The house value (the raw file's last column) in front, the components of the other columns behind it."""
    values = pca.transform(rows.iloc[:, :-1].to_numpy(dtype=float))
    frame = pd.DataFrame(values, index=rows.index, columns=[f"component_{number + 1}" for number in range(values.shape[1])])
    frame.insert(0, TARGET, rows.iloc[:, -1])
    return frame


def write(frame: pd.DataFrame, channel: str, name: str, header: bool) -> None:
    folder = OUTPUT / channel
    folder.mkdir(parents=True, exist_ok=True)
    frame.to_csv(folder / name, index=False, header=header)


def main() -> None:
    frame = components(pd.read_csv(RAW, header=None).dropna(), load_pca())
    for_test = frame.index % TEST_EVERY == 0
    train, test = frame[~for_test], frame[for_test]
    write(train, "train", "train.csv", header=True)
    write(test.drop(columns=TARGET), "test", "x_test.csv", header=False)
    write(test[[TARGET]], "test", "y_test.csv", header=False)
    print(f"train {len(train)} rows, test {len(test)}, {frame.shape[1] - 1} components")


if __name__ == "__main__":
    main()
