/* translate: Java's client settings, written as lines of "key=value". */
#ifndef PENSTOCK_TESTS_KAFKA_TRANSLATE_H
#define PENSTOCK_TESTS_KAFKA_TRANSLATE_H

#include <string.h>

#include "base/arena.h"
#include "config/map.h"
#include "kafka/conf.h"

#define MAX_SETTINGS 8

static inline struct ps_config
settings(struct ps_arena *a, const char *text)
{
	struct ps_setting *s = ps_calloc(a, MAX_SETTINGS, sizeof *s);
	char *copy = ps_strdup(a, text), *end, *eq;
	size_t n = 0;

	for (; *copy != '\0'; copy = end) {
		end = copy + strcspn(copy, "\n");
		if (*end != '\0')
			*end++ = '\0';
		eq = strchr(copy, '=');
		*eq = '\0';
		s[n++] = (struct ps_setting){ copy, eq + 1 };
	}
	return config_sorted(s, n);
}

static inline int
translate(struct ps_arena *a, enum conf_client client, const char *text,
    struct conf *out, struct ps_error *err)
{
	struct ps_config c = settings(a, text);

	ps_error_clear(err);
	return conf_translate(a, client, &c, out, err);
}

#endif
