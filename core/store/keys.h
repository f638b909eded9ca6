/*
 * keys: the record keys of Connect's internal topics.
 *
 * Names may hold any character, `-` as well: a task's number is what stands
 * behind the last one. Prefixes are tried in Connect's order.
 */
#ifndef PENSTOCK_STORE_KEYS_H
#define PENSTOCK_STORE_KEYS_H

#include <stddef.h>

#include <jansson.h>

#include <penstock/arena.h>
#include <penstock/error.h>

/* A record to be written. */
struct store_pair {
	const char *key;
	size_t key_len;
	const char *value; /* NULL: a tombstone */
	size_t value_len;
};

struct store_pairs {
	const struct store_pair *items;
	size_t count;
};

enum key_kind {
	KEY_TARGET_STATE,
	KEY_CONNECTOR,
	KEY_TASK,
	KEY_COMMIT,
	KEY_RESTART,
	KEY_FENCING,
	KEY_SESSION,
	KEY_LOGGER,
	KEY_PENSTOCK, /* our own: name is what follows "penstock-" */
	KEY_STATUS_CONNECTOR,
	KEY_STATUS_TASK,
	KEY_STATUS_TOPIC, /* name is the connector, topic the topic */
	KEY_UNKNOWN,
};

/* Slices of the parsed key; name is NUL-terminated in the arena. */
struct key {
	enum key_kind kind;
	const char *name;
	const char *topic;
	int task;
};

/* Of the config topic and of the status topic. Never fails: KEY_UNKNOWN. */
struct key key_parse_config(struct ps_arena *a, const char *key, size_t len);
struct key key_parse_status(struct ps_arena *a, const char *key, size_t len);
/* The key's text; `task` and `topic` where the kind has them. */
char *key_build(struct ps_arena *a, const struct key *key);

/* ["<connector>",{…}]: the partition is a new reference (JSON null allowed).
 * PS_E_DATA when it is no such key. */
int key_parse_offset(struct ps_arena *a, const char *key, size_t len,
    const char **connector, json_t **partition, struct ps_error *err);
/* `partition` is compact JSON text. */
char *key_build_offset(struct ps_arena *a, const char *connector,
    const char *partition);

#endif
