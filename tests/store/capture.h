/*
 * capture: the internal topics of a real Kafka Connect 4.1.0, in tests/data.
 *
 * Made by a worker that created, paused, resumed, restarted, stopped and
 * deleted FileStream connectors; one JSON object per record.
 */
#ifndef PENSTOCK_TESTS_STORE_CAPTURE_H
#define PENSTOCK_TESTS_STORE_CAPTURE_H

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "store/keys.h"

#define CAPTURE_MAX 256

struct capture {
	struct ps_arena *a;
	struct store_pair pairs[CAPTURE_MAX];
	int64_t offsets[CAPTURE_MAX];
	int partitions[CAPTURE_MAX];
	size_t count;
};

__attribute__((unused)) static void
capture_add(struct capture *c, const char *line)
{
	json_t *j = json_loads(line, 0, NULL);
	const json_t *value = json_object_get(j, "value");
	struct store_pair *p = &c->pairs[c->count];

	assert(j != NULL && c->count < CAPTURE_MAX);
	p->key = ps_strdup(c->a, json_string_value(json_object_get(j, "key")));
	p->key_len = strlen(p->key);
	p->value = json_is_null(value)
		       ? NULL
		       : ps_strdup(c->a, json_string_value(value));
	p->value_len = p->value == NULL ? 0 : strlen(p->value);
	c->offsets[c->count] = json_integer_value(json_object_get(j, "offset"));
	c->partitions[c->count++] =
	    (int)json_integer_value(json_object_get(j, "partition"));
	json_decref(j);
}

__attribute__((unused)) static void
capture_load(struct capture *c, const char *topic)
{
	char path[512], *line = NULL;
	size_t room = 0;
	FILE *f;

	c->a = arena_new(4096);
	c->count = 0;
	(void)snprintf(path, sizeof path, "%s/data/connect-4.1.0/%s.jsonl",
	    TESTS, topic);
	f = fopen(path, "r");
	assert(f != NULL);
	while (getline(&line, &room, f) > 0)
		capture_add(c, line);
	free(line);
	(void)fclose(f);
}

__attribute__((unused)) static struct store_pair
pair_of(const char *key, const char *value)
{
	return (struct store_pair){ key, strlen(key), value,
		value == NULL ? 0 : strlen(value) };
}

#endif
