#!/usr/bin/env bash
# Tuff's files in PyTorch and PyTorch's in tuff: the code of docs/pytorch.md, run as it stands there, and what it leads to
# compared to five digits.
#
#   test_pytorch.sh TUFF PYTHON DOCUMENT
# shellcheck disable=SC2317,SC2016 # functions that check calls; awk
tuff=$1 python=$2 document=$(realpath "$3")
here=$(realpath "$(dirname "$0")")
source "$here/../command/assert.sh"
unset XDG_CACHE_HOME
mnist=$HOME/.cache/tuff/mnist
export OMP_NUM_THREADS=1

# The data where the document has it: MNIST, or a small set in its format.
mkdir -p "$(dirname "$mnist")"
found=
for folder in "$real_data/mnist" "$real_data"; do
    [[ -z $real_data || ! -e $folder/t10k-images-idx3-ubyte.gz ]] || found=${found:-$(realpath "$folder")}
done
if [[ -n $found ]]; then
    ln -s "$found" "$mnist"
    used="data: MNIST from $found"
else
    "$python" "$here/make_set.py" "$mnist" || exit 1
    used="data: a small set in MNIST's format, made here"
fi

# part N LANGUAGE: the document's Nth piece of code in that language.
part()
{
    awk -v wanted="$1" -v language="$2" '
        /^```/ { inside = 0 }
        inside && number == wanted { print }
        $0 == "```" language { number++; inside = 1 }' "$document"
}
for n in 1 2 3 4 5; do
    part $n python > piece
    check "the document has piece $n in Python" test -s piece
    cat piece >> script.py
done
check "it has no sixth" test -z "$(part 6 python)"
# Its commands, but for fetching the data, which are there.
part 1 sh | grep -v 'data fetch' > train.sh
part 2 sh > eval.sh
part 1 yaml > small-resnet.yaml
part 3 sh > train-resnet.sh
part 4 sh > eval-resnet.sh
check "the document trains" has '^tuff train lenet-mnist ' train.sh
check "it trains a residual network too" has '^tuff train small-resnet.yaml ' train-resnet.sh
mkdir bin
ln -s "$tuff" bin/tuff
PATH=$PWD/bin:$PATH

# same_figures A B: files with "loss X, accuracy Y%", X within a digit of the last that is printed.
same_figures()
{
    paste -d ' ' "$1" "$2" | awk -F '[ ,%]+' '
        { lines++; d = $2 - $6; right = d < 1.5e-4 && d > -1.5e-4 && $4 == $8 && NF >= 8 }
        END { exit !(lines == 1 && right) }'
}

bash -e train.sh > "$out" 2> "$err"
status=$?
check "tuff trains and evaluates as the document says" test "$status" -eq 0
evaluated=$(sed -n 's/^mnist test: \(loss [0-9.]*, accuracy [0-9.]*%\) .*/\1/p' "$out")
check "tuff eval says loss and accuracy" test -n "$evaluated"
bash -e train-resnet.sh > "$out" 2> "$err"
status=$?
check "tuff trains and evaluates the residual network" test "$status" -eq 0
resnet=$(sed -n 's/^mnist test: \(loss [0-9.]*, accuracy [0-9.]*%\) .*/\1/p' "$out")
# Networks as ONNX files, which PyTorch's functions run below.
run export runs/first --onnx first.onnx
check "the run is exported" test "$status" -eq 0
"$tuff" train "$here/../onnx/uneven.yaml" --data mnist --backend reference --steps 20 --quiet --out uneven > "$out" 2> "$err"
status=$?
check "an uneven network is trained" test "$status" -eq 0
run export uneven --onnx uneven.onnx
check "it is exported" test "$status" -eq 0
# What the document computes goes on in the comparisons below.
cat script.py "$here/compare.py" > whole.py
PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 "$python" whole.py > "$out" 2> "$err"
status=$?
check "the document's Python runs" test "$status" -eq 0
check "PyTorch knows who trained it" out_has '^trained by tuff [0-9.]* on mnist$'
check "ONNX: its logits are those of PyTorch's network" out_has '^onnx: logits differ by '
cp "$out" torch
printf '%s\n' "$evaluated" > wanted
sed -n 's/^loss/loss/p' torch | head -n 1 > first
check "tuff to PyTorch: tuff eval and PyTorch print the same" same_figures wanted first

bash -e eval.sh > "$out" 2> "$err"
status=$?
check "tuff takes what PyTorch wrote" test "$status" -eq 0
sed -n 's/^mnist test: \(loss [0-9.]*, accuracy [0-9.]*%\) .*/\1/p' "$out" > back
sed -n 's/^loss/loss/p' torch | sed -n 2p > second
check "PyTorch to tuff: PyTorch and tuff eval print the same" same_figures second back
check "PyTorch learned something in between" differ first second
printf '%s\n' "$resnet" > wanted
sed -n 's/^loss/loss/p' torch | sed -n 3p > third
check "a residual network from tuff to PyTorch: both print the same" same_figures wanted third
bash -e eval-resnet.sh > "$out" 2> "$err"
status=$?
check "tuff takes PyTorch's residual network, num_batches_tracked and all" test "$status" -eq 0
sed -n 's/^mnist test: \(loss [0-9.]*, accuracy [0-9.]*%\) .*/\1/p' "$out" > back
sed -n 's/^loss/loss/p' torch | sed -n 4p > fourth
check "a residual network from PyTorch to tuff: both print the same" same_figures fourth back
check "its statistics have changed in between" differ third fourth
run eval bare.safetensors
check "a file without texts: tuff asks for the model" err_has '\-\-model'
run eval bare.safetensors --model lenet-mnist --data mnist
check "a file without texts: with model and data it is evaluated" test "$status" -eq 0
run eval missing.safetensors --model lenet-mnist --data mnist
check "a file that lacks a parameter is refused" one_error "parameter 'fc3.bias' is missing"

# To five digits, on the reference backend: loss and right answers, and the logits of some images.
for way in "runs/first/last.safetensors lenet-mnist first" "lenet.safetensors lenet-mnist second" \
    "uneven/last.safetensors $here/../onnx/uneven.yaml uneven"; do
    read -r file model name <<< "$way"
    run eval "$file" --model "$model" --data mnist --backend reference --json
    check "$name: evaluated" test "$status" -eq 0
    cp "$out" eval.json
    "$python" "$here/judge.py" eval eval.json "$name.json" > "$out" 2> "$err"
    status=$?
    check "$name: loss and right answers are PyTorch's" test "$status" -eq 0
    sed "s/^/# $name: /" "$out"
done
run predict runs/first --backend reference --json --index 0 --index 1 --index 2 --index 3 --index 57 --index 399
check "some images are predicted" test "$status" -eq 0
cp "$out" predict.json
"$python" "$here/judge.py" predict predict.json first.json > "$out" 2> "$err"
status=$?
check "their logits are PyTorch's" test "$status" -eq 0
sed 's/^/# /' "$out"
echo "$used"
finish
