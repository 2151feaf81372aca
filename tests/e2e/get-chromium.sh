#!/bin/sh
# Make sure there is a Chromium for the browser tests: the one that is here, else Debian's package.
set -eu

for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome; do
    if [ -n "$name" ] && command -v "$name" >/dev/null; then
        exit 0
    fi
done

if command -v apt-get >/dev/null; then
    sudo=""
    if [ "$(id -u)" != 0 ]; then
        sudo="sudo -n"
    fi
    echo "Installing Debian's chromium for the browser tests …"
    if $sudo apt-get update -qq && $sudo apt-get install -y -qq chromium >/dev/null; then
        exit 0
    fi
fi

echo "The browser tests need Chromium and could not install it here." >&2
echo "Install Chromium or Chrome, or name one: CHROMIUM=/path/to/chrome make test" >&2
exit 1
