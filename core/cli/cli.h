/*
 * cli: subcommands for people: a small client of the REST API.
 */
#ifndef PENSTOCK_CLI_CLI_H
#define PENSTOCK_CLI_CLI_H

/* argv[1] is the subcommand. The exit code: 0, 1 usage, 2 refused. */
int cli_main(int argc, char **argv);

#endif
