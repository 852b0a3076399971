#!/bin/sh
# Creates the database at the first start, with the password in POSTGRES_PASSWORD; then runs the server.
set -eu
bin=$(echo /usr/lib/postgresql/*/bin) data=/var/lib/postgresql/data
if [ ! -e "$data/PG_VERSION" ]; then
  printf '%s\n' "${POSTGRES_PASSWORD:?}" |
    "$bin/initdb" -D "$data" -U clearbg --pwfile=/dev/stdin --auth=scram-sha-256 -E UTF8 --locale=C.UTF-8
  echo "host all all all scram-sha-256" >>"$data/pg_hba.conf"
fi
exec "$bin/postgres" -D "$data" -h '*' -k /tmp
