/*
 * errand: a child is sent for answers that need plugin code.
 *
 * Starts a connector or inspect child when the gate lets it, puts questions
 * to it, gives back what it said within the time limit. A child that dies or
 * hangs is an answer too: the error says how.
 */
#ifndef PENSTOCK_SUPERVISE_ERRAND_H
#define PENSTOCK_SUPERVISE_ERRAND_H

#include <jansson.h>

#include <penstock/config.h>

#include "options/options.h"
#include "supervise/child.h"
#include "supervise/gate.h"

struct errand;

struct inventory;

struct errand_env {
	uv_loop_t *loop;
	struct gate *gate;
	const struct options *options;
	const char *program; /* NULL: our own binary */
	int keep_fd;
	const struct inventory *inventory; /* NULL: nothing is known yet */
};

struct errand_spec {
	enum msg_role role;
	const char *connector;          /* NULL: none */
	const struct ps_config *config; /* NULL: none */
};

/* Borrowed. result NULL: err says why. */
typedef void
errand_fn(void *ctx, const json_t *result, const struct ps_error *err);

/* Copies the spec's strings. */
struct errand *
errand_new(const struct errand_env *env, const struct errand_spec *spec);
/* One question at a time; a later one may be put from within fn. Takes the
 * reference of `args`. limit_ms 0: no limit (watch); of who counts its
 * processes it is from when one began: nobody waits for the others' starts. */
void errand_ask(struct errand *e, const char *op, json_t *args,
    int64_t limit_ms, errand_fn *fn, void *ctx);
/* What the child says it waits for; NULL: for nothing. */
typedef void errand_cause_fn(void *ctx, const char *cause);
void errand_on_cause(struct errand *e, errand_cause_fn *fn, void *ctx);
/* For those who count its processes. */
struct errand_watch {
	/* Asked right before one is started. */
	bool (*may_start)(void *ctx);
	/* It began, or was reaped: also after errand_free. */
	void (*process)(void *ctx, bool began);
};
void errand_on_process(struct errand *e, const struct errand_watch *watch,
    void *ctx);
/* The child ends; fn is not called any more. From within fn as well. */
void errand_free(struct errand **ep);
/* The same, and at once. */
void errand_kill(struct errand **ep);
/* The class that a child's message names. */
enum ps_code errand_code(const char *name);
/* A graceful stop of a child that watches needs this long at most. */
#define ERRAND_STOP_MS 2000

#endif
