/*
 * members: what workers say of themselves: address, size, labels, plugins.
 *
 * From penstock-worker-<id> in the status topic. A worker gets work once both
 * this and a heartbeat of the same incarnation were read.
 */
#ifndef PENSTOCK_CLUSTER_MEMBERS_H
#define PENSTOCK_CLUSTER_MEMBERS_H

#include <penstock/error.h>

#include "cluster/peers.h"

struct member_info {
	struct who who;
	const char *host;   /* as in struct beat */
	int64_t born_ms;    /* as in struct beat */
	const char *url;    /* where other workers reach it */
	double capacity;    /* its share of the work, 1: as others */
	const char *labels; /* "zone=a,disk=ssd"; NULL: none */
	/* All names of its connector classes, separated by commas; NULL: it
	 * does not say. */
	const char *plugins;
	int version; /* of records, the newest it can read */
};

struct members;

struct members *members_new(void);
void members_free(struct members **mp);
/* Copied; the newest of an id and a machine counts. */
void members_put(struct members *m, const struct member_info *info);
/* The last that was said of an id on a machine; NULL: nothing. */
const struct member_info *
members_last(const struct members *m, const char *id, const char *host);
/* NULL: not known. */
const struct member_info *
members_find(const struct members *m, const struct who *who);

/* The newest format that all who live can read, `own` or less. Who has not
 * introduced itself gets no work, and does not count. */
int members_version(const struct members *m, const struct peers *all, int own);

/* Do the labels fit? "zone=a,disk!=hdd": all of it must hold; NULL or "" is
 * anywhere. A label that is not there differs from every value. */
bool members_fit(const char *placement, const char *labels);
/* Is the class among the plugins? Also where one of them is not known. */
bool members_have(const char *plugins, const char *class_name);
/* Is it written as members_fit reads it? */
int members_check_placement(const char *placement, struct ps_error *err);

#endif
