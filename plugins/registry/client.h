/*
 * client: what a schema registry knows, asked once.
 *
 * Ids and schemas never change, so what was answered stays, up to the
 * ceiling of `schemas.cache.config`, and goes on serving while the registry
 * is down. "Not there" and "not compatible" stay for a short time.
 */
#ifndef PENSTOCK_REGISTRY_CLIENT_H
#define PENSTOCK_REGISTRY_CLIENT_H

#include "conf.h"

/* A schema that another one names. */
struct reference {
	const char *name, *text;
};

struct registered {
	int32_t id;
	int32_t version; /* 0: not known */
	const char *text, *kind;
	const struct reference *references; /* each behind what it names */
	size_t reference_count;
};

struct client;

struct client *client_new(const struct registry_conf *conf);
void client_free(struct client **cp);
/* As http_renew. */
void client_renew(struct client *c);

/* The subject of a record of this topic, in `a`; `record` is the full name
 * of its schema, NULL: it has none. */
int client_subject(struct client *c, struct ps_arena *a, const char *topic,
    const char *record, const char **subject, struct ps_error *err);

/* By id; `subject` tells a registry with contexts where to look. Borrowed
 * until the next call. */
int client_by_id(struct client *c, int32_t id, const char *subject,
    const struct registered **out, struct ps_error *err);
int client_by_guid(struct client *c, const char *guid,
    const struct registered **out, struct ps_error *err);
/* The latest of a subject; not cached. Into `a`. */
int client_latest(struct client *c, const char *subject, struct ps_arena *a,
    struct registered *out, struct ps_error *err);
/* What version of the subject this text is; 0: none. */
int client_version(struct client *c, const char *subject,
    const struct registered *r, int32_t *version, struct ps_error *err);
/* The id of a text: registered if it may be, else looked up. */
int client_id(struct client *c, const char *subject, const char *text,
    int32_t *id, struct ps_error *err);

/* How a schema differs from the latest registered one, for people. */
typedef void difference_fn(struct ps_arena *a, const char *old_text,
    const char *new_text, char *out, size_t room);
void client_differs(struct client *c, difference_fn *fn);

/* Is there a registry at all? For validation: one try, `limit_ms`. */
int client_probe(struct client *c, int64_t limit_ms, struct ps_error *err);
/* Requests that were sent so far. */
size_t client_requests(const struct client *c);

#endif
