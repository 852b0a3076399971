#!/bin/sh
# Installs Debian's Chromium for the browser tests where it is missing and can be had: as root, with
# apt. Elsewhere it says what to do; the tests are skipped then, for the same reason.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then exit 0; fi
done
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "Chromium: not found, so the browser tests are skipped. On Debian: apt-get install chromium"
  exit 0
fi
export DEBIAN_FRONTEND=noninteractive
install="apt-get install -qq --no-install-recommends chromium"
# The lists of packages may be missing or out of date.
scripts/step.sh "Chromium" /usr/lib/chromium sh -c \
  "{ $install || { apt-get update -qq && $install; }; } >/dev/null" ||
  echo "Chromium: it cannot be installed, so the browser tests are skipped"
