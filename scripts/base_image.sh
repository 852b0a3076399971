#!/bin/sh
# Makes a stand-in for python:3.13-slim from Debian's packages, where no image registry can be reached:
# Debian 13 has the same Python. The real image also has this libpython, and no documentation.
#   scripts/base_image.sh IMAGE
set -eu
image=$1
containers=$(dirname "$0")/containers.sh
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
debootstrap --variant=minbase --include=python3,python3-venv,libpython3.13,ca-certificates trixie "$root" >&2
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/* \
  "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/*
container=$("$containers" buildah from scratch)
"$containers" buildah add --quiet "$container" "$root" /
"$containers" buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  --cmd python3 "$container"
"$containers" buildah commit --quiet --rm "$container" "$image"
