/*
 * roles: the entry points of the worker's children, for the role table.
 *
 * Each is started with descriptors 3 and 4 of the worker; arguments only
 * name the process for people. They return the exit code.
 */
#ifndef PENSTOCK_CHILD_ROLES_H
#define PENSTOCK_CHILD_ROLES_H

/* penstock task CONNECTOR NUMBER */
int task_main(int argc, char **argv);
/* penstock connector CONNECTOR */
int connector_main(int argc, char **argv);
/* penstock inspect */
int inspect_main(int argc, char **argv);
/* penstock scribe */
int scribe_main(int argc, char **argv);

#endif
