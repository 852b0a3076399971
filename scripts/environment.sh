#!/bin/sh
# Creates an environment: the packages of a lock file, verified by their hashes, and this project.
# An existing one is replaced: an interrupted installation cannot be distinguished from a complete
# one, and with uv's cache this takes seconds. Bytecode is not compiled here: compiling all of it
# would take longer than the rest, and half of it is never used.
#   scripts/environment.sh FOLDER LOCK
set -eu
folder=$1 lock=$2
rm -rf "$folder"
scripts/uv.sh venv --python .uv/bin/python "$folder"
scripts/uv.sh pip sync --python "$folder" --require-hashes "$lock"
scripts/uv.sh pip install --python "$folder" --no-deps --editable .
ln -s ../.triton "$folder/triton"
