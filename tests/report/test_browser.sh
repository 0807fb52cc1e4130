#!/usr/bin/env bash
# The sample pages in a browser: no message on the console, no scrolling to the side on a phone, and a picture of it
# that is not empty, in both colour schemes.
#   test_browser.sh WRITE_PAGES BROWSER
set -uo pipefail
browser=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
checks=0 failures=0

check()
{
    local name=$1
    shift
    checks=$((checks + 1))
    "$@" && return 0
    failures=$((failures + 1))
    echo "not ok - $name: $*"
    tail -n 20 "$work/log" | sed 's/^/#   /'
}

# browse WIDTH SCHEME FILE OPTION…: 0 is dark, 1 is light. Standard output is the browser's, messages go to the log.
browse()
{
    local width=$1 scheme=$2 file=$3
    shift 3
    rm -rf "$work/profile"
    timeout 120 "$browser" --headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
        --disable-background-networking --disable-component-update --disable-sync --user-data-dir="$work/profile" \
        --hide-scrollbars --window-size="$width,900" --blink-settings="preferredColorScheme=$scheme" \
        --enable-logging=stderr "$@" "file://$file" 2> "$work/log"
}

quiet() { ! grep -E 'CONSOLE' "$work/log"; }

"$1" "$work" > "$work/names" || exit 1
while read -r name; do
    page=$work/$name/index.html
    # The same page with a script that writes down how wide it is; its own policy forbids scripts.
    sed -e '/Content-Security-Policy/d' \
        -e 's|</body>|<script>document.title = "width " + document.documentElement.scrollWidth + " of " + innerWidth;</script></body>|' \
        "$page" > "$work/measured.html"
    browse 390 1 "$work/measured.html" --dump-dom > "$work/dom"
    check "$name: it fits a phone" grep -q '<title>width \([0-9]*\) of \1</title>' "$work/dom"
    check "$name: the whole page was read" grep -q '<footer>Written by tuff' "$work/dom"
    check "$name: nothing on the console" quiet
done < "$work/names"
# Pages as they are, with their policy.
for name in plain hundred; do
    for scheme in 0 1; do
        rm -f "$work/$scheme.png"
        browse 1280 $scheme "$work/$name/index.html" --screenshot="$work/$scheme.png" > /dev/null
        check "$name: nothing on the console" quiet
        check "$name: there is a picture of it" test -s "$work/$scheme.png"
    done
    check "$name: dark and light differ" bash -c "! cmp -s '$work/0.png' '$work/1.png'"
done
# A page with an error, so that silence means something.
echo '<!DOCTYPE html><script>nonsense();</script>' > "$work/broken.html"
browse 390 1 "$work/broken.html" --dump-dom > /dev/null
check "an error would be seen" grep -q CONSOLE "$work/log"
echo "$checks checks, $failures failed"
((checks > 20 && failures == 0))
