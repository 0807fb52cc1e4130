#!/usr/bin/env bash
# test_ops_doc.sh TUFF SOURCE: whether tools/update-ops-doc notices what is stale.
# shellcheck disable=SC2317 # functions that check calls
tuff=$1
source=$(realpath "$2")
source "$(dirname "$0")/assert.sh"

update() { "$source/tools/update-ops-doc" --tuff "$tuff" --doc ops.md "$@" > "$out" 2> "$err"; status=$?; }

update --check
check "a missing page is stale" test "$status" -eq 1
update
check "it is written" test "$status" -eq 0
check "it has every op" test "$(grep -c '^| `' ops.md)" -eq "$("$tuff" check --cases | grep -v '(check=' | sed 's/(.*//' | sort -u | wc -l)"
update --check
check "then it is up to date" test "$status" -eq 0

cp ops.md good.md
sed -i '/^| `adam`/d' ops.md
update --check
check "a missing op is stale" test "$status" -eq 1
check "it says which" out_has '^+| `adam`'
sed 's/supported \/ supported/supported \/ not supported/' good.md > ops.md
update --check
check "other support is stale" test "$status" -eq 1

# A column of a backend that cannot be opened here.
sed -e 's/^\(| Op .*\)/\1 elsewhere |/' -e 's/^\(|---.*\)/\1---|/' -e 's/^\(| `.*\)/\1 supported |/' good.md > ops.md
update --check
check "such a column is not compared" test "$status" -eq 0
check "and said so" out_has 'elsewhere cannot be opened here'
sed -i '/^| `adam`/d' ops.md
update --check
check "the others still are" test "$status" -eq 1
update
check "the page is not overwritten without it" test "$status" -eq 1
check "which is said" err_has 'elsewhere, which cannot be opened here'

finish
