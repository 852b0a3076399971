#!/bin/sh
# Builds one image with buildah, on a stand-in for its base image: where no image registry can be
# reached. With Docker, `docker build` takes the same Dockerfile.
#   scripts/image.sh NAME [ARGUMENT...]      deploy/docker/NAME.Dockerfile
set -eu
name=$1
shift
containers=$(dirname "$0")/containers.sh
base=docker.io/library/python:3.13-slim
"$containers" buildah inspect --type image "$base" >/dev/null 2>&1 || scripts/base_image.sh "$base"
# The registries that this machine is configured for, and the certificates that they need.
certificates=/etc/ssl/certs/ca-certificates.crt
[ ! -e "$certificates" ] || set -- -v "$certificates:$certificates:ro" "$@"
for variable in PIP_INDEX_URL UV_DEFAULT_INDEX NPM_CONFIG_REGISTRY; do
  [ -z "$(printenv "$variable")" ] || set -- --build-arg "$variable" "$@"
done
# The Docker format, since that of OCI has no HEALTHCHECK.
tag=$name:dev
[ "$name" != gateway ] || tag=clearbg:dev
exec "$containers" buildah bud --isolation chroot --format docker --layers --network host --pull-never \
  --build-arg REVISION="$(git rev-parse HEAD)" \
  -t "localhost/$tag" -f "deploy/docker/$name.Dockerfile" "$@" .
