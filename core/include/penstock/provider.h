/*
 * provider: values for ${alias:path:key} in configurations.
 *
 * Runs only in task and connector processes, so what it returns is never in
 * the worker's memory.
 */
#ifndef PENSTOCK_PROVIDER_H
#define PENSTOCK_PROVIDER_H

#include <penstock/host.h>

struct ps_class;

struct ps_provider_ops {
	void *(*create)(const struct ps_host *h, const struct ps_class *self,
	    const struct ps_config *c, struct ps_error *err);
	/* 1: `*value` (in `a`) is what stands at path and key ("" when the
	 * reference has no path); 0: unknown key, the text stays as it is. */
	int (*get)(void *state, struct ps_arena *a, const char *path,
	    const char *key, const char **value, struct ps_error *err);
	void (*destroy)(void *state);
	/* Milliseconds until something that get() gave is to be asked for
	 * again; -1: of nothing that is known. NULL op: the same. */
	int64_t (*ttl_ms)(void *state);
};

#endif
