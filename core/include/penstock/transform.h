/*
 * transform: changes or drops records; predicate: chooses them.
 *
 * Both are given to the instances of one connector's chain. A transform
 * works on the records it is handed, in order: it changes them in place
 * (memory from the batch's arena), sets outcome PS_DROPPED, or marks one
 * failed with ps_record_fail and goes on with the others.
 */
#ifndef PENSTOCK_TRANSFORM_H
#define PENSTOCK_TRANSFORM_H

#include <penstock/host.h>

struct ps_class;

struct ps_transform_ops {
	/* Checks that the key table cannot make; an error fails the task. */
	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	void (*apply)(void *state, struct ps_batch *b,
	    struct ps_record *const *records, size_t count);
	void (*destroy)(void *state);
};

struct ps_predicate_ops {
	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	bool (*test)(void *state, const struct ps_record *r);
	void (*destroy)(void *state);
};

#endif
