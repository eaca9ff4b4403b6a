import { ReasonedError } from '../api/errors.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/*
 * Each asks `k8slab __complete -- WORD…` what may stand in the place of the last word. It answers a line per word, with a
 * description behind a tab, and last a line with a colon and a number: 2 = no space follows, 4 = no file is meant,
 * 16 = a directory is.
 */

// bash breaks words at "=" and ":" too: they are put together again, and what stands before the break is cut off replies.
const BASH = `# bash completion for k8slab
_k8slab() {
  local i word trimmed rest=\${COMP_LINE:0:COMP_POINT} typed=()
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    trimmed=\${rest#"\${rest%%[![:space:]]*}"}
    if ((i == COMP_CWORD)); then word=$trimmed; fi
    if ((i > 0)) && [[ $trimmed == "$rest" ]]; then
      typed[\${#typed[@]}-1]+=$word
    else
      typed+=("$word")
    fi
    rest=\${trimmed#"$word"}
  done
  local lines=() line cut=\${typed[\${#typed[@]}-1]} current=$word
  [[ $current == [=:] ]] && current=
  cut=\${cut%"$current"}
  mapfile -t lines < <(k8slab __complete -- "\${typed[@]:1}" 2>/dev/null)
  COMPREPLY=()
  ((\${#lines[@]})) || return 0
  local code=\${lines[\${#lines[@]}-1]#:} tab=$'\\t' width=0
  unset "lines[\${#lines[@]}-1]"
  if ((\${#lines[@]} == 0)); then
    if ((code & 16)); then compopt -o dirnames 2>/dev/null
    elif ((!(code & 4))); then compopt -o default 2>/dev/null; fi
    return 0
  fi
  ((code & 2)) && compopt -o nospace 2>/dev/null
  if ((\${#lines[@]} == 1)) || [[ $COMP_TYPE == 37 || $COMP_TYPE == 42 ]]; then
    for line in "\${lines[@]}"; do
      word=\${line%%"$tab"*}
      COMPREPLY+=("\${word#"$cut"}")
    done
    return 0
  fi
  for line in "\${lines[@]}"; do
    word=\${line%%"$tab"*}
    ((\${#word} > width)) && width=\${#word}
  done
  for line in "\${lines[@]}"; do
    word=\${line%%"$tab"*}
    if [[ $line == *"$tab"* ]]; then
      printf -v line "%-\${width}s  (%s)" "$word" "\${line#*"$tab"}"
      word=\${line:0:\${COLUMNS:-80}-2}
    fi
    COMPREPLY+=("\${word#"$cut"}")
  done
}
complete -o nosort -F _k8slab k8slab
`;

const ZSH = `#compdef k8slab
compdef _k8slab k8slab
_k8slab() {
  local -a lines found typed
  local line code
  typed=("\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}")
  lines=("\${(@f)$(k8slab __complete -- "\${typed[@]}" 2>/dev/null)}")
  code=\${lines[-1]#:}
  for line in "\${(@)lines[1,-2]}"; do
    line=\${line//:/\\\\:}
    found+=("\${line/$'\\t'/:}")
  done
  if (( ! \${#found} )); then
    if (( code & 16 )); then _files -/
    elif (( ! (code & 4) )); then _files; fi
    return
  fi
  if (( code & 2 )); then _describe -V k8slab found -S ''
  else _describe -V k8slab found; fi
}
if [ "\${funcstack[1]}" = "_k8slab" ]; then _k8slab; fi
`;

// fish puts no space behind words that end in "/", "=", "." or ":", and completes files where no rule holds.
const FISH = `# fish completion for k8slab
function __k8slab_ask
    set -l typed (commandline -opc) (commandline -ct)
    set -l lines (k8slab __complete -- $typed[2..] 2>/dev/null)
    set -l code (string replace ':' '' -- $lines[-1])
    set -g __k8slab_found $lines[1..-2]
    test (count $__k8slab_found) -gt 0; or test (math "bitand($code, 4)") -ne 0
end
complete -c k8slab -e
complete -c k8slab -n __k8slab_ask -f -a '$__k8slab_found'
`;

/** The script for a shell's start-up file; it asks `k8slab __complete` for what may come next. */
export function completionScript(shell: string): string {
  const scripts: Readonly<Record<string, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
  const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
  if (script !== undefined) return script;
  throw new ReasonedError('BadArgument', `cannot complete in shell "${shell}": one of ${SHELLS.join(', ')}`);
}
