/*
 * sinkconf: the sink's configuration, read once.
 */
#ifndef PENSTOCK_POSTGRES_SINKCONF_H
#define PENSTOCK_POSTGRES_SINKCONF_H

#include <penstock/config.h>

#include "conninfo.h"

enum insert_mode { INSERT_PLAIN, INSERT_UPSERT, INSERT_UPDATE };
enum pk_mode { PK_NONE, PK_KAFKA, PK_RECORD_KEY, PK_RECORD_VALUE };

struct sinkconf {
	struct conninfo conninfo;
	enum insert_mode mode;
	enum pk_mode pk_mode;
	const char *pk_mode_text;
	struct ps_list pk_fields, whitelist;
	const char *table_format;
	const char *offsets_table; /* "": at least once */
	bool deletes, auto_create, auto_evolve, null_is_default;
};

int sinkconf_read(struct sinkconf *s, const struct ps_config *c,
    struct ps_arena *a, struct ps_error *err);
void sinkconf_validate(const struct ps_config *c, struct ps_report *rep);

enum { SINK_KEYS = 29 };
extern const struct ps_key sink_keys[];

#endif
