/*
 * mark: whose the topics are, as penstock-cluster in the config topic says.
 *
 * The first in the log wins. But the log is compacted, and keeps the last: so
 * each record says since which offset its group has been there, the lowest
 * counts, and a leader whose mark was written over writes it again. Two
 * clusters that begin at once may each mark in good faith; whichever reads
 * what, in the end all know the same one, and its record is the last.
 */
#ifndef PENSTOCK_CLUSTER_MARK_H
#define PENSTOCK_CLUSTER_MARK_H

#include <stdbool.h>
#include <stdint.h>

#define MARK_NEW (-1)

struct mark {
	char *group;   /* that owns the topics, NULL: nobody */
	int64_t since; /* an offset; MARK_NEW: of the record to be written */
	bool hidden;   /* the last record is another group's */
};

void mark_init(struct mark *m);
void mark_fini(struct mark *m);
/* As read at `offset`. group NULL: the record is gone; since: what it says, or
 * MARK_NEW. */
void
mark_read(struct mark *m, const char *group, int64_t since, int64_t offset);
/* Has the leader of the group to write it, with m->since? */
bool mark_is_due(const struct mark *m, const char *group);

#endif
