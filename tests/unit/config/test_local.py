"""conf.local: data, images, lambdas and environment, with absolute paths."""

from __future__ import annotations


def test_what_is_said_of_local_runs(project):
    project.conf["conf"]["local"] = {
        "data": {"s3://SMP_S3BUCKETNAME/raw": "data"},
        "images": {"*/xgboost:*": {"python": "envs/xgb/bin/python", "serve": ["python", "server.py"], "environment": {"A": 1}}},
        "lambdas": {"*:function:alert": "handlers/alert.py:handle"},
        "environment": "HF_HOME, LANG",
    }
    compiled = project.compile().compiled
    [(pattern, stand_in)] = compiled.local.images
    assert compiled.local.data == (("s3://models/raw", str(project.root / "data")),)
    assert (pattern, stand_in.python) == ("*/xgboost:*", str(project.root / "envs/xgb/bin/python"))
    assert (stand_in.serve, stand_in.train, stand_in.environment) == (("python", "server.py"), (), (("A", "1"),))
    assert compiled.local.lambdas == (("*:function:alert", str(project.root / "handlers/alert.py:handle")),)
    assert compiled.local.environment == ("HF_HOME", "LANG")


def test_a_handler_names_a_file_and_a_function(project):
    project.conf["conf"]["local"] = {"lambdas": {"*": "alert.handle"}}
    [finding] = project.compile().findings
    assert (finding.rule, finding.hint) == ("SMP104", "the handler as path/file.py:function")


def test_a_word_of_a_command_that_is_a_file_of_the_project_becomes_absolute(project):
    (project.root / "stand_in").mkdir()
    (project.root / "stand_in" / "train.py").touch()
    script = f"a/b; {'x' * 5000}"
    words = ["python", "stand_in/train.py", "stand_in", "stand_in/none.py", "/opt/ml", script]
    project.conf["conf"]["local"] = {"images": {"*": {"train": words}}}
    [(_, stand_in)] = project.compile().compiled.local.images
    file = str(project.root / "stand_in/train.py")
    assert stand_in.train == ("python", file, "stand_in", "stand_in/none.py", "/opt/ml", script)
