# bash completion for farguardctl.  The program says what may stand next (`farguardctl __complete`),
# so this file knows no verb and no option; for `kubectl farguard` kubectl asks by itself.
# shellcheck shell=bash

# Complete names of files of the extensions in "$2", and of directories; all files when there is none.
_farguardctl_files() { # WORD EXTENSION...
	local word=$1 name extension
	shift
	compopt -o filenames 2>/dev/null
	while IFS= read -r name; do
		if [ -d "$name" ] || [ $# -eq 0 ]; then
			COMPREPLY+=("$name")
			continue
		fi
		for extension; do
			[[ $name != *."$extension" ]] || COMPREPLY+=("$name")
		done
	done < <(compgen -f -- "$word")
}

_farguardctl() { # PROGRAM
	local program=$1 line=${COMP_LINE:0:COMP_POINT} directive word candidate
	local -a words answer
	COMPREPLY=()
	program=${program/#\~\//$HOME/}
	read -ra words <<<"$line"
	[[ $line != *[[:blank:]] ]] || words+=("")
	mapfile -t answer < <("$program" __complete "${words[@]:1}" 2>/dev/null)
	[ ${#answer[@]} -gt 0 ] || return 0
	directive=${answer[-1]#:}
	unset 'answer[-1]'
	word=${words[-1]}
	[[ $word != --*=* ]] || word=${word#*=}
	case $directive in
	8) _farguardctl_files "$word" "${answer[@]}" ;;
	0) _farguardctl_files "$word" ;;
	*)
		for candidate in "${answer[@]}"; do
			candidate=${candidate%%$'\t'*}
			# Readline replaces only what stands behind the last "=".
			[[ $word != *=* || $COMP_WORDBREAKS != *=* ]] || candidate=${candidate#"${word%=*}="}
			COMPREPLY+=("$candidate")
		done
		;;
	esac
}

complete -F _farguardctl farguardctl
