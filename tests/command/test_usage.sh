#!/usr/bin/env bash
# Help, versions, and wrong usage.
# shellcheck disable=SC2317,SC2012,SC2016 # functions that check calls; names of our own making; awk
tuff=$1
source "$(dirname "$0")/assert.sh"

run --help
check "--help succeeds" test "$status" -eq 0
for command in train eval export summary devices check bench plugin completion man; do
    check "--help names $command" out_has "^  $command "
done
run --version
check "--version succeeds" test "$status" -eq 0
check "--version says the version and the ABI" out_has '^tuff [0-9]*\.[0-9]*\.[0-9]* (plugin ABI [0-9]*\.[0-9]*)$'

for command in train eval export summary devices check bench plugin man; do
    run $command --help
    cp "$out" first
    check "$command --help succeeds" test "$status" -eq 0
    check "$command --help begins with the usage" out_has "^Usage: tuff $command "
    check "$command --help has examples" out_has "^  tuff $command"
    check "$command --help has nothing on stderr" err_empty
    check "$command --help fits 80 columns" awk 'length > 80 { wide = 1 } END { exit wide }' "$out"
    check "$command --help fits 45 lines" test "$(wc -l < "$out")" -le 45
    check "$command --help says the exit statuses" out_has '^Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted\.$'
    run help $command
    check "help $command is the same" same first "$out"
done
run help plugin new
check "help of a command in a command" out_has '^Usage: tuff plugin new '
run help help
check "help of help is the help of all" out_has '^Commands:'
for command in train check; do
    run $command --help-all
    check "$command: no default that is no number" bash -c '! grep -q "\[nan\]" "$1"' - "$out"
done
run completion --help
check "help of a command of several" out_has '^  zsh  '
# What --help leaves out --help-all shows.
run check --help
cp "$out" first
check "check --help leaves some options out" has '^      --help-all  *show [1-9][0-9]* more options$' first
run check --help-all
check "check --help-all has them" out_has '^      --loss-tolerance X '
check "check --help does not" lacks '--loss-tolerance X ' first
check "check --help-all leaves nothing out" lacks 'more options' "$out"
run train --help
check "train --help has groups" out_has '^Training:$'
check "train --help lists the models that ship" out_has 'lenet-mnist'
check "train --help shows defaults" out_has '\-\-batch N .*\[16\]'

refuses 2 'a command is missing' "no command"
refuses 2 "unknown command 'trian'; did you mean 'train'?" "misspelt command" trian lenet-mnist
refuses 2 "unknown command 'xyzzy' (see" "strange command" xyzzy
refuses 1 "no model 'x.x9B2J' ships" "a control character of two bytes in a name" summary $'x\xc2\x9b2J'
refuses 2 "man: unknown command 'x??2J'" "a control character of two bytes in a message" man $'x\xc2\x9b2J'
refuses 2 "unknown option '--verison'; did you mean '--version'?" "misspelt option before a command" --verison
refuses 2 "unknown option '--bogus'" "strange option before a command" --bogus
refuses 2 "unknown option '--ephocs'; did you mean '--epochs'?" "misspelt option" train --ephocs 3 lenet-mnist
refuses 2 "unknown option '--ephocs=3'; did you mean '--epochs'?" "misspelt option with =" train --ephocs=3 lenet-mnist
refuses 2 "unknown option '-Z'" "strange short option" train -Z lenet-mnist
refuses 2 "unknown option '-Z' in '-fZ'" "strange short option among others" train -fZ lenet-mnist
refuses 2 "unknown option '-epochs'; did you mean '--epochs'?" "one dash" train -epochs 3 lenet-mnist
refuses 2 "unknown option '--hlep'; did you mean '--help'?" "misspelt help" train --hlep
refuses 2 'MODEL is missing' "no model" train --epochs 3
refuses 2 'MODEL is missing' "empty model" train ""
refuses 2 "unexpected argument 'second'" "two models" train lenet-mnist second
refuses 2 "unexpected argument 'vulkan'" "argument of a command without one" devices vulkan
refuses 2 '\-\-batch needs a value' "value missing" train lenet-mnist --batch
refuses 2 '\-\-force takes no value' "value of a flag" train lenet-mnist --force=yes
refuses 2 'exclude each other' "steps and epochs" train lenet-mnist --steps 3 --epochs 2
refuses 2 "\-\-split: expected 'train' or 'test', found 'tset'; did you mean 'test'?" "strange split" eval --split tset some.safetensors

# Names that only the library knows are as helpful.
refuses 1 "no model 'lenet-mnst' ships; did you mean 'lenet-mnist'?" "misspelt model" train lenet-mnst
refuses 1 "unknown data set 'minst'; did you mean 'mnist'?" "misspelt data set" train lenet-mnist --data minst
refuses 1 "unknown backend 'refrence'; did you mean 'reference'?" "misspelt backend" train lenet-mnist --backend refrence
refuses 1 "unknown op 'relu_forwrd'; did you mean 'relu_forward'?" "misspelt op" check --list --op relu_forwrd

# Numbers: option, value. Each is refused with what was expected and what was found.
while read -r option value; do
    refuses 2 "train: --$option: expected .*, found '$value'" "--$option $value" train lenet-mnist "--$option" "$value"
    refuses 2 "train: --$option: expected .*, found '$value'" "--$option=$value" train lenet-mnist "--$option=$value"
done <<'END'
batch 0
batch -1
batch 1.5
batch 4294967296
batch 18446744073709551617
batch 0x10
batch 16x
epochs -1
epochs 0
epochs ten
threads 0
steps 99999999999
log-every -5
seed -1
seed 18446744073709551616
seed 1e3
lr abc
lr 0
lr -0.1
lr nan
lr inf
lr 1e999
lr 0x1p3
lr 1e-3x
beta1 1
beta1 -0.5
beta2 1.5
epsilon 0
weight-decay -1
digits-train 0
digits-test -2
END
refuses 2 "\-\-batch: expected .*, found ''" "empty number" train lenet-mnist --batch ""
refuses 2 "\-\-batch: expected .*, found ' 5'" "number with a blank" train lenet-mnist --batch " 5"
refuses 2 "\-\-data: expected a text, found ''" "empty text" train lenet-mnist --data=

refuses 2 'plugin: a command is missing: new (see' "plugin without a command" plugin
refuses 2 "unknown command 'nwe'; did you mean 'new'?" "misspelt plugin command" plugin nwe mine
refuses 2 "unknown command 'xyzzy'; there is: new" "strange plugin command" plugin xyzzy
refuses 2 'NAME is missing' "plugin without a name" plugin new
refuses 2 "unexpected argument 'second'" "two plugins" plugin new first second
refuses 2 "unknown option '--uot'; did you mean '--out'?" "misspelt option of plugin new" plugin new --uot x mine
refuses 2 "name 'auto' is taken" "a name that --backend takes otherwise" plugin new auto
refuses 2 "name 'reference' is taken" "the oracle's name" plugin new reference
for name in Mine my.plugin "my plugin" ../mine mine/ müller; do
    refuses 2 "name '$name' is not made of lower-case letters" "plugin called '$name'" plugin new "$name"
done
refuses 1 "cannot make the folder 'no/such/mine': No such file" "folder in none" plugin new mine --out no/such/mine
refuses 1 "'first': Not a directory" "file in the folder's place" plugin new mine --out first
check "nothing was written" test "$(ls)" = "$(printf 'first\nhome')"

# What plugin new writes, and that it writes over nothing. Whether it builds is tested where it is installed.
run plugin new my-2_plugin
check "plugin new" test "$status" -eq 0
check "plugin new says what comes next" out_has 'tuff check --plugin build/tuff-my-2_plugin.so --backend my-2_plugin'
check "the skeleton is there" test "$(ls my-2_plugin)" = "$(printf 'CMakeLists.txt\nREADME.md\nplugin.c')"
check "the plugin has its name" has '\.name = "my-2_plugin",' my-2_plugin/plugin.c
check "no placeholder is left" bash -c '! grep -ri template my-2_plugin'
cp my-2_plugin/plugin.c before
refuses 1 "'my-2_plugin' is not empty" "folder that has files" plugin new my-2_plugin
mkdir empty full
touch full/.hidden
refuses 1 "'full' is not empty" "folder that has a hidden file" plugin new mine --out full
check "what was there stays" same before my-2_plugin/plugin.c
run plugin new -o empty mine
check "an empty folder is taken" test "$status" -eq 0
check "--out decides the folder alone" has '\.name = "mine",' empty/plugin.c

# A disk that is full after 4 KiB a file, which is less than plugin.c: all of the skeleton, or nothing.
(trap '' XFSZ; ulimit -f 4; "$tuff" plugin new unlucky > "$out" 2> "$err"); status=$?
check "a skeleton that cannot be written fails" test "$status" -eq 1
check "it says which file" one_error "cannot write 'unlucky/plugin.c': File too large"
check "it leaves nothing" absent unlucky

# Ways to write an option that mean the same.
for way in "--batch 32" "--batch=32" "-n 32" "-n32"; do
    # shellcheck disable=SC2086 # the words are meant to be split
    run summary $way lenet-mnist
    check "summary $way" out_has 'batch of 32:'
done
run devices -vj
check "flags together" out_has '^{'
run summary -n 8 -n 32 lenet-mnist
check "the last of two values counts" out_has 'batch of 32:'
run summary -- lenet-mnist
check "-- ends the options" test "$status" -eq 0
finish
