/*
 * settings: the configuration of one task or connector process.
 *
 * Made once from the worker's first message. `raw` is what the cluster
 * stores, `config` the same with every ${...} answered: it never leaves the
 * process. Both maps of the framework's keys have their defaults.
 */
#ifndef PENSTOCK_CHILD_SETTINGS_H
#define PENSTOCK_CHILD_SETTINGS_H

#include <penstock/config.h>

#include "child/providers.h"
#include "config/redact.h"
#include "ipc/msg.h"
#include "plugin/catalog.h"

struct ps_host;

struct settings {
	struct ps_arena *arena;
	const char *connector; /* name */
	int task;              /* -1: the connector's own process */
	int tasks;             /* of the connector, 0: not known */
	bool standalone;
	bool starts_paused;
	struct ps_config worker; /* with defaults, resolved */
	struct ps_config raw;    /* the connector's and the overlay, as given */
	struct ps_config config; /* resolved, as given */
	struct ps_config common; /* resolved, framework keys with defaults */
	struct catalog *catalog;
	const struct catalog_class *class; /* of the connector */
	struct providers *providers;
};

/* Everything but the connector's class and configuration. */
int settings_begin(struct settings *s, const struct msg_config *m,
    struct ps_error *err);
/* Answers ${...} in the worker's map; `h` is for the providers. */
int settings_worker(struct settings *s, const struct ps_host *h,
    struct redact *redact, struct ps_error *err);
/* `raw` with every ${...} answered; PS_E_CONFIG, too: it names a file where
 * none may be. */
int settings_resolve(const struct settings *s, struct ps_arena *a,
    struct ps_config *out, struct ps_error *err);
/* Finds the class and resolves the configuration. */
int settings_connector(struct settings *s, struct redact *redact,
    struct ps_error *err);
void settings_fini(struct settings *s);

/* Teaches the redactor the values of password keys, by table and by name, and
 * what is secret in URLs. */
void settings_hide(struct redact *redact, const struct ps_config *c,
    const struct ps_key *keys, size_t count);

/* A number of the connector's, else of the worker's, else the framework's
 * default, else the last argument. */
int64_t settings_int(const struct settings *s, const char *key, int64_t none);
/* The same for text; "" counts as absent. */
const char *
settings_str(const struct settings *s, const char *key, const char *none);
bool settings_is_sink(const struct settings *s);
/* Records and positions of this source go to Kafka in transactions. */
bool settings_is_exactly_once(const struct settings *s);
/* Where a source's positions are kept: the connector's own topic, or else the
 * worker's. "" in a standalone worker. */
const char *settings_offsets_topic(const struct settings *s);

#endif
