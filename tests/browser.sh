#!/bin/sh
# Makes sure that a Chromium is there: one that is installed, else Debian's as root,
# else Playwright's own. Usage: browser.sh BIN
set -eu
bin=$1
if "$bin/python" -m tests.browser >/dev/null 2>&1; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "Installing Debian's chromium ..."
  apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null
else
  echo "Installing Playwright's chromium ..."
  "$bin/playwright" install chromium
fi
"$bin/python" -m tests.browser
