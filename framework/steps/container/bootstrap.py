"""Starts a training script in an image without SageMaker's training toolkit.

In: the packed source directory in the channel `code`, hyperparameters and channels as SageMaker lays them out below /opt/ml, the
script's path as the only argument. Out: the script runs from /opt/ml/code with hyperparameters as `--name value` and the SM_*
variables that the toolkit would set; why it failed goes to /opt/ml/output/failure. Standard library only, Python 3.6 or later.
"""

import json
import os
import subprocess
import sys
import tarfile

ML = "/opt/ml"
CODE = ML + "/code"


def read_json(name):
    path = "{}/input/config/{}".format(ML, name)
    if not os.path.exists(path):
        return {}
    with open(path) as file:
        return json.load(file)


def unpack():
    os.makedirs(CODE, exist_ok=True)
    with tarfile.open(ML + "/input/data/code/sourcedir.tar.gz") as archive:
        archive.extractall(CODE)


def install_requirements():
    requirements = CODE + "/requirements.txt"
    if not os.path.exists(requirements):
        return 0
    pip = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--quiet", "-r", requirements]
    return subprocess.call(pip)


def script_environment(hyperparameters, channels, resources):
    own = {"code", "entrypoint"}
    environment = dict(os.environ)
    environment.update(
        SM_MODEL_DIR=ML + "/model",
        SM_OUTPUT_DIR=ML + "/output",
        SM_OUTPUT_DATA_DIR=ML + "/output/data",
        SM_INPUT_DIR=ML + "/input",
        SM_CHANNELS=json.dumps(sorted(set(channels) - own)),
        SM_HPS=json.dumps(hyperparameters, sort_keys=True),
        SM_HOSTS=json.dumps(resources.get("hosts", ["algo-1"])),
        SM_CURRENT_HOST=resources.get("current_host", "algo-1"),
        PYTHONPATH=os.pathsep.join(filter(None, [CODE, os.environ.get("PYTHONPATH", "")])),
    )
    environment.update({"SM_CHANNEL_" + name.upper(): "{}/input/data/{}".format(ML, name) for name in channels if name not in own})
    environment.update({"SM_HP_" + name.upper(): value for name, value in hyperparameters.items()})
    return environment


def ended(what, code):
    if code != 0 and not os.path.exists(ML + "/output/failure"):
        with open(ML + "/output/failure", "w") as file:
            file.write("{} ended with exit code {}".format(what, code))
    return code


def main(program):
    os.makedirs(ML + "/output/data", exist_ok=True)
    unpack()
    code = install_requirements()
    if code != 0:
        return ended("installing requirements.txt", code)
    hyperparameters = read_json("hyperparameters.json")
    options = [("-" if len(name) == 1 else "--") + name for name in sorted(hyperparameters)]
    arguments = [word for option in options for word in (option, hyperparameters[option.lstrip("-")])]
    environment = script_environment(hyperparameters, read_json("inputdataconfig.json"), read_json("resourceconfig.json"))
    return ended(program, subprocess.call([sys.executable, program, *arguments], cwd=CODE, env=environment))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
