#!/usr/bin/env bash
# Data sets through the command: files that are missing or broken, a small set in MNIST's format, and the real one.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
source "$(dirname "$0")/assert.sh"
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
refuses 1 "fetch-mnist" "no data: says what to do" "${train[@]}" --out run
mkdir empty
refuses 1 "empty" "an empty folder: says where it looked" "${train[@]}" --data-dir empty --out run
refuses 1 "mnist" "a folder that is not there" "${train[@]}" --data-dir nowhere --out run

make_set set
run "${train[@]}" --data-dir set --out plain
check "a small set trains" test "$status" -eq 0
check "its sizes are said" out_has '40 training and 20 test images (1, 28, 28)'
mkdir -p parent && make_set parent/mnist && gzip parent/mnist/*
TUFF_DATA=$work/parent run "${train[@]}" --out packed
check "TUFF_DATA, and files that are packed" test "$status" -eq 0
check "packed or not: the same checkpoint" same plain/last.safetensors packed/last.safetensors
mkdir -p cache/tuff && make_set cache/tuff/mnist
XDG_CACHE_HOME=$work/cache run "${train[@]}" --out cached
check "the cache is searched" test "$status" -eq 0
run eval --backend reference plain
check "eval without the data says what to do" test "$status" -eq 1
check "eval without the data: one line" one_error fetch-mnist
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

# The real files, where TUFF_DATA says so.
if [[ -n $real_data ]]; then
    echo "data: MNIST, from TUFF_DATA"
    TUFF_DATA=$real_data run train lenet-mnist --backend reference --data mnist --steps 60 --out real
    check "MNIST trains" test "$status" -eq 0
    check "MNIST has 60,000 training images" out_has 'mnist, 60,000 training images (1, 28, 28)'
else
    echo "data: files made here (TUFF_DATA is not set)"
fi
finish
