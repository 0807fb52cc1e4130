#!/usr/bin/env bash
# Data sets through the command: files that are missing or broken, a small set in MNIST's format, and the real one.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
json_lines=$(realpath "$2")
source "$(dirname "$0")/assert.sh"
unset XDG_CACHE_HOME
train=(train lenet-mnist --backend reference --data mnist --epochs 1)

# integer N: four bytes, the greatest first.
integer() { printf '%b' "$(printf '\\x%02x\\x%02x\\x%02x\\x%02x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)))"; }
images() { integer 2051; integer "$1"; integer 28; integer 28; head -c $(($1 * 784)) /dev/zero | tr '\0' '\100'; }
labels() { integer 2049; integer "$1"; for ((i = 0; i < $1; i++)); do printf '%b' "\\x0$((i % 10))"; done; }
# A whole small set in folder $1.
make_set()
{
    rm -rf "$1"
    mkdir -p "$1"
    images 40 > "$1/train-images-idx3-ubyte"
    labels 40 > "$1/train-labels-idx1-ubyte"
    images 20 > "$1/t10k-images-idx3-ubyte"
    labels 20 > "$1/t10k-labels-idx1-ubyte"
}

refuses 1 "unknown data set 'minst'; did you mean 'mnist'?" "misspelt data set" "${train[@]}" --data minst --out run
refuses 1 "tuff data fetch mnist" "no data: says what to do" "${train[@]}" --out run
mkdir empty
refuses 1 "empty" "an empty folder: says where it looked" "${train[@]}" --data-dir empty --out run
refuses 1 "mnist" "a folder that is not there" "${train[@]}" --data-dir nowhere --out run

make_set set
run "${train[@]}" --data-dir set --out plain
check "a small set trains" test "$status" -eq 0
check "its sizes are said" out_has '40 training and 20 test images (1, 28, 28)'
cp -r plain moved
run train --resume moved --epochs 2 --data ./set
check "it goes on where the same images are a folder" test "$status" -eq 0
check "which needs no other one" has '^    "folder": null,$' moved/config.json
mkdir -p parent && make_set parent/mnist && gzip parent/mnist/*
TUFF_DATA=$work/parent run "${train[@]}" --out packed
check "TUFF_DATA, and files that are packed" test "$status" -eq 0
check "packed or not: the same checkpoint" same plain/last.safetensors packed/last.safetensors
mkdir -p cache/tuff && make_set cache/tuff/mnist
XDG_CACHE_HOME=$work/cache run "${train[@]}" --out cached
check "the cache is searched" test "$status" -eq 0
run eval --backend reference plain
check "eval without the data says what to do" test "$status" -eq 1
check "eval without the data: one line" one_error "tuff data fetch mnist"
run eval --backend reference plain --data-dir set
check "eval with --data-dir" out_has '^mnist test: .* of 20 images)'

# breaks NAME PATTERN FILE COMMAND…: with FILE replaced by what COMMAND prints the set is refused, and nothing written.
breaks()
{
    local name=$1 pattern=$2 file=$3
    shift 3
    make_set broken
    "$@" > "new-file"
    mv new-file "broken/$file"
    refuses 1 "$pattern" "$name" "${train[@]}" --data-dir broken --out run
    check "$name: nothing was written" absent run
}
cut_off() { images 40 | head -c "$1"; }
longer() { images 40; printf 'x'; }
eleven() { integer 2049; integer 40; head -c 40 /dev/zero | tr '\0' '\13'; }
wide() { integer 2051; integer 40; integer 28; integer 27; head -c $((40 * 28 * 27)) /dev/zero; }
huge() { integer 2051; integer 4294967295; integer 4294967295; integer 4294967295; }
none() { integer 2051; integer 0; integer 28; integer 28; }
packed_cut_off() { images 40 | gzip | head -c 60; }
breaks "an empty file" 'train-images-idx3-ubyte: ' train-images-idx3-ubyte true
breaks "labels where images should be" 'train-images-idx3-ubyte: .*magic' train-images-idx3-ubyte labels 40
breaks "a header that is cut off" 'train-images-idx3-ubyte: ' train-images-idx3-ubyte cut_off 10
breaks "images that are cut off" 'train-images-idx3-ubyte: truncated' train-images-idx3-ubyte cut_off 5000
breaks "images with something behind" 'train-images-idx3-ubyte: trailing' train-images-idx3-ubyte longer
breaks "fewer labels than images" 'train-labels-idx1-ubyte: expected 40' train-labels-idx1-ubyte labels 39
breaks "a label above 9" 'train-labels-idx1-ubyte: .*found 11' train-labels-idx1-ubyte eleven
breaks "images of another size" '28 x 27' t10k-images-idx3-ubyte wide
breaks "a header of absurd size" 't10k-images-idx3-ubyte: ' t10k-images-idx3-ubyte huge
breaks "no images" 't10k-images-idx3-ubyte: ' t10k-images-idx3-ubyte none
breaks "a text" 't10k-labels-idx1-ubyte: ' t10k-labels-idx1-ubyte echo "404 Not Found: no such page here"
make_set broken && rm broken/t10k-labels-idx1-ubyte
refuses 1 't10k-labels-idx1-ubyte' "one file of four is missing" "${train[@]}" --data-dir broken --out run
make_set broken && rm broken/train-images-idx3-ubyte && packed_cut_off > broken/train-images-idx3-ubyte.gz
refuses 1 'train-images-idx3-ubyte.gz' "a packed file that is cut off" "${train[@]}" --data-dir broken --out run
check "nothing was written for what was refused" absent run

# A set of one's own by its folder.
run train lenet-mnist --backend reference --epochs 1 --data ./set --out own
check "a folder of IDX files trains" test "$status" -eq 0
check "it is called as its folder is" out_has '^data    set, 40 training and 20 test images (1, 28, 28)'
check "the same checkpoint but for its name" test "$(tail -c 240000 own/last.safetensors | cksum)" = "$(tail -c 240000 plain/last.safetensors | cksum)"
mkdir elsewhere
(cd elsewhere && "$tuff" eval --backend reference ../own > "$out" 2> "$err")
check "eval finds the folder from anywhere" out_has '^set test: .* of 20 images)'
refuses 1 "which needs no other" "a folder and --data-dir" train lenet-mnist --backend reference --data ./set --data-dir set
refuses 1 "expected folders of images" "a folder that holds nothing" train lenet-mnist --backend reference --data ./empty
refuses 1 "No such file" "a folder that is not there" train lenet-mnist --backend reference --data ./nowhere

# tuff data
refuses 2 "a command is missing" "tuff data alone" data
refuses 2 "unknown command 'lst'; did you mean 'list'?" "a command that there is not" data lst
run data --help
check "tuff data --help" test "$status" -eq 0
check "tuff data --help names the commands" out_has '^  fetch '
run help data
check "tuff help data" out_has '^  list '
run data list
check "tuff data list" test "$status" -eq 0
for set in mnist fashion-mnist kmnist cifar10 cifar100 digits; do
    check "tuff data list has $set" out_has "^$set "
done
check "tuff data list: what is not here" out_has '  files        not here; tuff data fetch mnist gets them: 11.1 MiB'
XDG_CACHE_HOME=$work/cache run data list
check "tuff data list: what is here, and where" out_has "  files        in $work/cache/tuff/mnist"
run data list --data-dir parent --json
tr -d '\n' < "$out" > list.json
echo >> list.json
check "tuff data list --json is JSON" json list.json tuff sets
check "tuff data list --json says where" out_has '"folder": "parent/mnist"'
make_set $'caf\xe9/mnist'
TUFF_DATA=$work/$'caf\xe9' run data list --json
check "tuff data list --json, of a folder whose name is no UTF-8" test "$status" -eq 0
check "tuff data list --json says where that is" out_has '"folder": "/[^"]*/caf�/mnist"'
make_set half/mnist && rm half/mnist/t10k*
run data list --data-dir half
check "tuff data list: half a set" out_has '  files        some in half/mnist; tuff data fetch mnist gets the others'

# The real files, where TUFF_DATA says so.
if [[ -n $real_data && -e $real_data/mnist/t10k-labels-idx1-ubyte.gz ]]; then
    echo "data: MNIST, from TUFF_DATA"
    TUFF_DATA=$real_data run train lenet-mnist --backend reference --data mnist --steps 60 --out real
    check "MNIST trains" test "$status" -eq 0
    check "MNIST has 60,000 training images" out_has 'mnist, 60,000 training images (1, 28, 28)'
else
    echo "data: files made here (no MNIST in TUFF_DATA)"
fi
finish
