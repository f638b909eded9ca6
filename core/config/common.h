/*
 * common: the framework's own key tables.
 *
 * Connector keys (connect-facts 2.4-2.6, in order, with groups and display
 * names), worker keys (2.1, 2.2) and penstock's additions. Rows are shown by
 * REST in table order.
 */
#ifndef PENSTOCK_CONFIG_COMMON_H
#define PENSTOCK_CONFIG_COMMON_H

#include <penstock/config.h>

#include "config/def.h"

struct key_table {
	const struct ps_key *keys;
	size_t count;
};

/* What every connector takes, then what only sources or only sinks take, and
 * behind that what both take again. */
extern const struct key_table common_connector_keys;
extern const struct key_table common_sink_keys;
extern const struct key_table common_source_keys;
extern const struct key_table common_dead_letter_keys;
/* topic.creation.<group>.* , `transforms.<a>.` and `predicates.<p>.` rows. */
extern const struct key_table common_topic_group_keys;
extern const struct key_table common_transform_keys;
extern const struct key_table common_predicate_keys;
/* penstock's own: errors.restart.*, task.memory.bytes, stall.timeout.ms … */
extern const struct key_table common_penstock_keys;
/* worker.properties */
extern const struct key_table worker_common_keys;
extern const struct key_table worker_distributed_keys;
extern const struct key_table worker_standalone_keys;
extern const struct key_table worker_penstock_keys;

/* The rows of one alias, with those of its plugin, as Connect shows them:
 * group "Transforms: <alias>", the plugin's and the framework's in one. */
void common_add_transform(struct def_set *s, const char *alias,
    const struct key_table *plugin);
void common_add_predicate(struct def_set *s, const char *alias,
    const struct key_table *plugin);
/* topic.creation.<alias>.*; in "default" some are required. */
void common_add_topic_group(struct def_set *s, const char *alias);

#endif
