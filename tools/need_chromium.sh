#!/bin/sh
# The page of `ddspgraph explore` is tested in a real browser: installs Chromium and its driver where that is allowed,
# says how where it is not. The tests are then skipped with that reason.
if command -v chromedriver >/dev/null 2>&1; then
  for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null 2>&1 && exit 0
  done
fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing chromium and chromium-driver (for the tests of the page; 1 to 2 minutes, once)"
  get() { DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium chromium-driver; }
  { get || { apt-get update -qq && get; }; } >/dev/null 2>&1 && exit 0
fi
echo "note: chromium or chromedriver is missing: the tests of the page in a browser will be skipped (Debian: apt-get install chromium chromium-driver, macOS: brew install chromedriver google-chrome)"
exit 0
