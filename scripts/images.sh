#!/bin/sh
# Builds all images that can be built here: as root on Debian, with buildah and podman, which it
# installs if they are missing. Elsewhere it says so; on CI (CI=true) that is an error.
set -eu
tools="buildah podman runc netavark aardvark-dns catatonit iptables debootstrap"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Images are built as root on Debian. With Docker: docker compose -f deploy/docker/compose.yaml build"
  [ "${CI:-}" != true ]
  exit
fi
missing=
for tool in buildah podman runc debootstrap; do
  command -v "$tool" >/dev/null || missing=$tool
done
if [ -n "$missing" ]; then
  export DEBIAN_FRONTEND=noninteractive
  install="apt-get install -qq --no-install-recommends $tools"
  # shellcheck disable=SC2086 # words
  { $install || { apt-get update -qq && $install; }; } >/dev/null
fi
for name in gateway triton-cpu postgres valkey s3; do
  scripts/image.sh "$name"
done
