#include "store/stored.h"

#include <math.h>
#include <stdlib.h>

#define EXACT 9e15 /* doubles hold every whole number below */

int
stored_int(const json_t *obj, const char *name, int64_t min, int64_t max,
    int64_t *out)
{
	const json_t *j = json_object_get(obj, name);
	double d = json_real_value(j);

	if (json_is_integer(j))
		*out = json_integer_value(j);
	else if (json_is_real(j) && fabs(d) < EXACT && floor(d) == d)
		*out = (int64_t)d;
	else
		return -1;
	return *out < min || *out > max ? -1 : 0;
}

struct ps_config
stored_copy(struct ps_arena *a, const struct ps_config *c)
{
	struct ps_setting *s = ps_calloc(a, c->count + 1, sizeof *s);

	for (size_t i = 0; i < c->count; i++) {
		s[i].key = ps_strdup(a, c->settings[i].key);
		if (c->settings[i].value != NULL)
			s[i].value = ps_strdup(a, c->settings[i].value);
	}
	return (struct ps_config){ s, c->count };
}

static bool
is_same(const char *x, const char *y)
{
	return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

bool
stored_equal(const struct ps_config *x, const struct ps_config *y)
{
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!is_same(x->settings[i].key, y->settings[i].key) ||
		    !is_same(x->settings[i].value, y->settings[i].value))
			return false;
	return true;
}

static int
by_key(const void *x, const void *y)
{
	const struct ps_setting *a = x, *b = y;

	return strcmp(a->key, b->key);
}

struct ps_config
stored_sorted(struct ps_setting *settings, size_t count)
{
	qsort(settings, count, sizeof *settings, by_key);
	return (struct ps_config){ settings, count };
}
