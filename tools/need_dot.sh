#!/bin/sh
# Pictures need graphviz's `dot`: installs it where that is allowed, says how where it is not.
command -v dot >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "installing graphviz (for dot)"
  { apt-get install -y -qq graphviz || { apt-get update -qq && apt-get install -y -qq graphviz; }; } >/dev/null 2>&1 && exit 0
fi
echo "note: graphviz's dot is missing: SVG, PNG and PDF drawings will be skipped (Debian: apt-get install graphviz, macOS: brew install graphviz)"
exit 0
