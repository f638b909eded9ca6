/*
 * converter: between values with schemas and the bytes of a topic.
 *
 * The configuration holds `converter.type` (key, value or header) beside
 * the converter's own keys. A record that cannot be converted is marked
 * failed with ps_record_fail (stage by `part`); the others go on.
 */
#ifndef PENSTOCK_CONVERTER_H
#define PENSTOCK_CONVERTER_H

#include <penstock/host.h>

struct ps_class;

enum ps_part { PS_PART_KEY, PS_PART_VALUE };

struct ps_converter_ops {
	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	/* key or value -> raw_key or raw_value, which may alias the value. */
	void (*encode)(void *state, struct ps_batch *b,
	    struct ps_record *const *records, size_t count, enum ps_part part);
	/* raw_key or raw_value -> key or value with its schema (may alias). */
	void (*decode)(void *state, struct ps_batch *b,
	    struct ps_record *const *records, size_t count, enum ps_part part);
	/* Fails exactly the records that decode would fail, builds nothing.
	 * NULL op: the host decodes instead. */
	void (*check)(void *state, struct ps_batch *b,
	    struct ps_record *const *records, size_t count, enum ps_part part);
	/* May raw bytes that pass `check` be handed on as PS_INPUT_JSON? */
	bool (*raw_is_json)(void *state);
	void (*destroy)(void *state);
	/* What the key table cannot say, before anything runs: a server that
	 * does not answer, say. Reports by key, without the prefix. */
	void (*validate)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_report *rep);
	/* Asked once, after create: does decode look at the records' headers?
	 * Reading them costs. NULL op: it does not. */
	bool (*headers)(void *state);
	/* As a connector's, between two batches: for PS_RENEWABLE keys. `c` is
	 * valid during the call. NULL op: the task starts again. */
	int (*reconfigure)(void *state, const struct ps_config *c,
	    struct ps_error *err);
};

struct ps_header_converter_ops {
	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	/* value -> raw; raw -> value and schema; memory from `a`. */
	int (*encode)(void *state, struct ps_arena *a, const char *topic,
	    struct ps_header *header, struct ps_error *err);
	int (*decode)(void *state, struct ps_arena *a, const char *topic,
	    struct ps_header *header, struct ps_error *err);
	void (*destroy)(void *state);
};

#endif
