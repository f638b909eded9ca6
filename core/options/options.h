/*
 * options: worker.properties, read and checked.
 *
 * Strings live as long as the options. What the tables do not know is
 * warned about, as Connect does; what cannot work is refused.
 */
#ifndef PENSTOCK_OPTIONS_OPTIONS_H
#define PENSTOCK_OPTIONS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include <penstock/config.h>
#include <penstock/error.h>

enum worker_kind { WORKER_DISTRIBUTED, WORKER_STANDALONE };

enum listener_serves {
	SERVES_API = 1 << 0,   /* all but /admin */
	SERVES_ADMIN = 1 << 1, /* /admin */
};

struct listener {
	const char *key;  /* that names it */
	const char *host; /* to listen on, "" for all */
	int port;         /* 0: any */
	unsigned serves;
	bool tls; /* https */
};

struct options {
	struct ps_arena *a;
	enum worker_kind kind;
	struct ps_config raw;   /* as in the file, ${…} unresolved */
	struct ps_config given; /* resolved */
	struct ps_config all;   /* resolved, defaults filled in */
	json_t *worker;         /* `given`, for clients and children */
	json_t *plugins;        /* directories */

	const char *group;
	const struct listener *listeners; /* at least one */
	size_t listener_count;
	const char *advertised_host;
	int advertised_port; /* 0: the first that is bound */
	const char *offsets_file;
};

/* The file, and whether references in it must be resolved first. */
struct options *
options_load(const char *path, enum worker_kind kind, struct ps_error *err);
bool options_need_resolving(const struct options *o);
/* The folders of plugin.path, else the one beside the binary: before any
 * reference is resolved, as plugins do that. */
int options_take_plugins(struct options *o, struct ps_error *err);
/* Checks everything else; `resolved` NULL: the file as it stands. */
int options_apply(struct options *o, const struct ps_config *resolved,
    struct ps_error *err);
void options_free(struct options **op);

/* The folder of plugins beside the program, as built (plugins) or installed
 * (../lib/penstock); NULL when the program cannot be found. */
const char *options_own_plugins(struct ps_arena *a);
/* Of the worker's own keys, which have a default. */
int64_t options_int(const struct options *o, const char *key);
/* Of penstock's keys of connectors: the connector's, else the worker's, else
 * the table's default. */
const char *options_text(const struct options *o,
    const struct ps_config *connector, const char *key);
int64_t options_limit(const struct options *o,
    const struct ps_config *connector, const char *key);

#endif
