/*
 * takeover: would the connectors of a Kafka Connect cluster run here?
 *
 * `penstock check-takeover FILE` reads the internal topics that FILE names
 * and judges every connector in them by the plugins that are installed. It
 * changes nothing: it joins no group, writes no record, makes no topic.
 */
#ifndef PENSTOCK_TAKEOVER_TAKEOVER_H
#define PENSTOCK_TAKEOVER_TAKEOVER_H

enum takeover_exit {
	TAKEOVER_RUNS = 0,   /* all would run */
	TAKEOVER_USAGE = 1,  /* of the command */
	TAKEOVER_UNREAD = 2, /* the file or the topics cannot be read */
	TAKEOVER_NOT = 3,    /* something would not run */
};

/* One of the exit codes; the report is on stdout. */
int takeover_main(int argc, char **argv);

#endif
