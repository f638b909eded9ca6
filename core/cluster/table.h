/*
 * table: the connectors of the cluster, and where each is assigned.
 *
 * What the config topic says, in log order: of each connector what there is
 * to run, and the newest assignment record. Filled by the herder.
 */
#ifndef PENSTOCK_CLUSTER_TABLE_H
#define PENSTOCK_CLUSTER_TABLE_H

#include "cluster/peers.h"

/* Who ran something of a connector and must say that it has stopped: with a
 * heartbeat that has applied `epoch`. */
struct debt {
	struct who who;
	int64_t epoch;
	int64_t generation; /* of the task configs it ran */
};

/* The record penstock-assignment-<connector>. */
struct assignment {
	int version;        /* of its format */
	bool unreadable;    /* newer than this worker knows: nobody is in it */
	int64_t epoch;      /* grows from record to record */
	int64_t generation; /* of the task configs, -1: none */
	struct who connector; /* where its own process runs */
	size_t task_count;
	struct who *tasks;
	size_t debt_count;
	struct debt *debts;
};

/* What there is of a connector. */
struct wanted {
	bool exists;
	bool stopped;       /* no task is to run */
	int64_t generation; /* offset of the task configs, -1: none */
	size_t task_count;
	const char *placement;  /* NULL: anywhere */
	const char *class_name; /* of its plugin; NULL: any worker has it */
};

struct entry {
	char *name;
	struct wanted wanted;
	bool assigned; /* there is a record */
	struct assignment is;
};

struct table;

struct table *table_new(void);
void table_free(struct table **tp);
/* A copy of an id that lives as long as the table. */
const char *table_id(struct table *t, const char *id);
struct entry *table_find(const struct table *t, const char *name);
struct entry *table_get(struct table *t, const char *name); /* made if new */
size_t table_count(const struct table *t);
struct entry *table_at(const struct table *t, size_t i); /* by name */
void table_want(struct table *t, const char *name, const struct wanted *w);
/* NULL: the record is gone. Copied. */
void
table_assign(struct table *t, const char *name, const struct assignment *as);

/* The tasks that are to run now: none of what is stopped or gone. */
size_t entry_task_count(const struct entry *e);
/* The slot's worker as assigned, if that still holds for what is wanted; task
 * -1: the connector's own. NULL: nobody. */
const struct who *entry_owner(const struct entry *e, int task);
/* Is `who` named in the record, as owner or as debtor? */
bool entry_names(const struct entry *e, const struct who *who);

#endif
