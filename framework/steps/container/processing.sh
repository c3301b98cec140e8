#!/bin/bash
# Starts a processing script: unpack the code, install what it needs, run it as a module from the source directory.
set -euo pipefail

cd /opt/ml/processing/input/code
if [ -f sourcedir.tar.gz ]; then
    tar -xzf sourcedir.tar.gz --no-same-owner
fi

python=python
command -v python >/dev/null 2>&1 || python=python3

requirements=@REQUIREMENTS@
if [ -n "$requirements" ]; then
    "$python" -m pip install --disable-pip-version-check --quiet -r "$requirements"
fi

exec "$python" -m @MODULE@ "$@"
