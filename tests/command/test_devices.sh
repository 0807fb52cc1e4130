#!/usr/bin/env bash
# test_devices.sh TUFF JSON_LINES BACKEND…: what tuff devices lists.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
json_lines=$(realpath "$2")
shift 2
source "$(dirname "$0")/assert.sh"
plugins=${TUFF_PLUGIN_PATH%%:*}

run devices
check "devices" test "$status" -eq 0
check "says which one auto chooses" out_has '^auto '
for backend in "$@"; do
    check "lists $backend with version and description" out_has "^$backend [0-9]*\.[0-9]*\.[0-9]*  ."
    check "lists the plugin file of $backend" out_has "/tuff-$backend.so (ABI [0-9]*\.[0-9]*)$"
done
check "each backend has a device" test "$(grep -c '^   [0-9]  ' "$out")" -ge $#
check "devices have a kind, a driver and limits" test "$(grep -cE '^      (kind|driver|largest buffer)  ' "$out")" -ge $((3 * $#))

run devices --json
check "devices --json" test "$status" -eq 0
tr -d '\n' < "$out" > devices.json
echo >> devices.json
check "--json is JSON" json devices.json tuff auto backends

refuses 1 "nowhere.so" "plugin file that is not there" devices --plugin ./nowhere.so
echo "no shared object" > tuff-text.so
refuses 1 "tuff-text.so: cannot be loaded" "plugin file that is no shared object" devices --plugin ./tuff-text.so
cp "$plugins/tuff-reference.so" once-more.so
run devices --plugin "$plugins/tuff-reference.so" --plugin ./once-more.so
check "a second plugin of one name is left out" test "$status" -eq 0 -a "$(grep -c '^reference ' "$out")" -eq 1
check "with a warning" err_has "once-more.so holds the backend 'reference', as .*/tuff-reference.so does, which comes first"

# A plugin in the folder that cannot be loaded is listed with why, and the others still work.
mkdir folder
cp tuff-text.so folder/
cp "$plugins/tuff-reference.so" folder/
TUFF_PLUGIN_PATH=$work/folder run devices
check "a broken plugin does not break the list" test "$status" -eq 0
check "the broken plugin is listed" out_has '^text  (could not be loaded)$'
check "the reason is listed" out_has 'cannot be loaded as a plugin: .'
check "the sound one is listed" out_has '^reference '
TUFF_PLUGIN_PATH=$work/folder run devices --json
tr -d '\n' < "$out" > devices.json
echo >> devices.json
check "--json with a broken plugin" json devices.json auto backends
check "--json has the reason" out_has '"error": "cannot be loaded as a plugin'
mv folder $'caf\xe9'
TUFF_PLUGIN_PATH=$work/$'caf\xe9' run devices --json
check "a folder whose name is no UTF-8" test "$status" -eq 0
tr -d '\n' < "$out" > devices.json
echo >> devices.json
check "such a folder: JSON" json devices.json auto backends
check "such a folder: the sound plugin's path" out_has '/caf�/tuff-reference.so"'
check "such a folder: the broken plugin's path" out_has '/caf�/tuff-text.so"'
TUFF_PLUGIN_PATH=relative run devices
check "a relative plugin path is skipped with a warning" err_has "^tuff: warning: .*'relative'"

refuses 1 "unknown backend 'referense'; did you mean 'reference'?" "misspelt backend" \
    train lenet-mnist --backend referense
refuses 1 "unknown backend 'xyzzy'" "strange backend" train lenet-mnist --backend xyzzy
refuses 1 "reference has no device 9, only 1" "device that is not there" train lenet-mnist --backend reference --device 9
check "nothing was written" absent runs
finish
