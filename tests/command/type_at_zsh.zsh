# Types lines at a zsh that has the completion, presses Tab behind each, and prints what the line is then.
#
#   type_at_zsh.zsh TUFF FUNCTION LINE...    FUNCTION: a file with what tuff completion zsh printed
zmodload zsh/zpty
tuff=$1 function=$2
shift 2
zpty shell zsh -f -i
say() { zpty -w shell "$1" }
await() { # PATTERN
    output=
    until [[ $output == *$~1* ]]; do
        zpty -r shell part || exit 1
        output+=$part
    done
}
say "PS1= PS2= PROMPT_EOL_MARK=; unsetopt beep; stty -echo cols 200; path=(${(q)tuff:h} \$path)"
say "autoload -Uz compinit && compinit -D -u && source ${(q)function}"
say 'show() { print -r -- "<line>$BUFFER</line>"; BUFFER= }; zle -N show; bindkey "^X^P" show'
say 'print ready-$((1 + 1))'
await ready-2
for line; do
    zpty -w -n shell "$line"$'\t\C-X\C-P'
    await '</line>'
    output=${output##*'<line>'}
    print -r -- "${output%%'</line>'*}"
done
zpty -d shell
