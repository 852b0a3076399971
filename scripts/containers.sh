#!/bin/sh
# Runs buildah or podman with settings and a storage of this checkout's own, in var/containers: what
# else runs containers on this machine is not affected.
#   scripts/containers.sh podman ps
set -eu
store=$(cd "$(dirname "$0")/.." && pwd)/var/containers
mkdir -p "$store"
export CONTAINERS_CONF="$store/containers.conf" CONTAINERS_STORAGE_CONF="$store/storage.conf"
cat >"$CONTAINERS_STORAGE_CONF.$$" <<END
[storage]
driver = "overlay"
graphroot = "$store/images"
runroot = "$store/run"
END
# crun does not start where version 1 and 2 of control groups are mixed, and the default limits on
# files and processes exceed those of small machines. Locks are files, since those in shared memory
# are one set for all storages of a machine.
cat >"$CONTAINERS_CONF.$$" <<END
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
tmp_dir = "$store/tmp"
[network]
network_backend = "netavark"
network_config_dir = "$store/networks"
END
mv "$CONTAINERS_STORAGE_CONF.$$" "$CONTAINERS_STORAGE_CONF"
mv "$CONTAINERS_CONF.$$" "$CONTAINERS_CONF"
exec "$@"
