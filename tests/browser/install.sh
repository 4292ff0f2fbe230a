#!/usr/bin/env bash
# A Chromium for the browser tests: the one that is there, Debian's, or Playwright's own.
set -euo pipefail
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
else
  "$1" -m playwright install chromium
fi
