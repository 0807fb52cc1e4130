# bash completion for tuff, as `tuff completion bash` prints it. What depends on the commands follows at the end.
# shellcheck shell=bash

# Fills COMPREPLY with what begins with $2, out of $1: words, or a kind of names (@models) or of files (@files).
_tuff_fill()
{
    local kind=$1 current=$2 names=
    case $kind in
        @any) return ;;
        # readline knows best how names of files are quoted.
        @files) compopt -o default 2> /dev/null; return ;;
        @folders) compopt -o dirnames 2> /dev/null; return ;;
        @*) names=$("${_tuff_program/#\~/$HOME}" completion names "${kind#@}" 2> /dev/null) ;;
        *) names=$kind ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$names" -- "$current")
    case $kind in
        @models) _tuff_add_files "$current" .yaml .yml ;;
        @checkpoints) _tuff_add_files "$current" .safetensors ;;
    esac
}

# Adds folders, and files with one of the endings $2...
_tuff_add_files()
{
    local current=$1 ending file
    shift
    if [[ $current == *[\\\'\"]* ]]; then
        compopt -o default 2> /dev/null
        return
    fi
    compopt -o filenames 2> /dev/null
    while IFS= read -r file; do
        COMPREPLY+=("$file")
    done < <(compgen -d -- "$current"
        for ending; do
            compgen -f -X "!*$ending" -- "$current"
        done)
}

_tuff()
{
    local _tuff_program=${COMP_WORDS[0]} current=${COMP_WORDS[COMP_CWORD]} command='' kind='' word prefix=''
    local -i operands=0 ended=0 i
    COMPREPLY=()
    # What the words before this one mean; kind: that of the value that an option still wants.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ -n $kind ]]; then
            # --name=value comes as three words.
            [[ $word == = ]] || kind=
        elif ((!ended)) && [[ $word == -- ]]; then
            ended=1
        elif ((!ended)) && [[ $word == -?* ]]; then
            kind=$(_tuff_value "$command" "$word")
        elif [[ -n $(_tuff_commands "$command") ]]; then
            command=${command:+$command }$word
        else
            operands+=1
        fi
    done

    if [[ -n $kind ]]; then
        [[ $current != = ]] || current=
        _tuff_fill "$kind" "$current"
    elif ((!ended)) && [[ $current == --*=* ]]; then
        # One word, where '=' is none of the characters at which bash breaks them.
        prefix=${current%%=*}=
        kind=$(_tuff_value "$command" "${prefix%=}")
        [[ -z $kind ]] || _tuff_fill "$kind" "${current#*=}"
        COMPREPLY=("${COMPREPLY[@]/#/$prefix}")
    elif ((!ended)) && [[ $current == -* ]]; then
        _tuff_fill "$(_tuff_options "$command")" "$current"
    elif word=$(_tuff_commands "$command") && [[ -n $word ]]; then
        _tuff_fill "$word" "$current"
    else
        kind=$(_tuff_operand "$command" "$operands")
        [[ -z $kind ]] || _tuff_fill "$kind" "$current"
    fi
}
complete -F _tuff tuff

# What follows is written from the commands' own tables:
# _tuff_commands COMMAND: the commands in it, or all for ''
# _tuff_options COMMAND:  its options
# _tuff_value COMMAND OPTION:    what the option's value may be; nothing for an option without one
# _tuff_operand COMMAND INDEX:   what the operand may be
