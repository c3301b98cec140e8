"""Writes a project of any number of modeling units: one configuration file and one source directory each, six steps a unit.

Use: python benchmarks/generate.py FOLDER UNITS. The first unit is the anchor; neighbours are joined by a dependency.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path

SECTIONS = """\
conf:
  models:
    {name}:
      source_directory: {name}/scripts
      preprocess:
        image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/base:1.0
        entry_point: preprocess.py
        instance_type: ml.m5.xlarge
        env: {{STAGE: test, UNIT: {name}}}
        tags: [{{Key: team, Value: ml}}]
        channels:
          train:
            dataFiles:
              - {{sourceName: raw, fileName: s3://SMP_S3BUCKETNAME/{name}/raw.csv}}
          test:
      train:
        image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/base:1.0
        entry_point: train.py
        instance_type: ml.m5.2xlarge
        hyperparameters: {{epochs: 10, learning_rate: 0.1, objective: binary, verbose: true}}
        tags: [{{Key: team, Value: ml}}]
      transform:
        image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/base:1.0
        entry_point: inference.py
        split_type: Line
        strategy: MultiRecord
        channels: test
      evaluate:
        image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/base:1.0
        entry_point: evaluate.py
        channels: test
      registry:
        ModelRepack: "False"
        InferenceSpecification:
          image_uri: SMP_ACCOUNTID.dkr.ecr.SMP_REGION.amazonaws.com/base:1.0
          supported_content_types: [text/csv]
          supported_response_MIME_types: [text/csv]
          approval_status: PendingManualApproval
"""

STEPS = """\
      {name}:
        steps:
          - {{step_name: {name}-Preprocessing, step_class: Processing, step_type: preprocess, enable_cache: true}}
          - {{step_name: {name}-Training, step_class: Training, chain_input_source_step: [{name}-Preprocessing]}}
          - {{step_name: {name}-CreateModel, step_class: CreateModel}}
          - {{step_name: {name}-Transform, step_class: Transform, chain_input_source_step: [{name}-Preprocessing]}}
          - step_name: {name}-Metrics
            step_class: Metrics
            chain_input_source_step: [{name}-Preprocessing, {name}-Transform]
          - {{step_name: {name}-Register, step_class: RegisterModel}}
"""

ENVIRONMENT = """\
export SMP_ACCOUNTID="111122223333"
export SMP_REGION="us-east-1"
export SMP_S3BUCKETNAME="my-bucket"
export SMP_ROLE="arn:aws:iam::111122223333:role/SageMakerExecutionRole"
export SMP_MODEL_CONFIGPATH="*/conf/conf.yaml"
"""


def generate(folder: Path, units: int) -> None:
    """Write the project of `units` units below `folder`."""
    names = [f"unit{number:04d}" for number in range(units)]
    for name in names:
        scripts = folder / name / "scripts"
        scripts.mkdir(parents=True, exist_ok=True)
        for script in ("preprocess", "train", "inference", "evaluate"):
            (scripts / f"{script}.py").write_text(f'"""{script} of {name}."""\n', encoding="utf-8")
        conf = folder / name / "conf"
        conf.mkdir(exist_ok=True)
        text = SECTIONS.format(name=name) + (anchor(names) if name == names[0] else "")
        (conf / "conf.yaml").write_text(text, encoding="utf-8")
    (folder / "env.env").write_text(ENVIRONMENT, encoding="utf-8")


def anchor(names: list[str]) -> str:
    """The `sagemakerPipeline` section over all units."""
    pairs = pairwise(names)
    dependencies = "".join(f"      - {one}-Register >> {other}-Register\n" for one, other in pairs) or "      []\n"
    units = "".join(STEPS.format(name=name) for name in names)
    return f"  sagemakerPipeline:\n    pipelineName: benchmark\n    models:\n{units}    dependencies:\n{dependencies}"


if __name__ == "__main__":
    generate(Path(sys.argv[1]), int(sys.argv[2]))
