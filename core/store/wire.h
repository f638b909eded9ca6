/*
 * wire: the cluster's own records, as JSON.
 *
 * In the config topic penstock-leader and penstock-assignment-<connector>, in
 * the status topic penstock-worker-<id>, in the lease topic heartbeats and
 * verdicts. Each has a format version "v"; a newer one than WIRE_VERSION is
 * an error, and the reader's fault to be too old. Claims and assignments are
 * written in the version that they say; by the others workers get to know each
 * other, so those stay what the first version is: members are only added.
 */
#ifndef PENSTOCK_STORE_WIRE_H
#define PENSTOCK_STORE_WIRE_H

#include "cluster/herder.h"
#include "cluster/mark.h"

#define WIRE_VERSION 1
#define WIRE_FIRST   1

/* Keys in the config and status topics, behind "penstock-". */
#define WIRE_LEADER     "leader"
#define WIRE_CLUSTER    "cluster"
#define WIRE_ASSIGNMENT "assignment-"
#define WIRE_WORKER     "worker-"

/* 16 hexadecimal digits. */
char *wire_incarnation(struct ps_arena *a, uint64_t incarnation);
int wire_parse_incarnation(const char *text, uint64_t *out);

/* Texts in the arena. */
char *wire_beat(struct ps_arena *a, const struct beat *b);
char *wire_verdict(struct ps_arena *a, const struct who *who);
char *wire_claim(struct ps_arena *a, const struct claim *c);
char *wire_assignment(struct ps_arena *a, const struct assignment *as);
char *wire_member(struct ps_arena *a, const struct member_info *m);
/* Whose the topics are, and since when (mark.h). */
char *wire_cluster(struct ps_arena *a, const char *group, int64_t since);

struct wire_lease {
	bool is_verdict;
	struct who verdict;
	struct beat beat;
};

/* Strings and arrays in the arena. PS_E_DATA names what is wrong, and *out is
 * not to be looked at. */
int wire_read_lease(struct ps_arena *a, const void *value, size_t len,
    struct wire_lease *out, struct ps_error *err);
/* These also know one of a newer format: version and unreadable are set, and
 * it is of nobody. */
int wire_read_claim(struct ps_arena *a, const void *value, size_t len,
    struct claim *out, struct ps_error *err);
int wire_read_assignment(struct ps_arena *a, const void *value, size_t len,
    struct assignment *out, struct ps_error *err);
int wire_read_member(struct ps_arena *a, const void *value, size_t len,
    struct member_info *out, struct ps_error *err);
int wire_read_cluster(struct ps_arena *a, const void *value, size_t len,
    const char **group, int64_t *since, struct ps_error *err);
/* The same into the mark, as of its offset; value NULL: it is gone. */
int wire_read_mark(struct mark *m, const void *value, size_t len,
    int64_t offset, struct ps_error *err);

#endif
