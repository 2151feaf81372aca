#!/bin/sh
# Make sure there are Firefox and WebKit for the tests of the three engines: those that are here,
# else Debian's packages. ENGINES=chromium leaves the other two out.
set -eu

missing=""
for engine in ${ENGINES-firefox webkit}; do
    case $engine in
        firefox) command -v firefox-esr >/dev/null || missing="$missing firefox-esr" ;;
        webkit)
            command -v WebKitWebDriver >/dev/null || missing="$missing webkit2gtk-driver"
            command -v xvfb-run >/dev/null || missing="$missing xvfb xauth"
            ;;
    esac
done
[ -n "$missing" ] || exit 0

if command -v apt-get >/dev/null; then
    sudo=""
    if [ "$(id -u)" != 0 ]; then
        sudo="sudo -n"
    fi
    echo "Installing Debian's$missing for the tests of the engines …"
    # shellcheck disable=SC2086  # several names
    if $sudo apt-get update -qq && $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi

echo "The tests of the engines need$missing (Debian's names) and could not install them here." >&2
echo "To test in Chromium alone: ENGINES=chromium make test" >&2
exit 1
