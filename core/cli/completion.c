#include "cli/completion.h"

#include <stdio.h>
#include <string.h>

/* Names are asked of the worker, and left out when it does not answer. */
static const char bash[] =
    "_penstock() {\n"
    "  local cur=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
    "  local words= names\n"
    "  case $command in\n"
    "    apply|validate)\n"
    "      words='-f -o -p --plan --prune --force'\n"
    "      COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")\n"
    "                 $(compgen -f -- \"$cur\")); return;;\n"
    "    worker|standalone|inspect|check-takeover)\n"
    "      COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n"
    "    completion) words=bash;;\n"
    "    get|describe|status|logs|revisions|delete|restart|pause|resume|stop)\n"
    "      words=$(penstock get connectors 2>/dev/null |\n"
    "        sed -n 's/^  \"\\(.*\\)\",\\{0,1\\}$/\\1/p')\n"
    "      for kind in pipeline template; do\n"
    "        names=$(penstock get ${kind}s 2>/dev/null |\n"
    "          sed -n \"s/^    \\\"name\\\": "
    "\\\"\\(.*\\)\\\",*$/$kind\\/\\1/p\")\n"
    "        words=\"$words $names\"\n"
    "      done\n"
    "      [ \"$command\" = get ] && "
    "words=\"$words connectors pipelines templates\";;\n"
    "    *) words='worker standalone inspect check-takeover get describe "
    "status logs revisions apply "
    "validate\n"
    "         delete restart pause resume stop completion';;\n"
    "  esac\n"
    "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
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
