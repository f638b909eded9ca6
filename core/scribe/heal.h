/*
 * heal: what aborted transactions hide in the config topic.
 *
 * Kafka Connect by default reads what was aborted, too: it would run an
 * aborted create and apply an aborted delete. The log is read once with and
 * once without isolation; a key whose last record was aborted is to be
 * written again with the value that holds. No transaction may be open.
 */
#ifndef PENSTOCK_SCRIBE_HEAL_H
#define PENSTOCK_SCRIBE_HEAL_H

#include <stdint.h>

#include <penstock/config.h>
#include <penstock/error.h>

struct heal;

struct heal_record {
	const char *key;
	size_t key_len;
	const char *value; /* NULL: null */
	size_t value_len;
	int64_t aborted; /* where what hides it stands */
};

/* `settings` are Java's keys of an internal client. NULL: it could not be
 * read within the limit. */
struct heal *heal_read(const struct ps_config *settings, const char *topic,
    int limit_ms, struct ps_error *err);
void heal_free(struct heal **hp);
/* In the order in which the aborted ones were written. */
size_t heal_count(const struct heal *h);
const struct heal_record *heal_at(const struct heal *h, size_t i);

#endif
