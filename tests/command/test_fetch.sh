#!/usr/bin/env bash
# tuff data fetch: from a server on this machine and from folders.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
http_server=$(realpath "$2")
source "$(dirname "$0")/assert.sh"
unset XDG_CACHE_HOME
unset http_proxy https_proxy all_proxy ALL_PROXY

refuses 2 "SET is missing" "no set" data fetch
refuses 1 "unknown data set 'cifar'; did you mean 'cifar10'?" "a set that there is not" data fetch cifar
refuses 1 "nothing to fetch" "a set without files" data fetch digits
refuses 1 "expected a folder, https:// or file://" "http without leave" data fetch mnist --from http://127.0.0.1:1/
refuses 1 "No such file" "a folder that is not there" data fetch mnist --from nowhere
env -u HOME "$tuff" data fetch mnist --from "$work" > "$out" 2> "$err"
status=$?
check "no place for it" one_error "neither XDG_CACHE_HOME nor HOME"
run data fetch --help
check "--help" out_has 'tuff data fetch mnist$'

mkdir wrong
for file in train-images-idx3-ubyte train-labels-idx1-ubyte t10k-images-idx3-ubyte t10k-labels-idx1-ubyte; do
    head -c 20000 /dev/zero > wrong/$file.gz
done
run data fetch mnist --from wrong
check "wrong files: exit status" test "$status" -eq 1
check "wrong files: says what was expected" err_has 'warning: train-images-idx3-ubyte.gz: not from file://.*expected SHA-256 440fcabf.*, found '
check "wrong files: an error at the end" err_has 'error: train-images-idx3-ubyte.gz: none of 1 places gave the right file'
check "wrong files: none is left" test -z "$(ls home/.cache/tuff/mnist)"

start_server()
{
    coproc server { "$http_server" "$1"; }
    read -r port <&"${server[0]}"
    url=http://127.0.0.1:$port
}
start_server wrong
# Twenty seconds of it, which a signal ends.
head -c 400000 /dev/zero > wrong/train-images-idx3-ubyte.gz
env --default-signal=INT "$tuff" data fetch mnist --from "$url/slow" --allow-http > "$out" 2> "$err" &
fetching=$!
for ((i = 0; i < 100; i++)); do
    [[ -s home/.cache/tuff/mnist/train-images-idx3-ubyte.gz.part ]] && break
    sleep 0.1
done
SECONDS=0
kill -INT "$fetching"
wait "$fetching"
status=$?
check "SIGINT: exit status 130" test "$status" -eq 130
check "SIGINT: at once" test "$SECONDS" -le 10
check "SIGINT: says what is kept" err_has '^tuff: what has come is kept'
check "SIGINT: no error" lacks 'error' "$err"
check "SIGINT: the part is there, and no whole" test -s home/.cache/tuff/mnist/train-images-idx3-ubyte.gz.part
check "SIGINT: no whole" absent home/.cache/tuff/mnist/train-images-idx3-ubyte.gz
rm -r home/.cache

if [[ -n $real_data && -e $real_data/mnist/t10k-labels-idx1-ubyte.gz ]]; then
    echo "data: MNIST, from TUFF_DATA"
    run data fetch mnist --from "$real_data/mnist"
    check "from a folder" test "$status" -eq 0
    check "from a folder: says where it is" out_has "^mnist is in $HOME/.cache/tuff/mnist$"
    check "from a folder: four files" test "$(ls home/.cache/tuff/mnist | wc -l)" -eq 4
    run train lenet-mnist --data mnist --backend reference --dry-run
    check "what was fetched is found" out_has 'mnist, 60,000 training and 10,000 test images'
    run data fetch mnist --from nowhere --verbose
    check "what is there is kept" test "$status" -eq 0
    check "what is there is said" err_has 'train-images-idx3-ubyte.gz: is there'

    exec {server[1]}>&-
    start_server "$real_data/mnist"
    run data fetch mnist --from "$url/cut/3000000" --allow-http --data-dir data
    check "a connection that breaks" test "$status" -eq 1
    check "a connection that breaks: the part stays" test "$(stat -c %s data/mnist/train-images-idx3-ubyte.gz.part)" -eq 3000000
    run data fetch mnist --from "$url/error" --from "$url" --allow-http --data-dir data --verbose
    check "a mirror that fails, and one that goes on" test "$status" -eq 0
    check "the mirror that fails is named" err_has 'warning: train-images-idx3-ubyte.gz: not from http://127.0.0.1:.*/error/.*500'
    check "nothing is left aside" test "$(ls data/mnist | wc -l)" -eq 4
    check "the files are those of the server" same data/mnist/train-images-idx3-ubyte.gz "$real_data/mnist/train-images-idx3-ubyte.gz"
    run data list --data-dir data
    check "tuff data list finds them" out_has '  files        in data/mnist'
else
    echo "data: files made here (TUFF_DATA has no MNIST)"
fi
exec {server[1]}>&-
finish
