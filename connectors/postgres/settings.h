/*
 * settings: the source's configuration, read once.
 */
#ifndef PENSTOCK_POSTGRES_SETTINGS_H
#define PENSTOCK_POSTGRES_SETTINGS_H

#include "colmap.h"
#include "column.h"
#include "conninfo.h"

enum mode {
	MODE_BULK,
	MODE_INCREMENTING,
	MODE_TIMESTAMP,
	MODE_TIMESTAMP_INCREMENTING,
};

#define INITIAL_NONE INT64_MIN
#define INITIAL_NOW  (-1)

struct settings {
	struct conninfo conninfo;
	enum mode mode;
	struct ps_list stamps; /* timestamp.column.name */
	const char *id;        /* incrementing.column.name, "" finds it */
	struct colmap stamp_map, id_map; /* instead of them, for each table */
	const char *query, *suffix, *prefix;
	int64_t initial_ms, delay_ms, poll_ms, table_poll_ms, sweep_ms;
	int64_t query_retries; /* -1: for ever */
	bool is_serializable;
	size_t max_rows;
	bool validate_non_null;
	struct mapping map;
	struct ps_list include, exclude; /* names, or expressions */
	bool is_pattern;
	const char *schema_pattern; /* LIKE; NULL: all */
	const char *kinds;          /* relkinds: "rp" */
	struct ps_list tables;      /* of the task, quoted */
	const char *refused;        /* the key that cannot be read, or NULL */
};

/* Of a failure `refused` says the key; NULL: the connection's. */
int settings_read(struct settings *s, const struct ps_config *c,
    struct ps_arena *a, struct ps_error *err);

/* In place of tables. */
static inline bool
settings_are_of_query(const struct ps_config *c)
{
	return ps_config_has(c, "query") || ps_config_has(c, "query.masked");
}

static inline bool
mode_has_stamp(enum mode m)
{
	return m == MODE_TIMESTAMP || m == MODE_TIMESTAMP_INCREMENTING;
}

static inline bool
mode_has_id(enum mode m)
{
	return m == MODE_INCREMENTING || m == MODE_TIMESTAMP_INCREMENTING;
}

#endif
