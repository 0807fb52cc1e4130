#compdef tuff
# zsh completion for tuff, as `tuff completion zsh` prints it. What depends on the commands follows at the end.

# Names of a kind (models, data, backends, ops, commands), from the tuff that is being completed. _arguments puts what
# compadd wants before the kind.
_tuff_names() {
    local -a names
    names=(${(f)"$(_call_program tuff-names $_tuff_program completion names ${@[-1]} 2> /dev/null)"})
    compadd "${@[1,-2]}" -a names
}

_tuff_models() {
    _alternative 'models:model:_tuff_names models' 'files:model file:_files -g "*.(yaml|yml)(-.)"'
}

_tuff_checkpoints() {
    _files -g '*.safetensors(-.)'
}

# One of $commands, an array of the caller's; behind it what the function for that command knows: $1_COMMAND.
_tuff_inner() {
    local name
    if (( CURRENT == 2 )); then
        if [[ $words[2] == -* ]]; then
            compadd -- --help
            [[ $1 != _tuff ]] || compadd -- --version
        else
            _describe -t commands command commands
        fi
        return
    fi
    shift words
    (( CURRENT-- ))
    name=$1_${words[1]//-/_}
    (( $+functions[$name] )) && $name
}
