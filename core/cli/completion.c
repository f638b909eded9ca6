#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

/* Names are asked of the worker, and left out when it does not answer. */
static const char bash[] =
    "_penstock() {\n"
    "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
    "  local command=${COMP_WORDS[1]} words= kinds='connectors pipelines "
    "templates'\n"
    "  [ \"$COMP_CWORD\" -le 1 ] && command=\n"
    "  case $prev in\n"
    "    -o|--output) COMPREPLY=($(compgen -W 'text json name' -- \"$cur\")); "
    "return;;\n"
    "    -f|--file) COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n"
    "  esac\n"
    "  case $command in\n"
    "    '') words='worker standalone inspect check-takeover get describe "
    "status\n"
    "      logs revisions revert seek apply validate upgrade rollback delete "
    "restart pause "
    "resume "
    "stop\n"
    "      completion';;\n"
    "    apply|validate)\n"
    "      words='-f -o -p --plan --prune --force'\n"
    "      COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")\n"
    "                 $(compgen -f -- \"$cur\")); return;;\n"
    "    worker|standalone|inspect|check-takeover)\n"
    "      COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n"
    "    completion) words=bash;;\n"
    "    upgrade|rollback)\n"
    "      words=\"--version --wait $(penstock get -o name templates "
    "2>/dev/null)\";;\n"
    "    *)\n"
    "      words=$(penstock get -o name $kinds 2>/dev/null)\n"
    "      [ \"$command\" = get ] && words=\"$words $kinds -o\"\n"
    "      [ \"$command\" = delete ] && words=\"$words --force --clean\";;\n"
    "  esac\n"
    "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
    "  type __ltrim_colon_completions >/dev/null 2>&1 &&\n"
    "    __ltrim_colon_completions \"$cur\"\n"
    "}\n"
    "complete -F _penstock penstock\n";

int
cli_completion(struct ps_arena *a, const struct cli_args *args)
{
	(void)a;
	if (strcmp(args->names[0], "bash") != 0) {
		(void)fprintf(stderr,
		    "penstock completion: %s: bash is expected\n",
		    args->names[0]);
		return CLI_USAGE;
	}
	(void)fputs(bash, stdout);
	return CLI_DONE;
}
