#!/usr/bin/env bash
# Completion: bash's function called as bash calls it, and a zsh at which somebody types. The scripts come from the
# command itself, and so do the names.
# shellcheck disable=SC2317,SC2034 # functions that check calls; variables that the completion reads
tuff=$1
typist=$(realpath "$(dirname "$0")/type_at_zsh.zsh")
source "$(dirname "$0")/assert.sh"

run completion bash
check "bash: the script is printed" test "$status" -eq 0
check "bash: nothing on stderr" err_empty
cp "$out" tuff.bash
check "bash: it is a script" bash -n tuff.bash
# shellcheck disable=SC1091 # written above
source ./tuff.bash
check "bash: tuff is completed" bash -c 'source ./tuff.bash && complete -p tuff'

asked=()
compopt() { asked+=("$2"); } # there is no completion under way here, and it would say so

# complete WORD...: the last is the one with the cursor; fills $found, sorted.
complete_words()
{
    asked=()
    COMP_WORDS=("$tuff" "$@")
    COMP_CWORD=$#
    COMPREPLY=()
    _tuff
    found=$(printf '%s\n' "${COMPREPLY[@]}" | sort | paste -sd ' ')
}
# offers NAME EXPECTED WORD...
offers()
{
    local name=$1 expected=$2
    shift 2
    complete_words "$@"
    printf '%s\n' "$found" > "$out"
    check "bash: $name" test "$found" = "$expected"
}
includes()
{
    local name=$1 expected=$2
    shift 2
    complete_words "$@"
    printf '%s\n' "$found" > "$out"
    check "bash: $name" bash -c '[[ " $1 " == *" $2 "* ]]' _ "$found" "$expected"
}

run --help
offers "all commands" "$(sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p' "$out" | sort | paste -sd ' ')" ""
offers "the begin of a command" train tr
offers "options of tuff itself" --version --v
offers "the begin of an option" --epochs train --epo
for command in train eval export summary devices check bench man; do
    complete_words $command -
    run $command --help-all
    sed -n 's/^  -\([a-zA-Z]\), .*/-\1/p; s/^  .*\(--[a-z][a-z0-9-]*\)\( .*\)*$/\1/p' "$out" | sort > shown
    printf '%s\n' "${COMPREPLY[@]}" | sort > offered
    check "bash: the help of $command has options" test -s shown
    check "bash: options of $command are those of its help" test "$(grep -cvxFf offered shown)" -eq 0
done
offers "a model" lenet-mnist train lenet-m
offers "a model behind options" lenet-mnist train -n 3 --force lenet-m
offers "nothing behind the last operand" "" train lenet-mnist lenet
offers "a data set" mnist train -D mn
offers "a data set behind =" mnist train --data = mn
offers "data sets right behind =" "cifar10 cifar100 digits fashion-mnist kmnist mnist" train --data =
offers "a value in a word of its own with =" --data=mnist train --data=mn
includes "a backend" reference train lenet-mnist --backend ref
includes "the backend of check" reference check --against ""
offers "one of the names that an option takes" "test train" eval --split t
offers "an op" conv2d_forward check --op conv2d_f
offers "the value of an option without names" "" train --epochs ""
offers "no option as another's value" "" train --epochs -
offers "commands in a command" new plugin ""
offers "options of a command in a command" --out plugin new --o
offers "the command of help" train help tr
offers "a command in the command of help" new help plugin n
offers "the operand of man" check man ch
offers "no option behind --" "" train -- --ep
offers "nothing of an unknown command" "" trian --
mkdir -p runs/first other
touch model.yaml weights.safetensors notes.txt
offers "model files" "model.yaml" train mod
offers "checkpoints and folders" "home other runs weights.safetensors" eval ""
offers "a folder" runs/first eval runs/f
complete_words train --data-dir ""
check "bash: a folder is left to readline" test "${asked[*]}" = dirnames
complete_words train --plugin ""
check "bash: a file is left to readline" test "${asked[*]}" = default

run completion zsh
check "zsh: the function is printed" test "$status" -eq 0
cp "$out" _tuff
check "zsh: it is found by compinit" has '^#compdef tuff$' _tuff
if command -v zsh > /dev/null; then
    check "zsh: it can be read" zsh -n _tuff
    lines=('tuff tra' 'tuff train lenet-m' 'tuff train --epo' 'tuff train -D mn' 'tuff train --data=di'
        'tuff check --backend refe' 'tuff check --op conv2d_f' 'tuff plugin n' 'tuff plugin new --o' 'tuff --vers'
        'tuff help trai' 'tuff man chec' 'tuff eval weig' 'tuff train mod' 'tuff train --data-dir oth')
    timeout 300 zsh -f "$typist" "$tuff" "$PWD/_tuff" "${lines[@]}" > "$out" 2> "$err"
    cat > wanted << 'LINES'
tuff train 
tuff train lenet-mnist 
tuff train --epochs=
tuff train -D mnist 
tuff train --data=digits 
tuff check --backend reference 
tuff check --op conv2d_forward 
tuff plugin new 
tuff plugin new --out=
tuff --version 
tuff help train 
tuff man check 
tuff eval weights.safetensors 
tuff train model.yaml 
tuff train --data-dir other/
LINES
    check "zsh: what somebody types is completed" same wanted "$out"
else
    echo "zsh is not installed: its function was printed, and not run"
fi

run completion names models
check "names: models" out_has '^lenet-mnist$'
run completion names backends
check "names: backends" out_has '^reference$'
check "names: auto is one" out_has '^auto$'
refuses 2 "unknown kind 'modles'; did you mean 'models'?" "names: misspelt kind" completion names modles
refuses 2 "unknown command 'bsh'; did you mean 'bash'?" "misspelt shell" completion bsh
refuses 2 "unknown command 'powershell'; there is: bash, zsh, names" "another shell" completion powershell
finish
