#!/bin/sh
# Runs the pinned uv. uv does not read pip's configuration, so that its index is passed on.
#   scripts/uv.sh pip sync ...
set -eu
index=${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(.uv/bin/pip config get global.index-url 2>/dev/null || true)}}
[ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
export UV_PYTHON_DOWNLOADS=never # use the Python that make was given
exec .uv/bin/uv --quiet "$@"
