#!/bin/sh
# Runs one step of the set-up, and prints its name, then the size of its folder and its duration.
#   scripts/step.sh NAME FOLDER COMMAND...
set -eu
name=$1 folder=$2
shift 2
echo "$name …"
started=$(date +%s)
"$@"
echo "$name: $(($(du -sk "$folder" | cut -f1) * 1024 / 1000000)) MB, $(($(date +%s) - started)) s"
