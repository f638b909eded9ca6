#include "config/map.h"

#include <stdlib.h>

static const char *
copy_text(struct ps_arena *a, const char *s)
{
	return s == NULL ? NULL : ps_strdup(a, s);
}

static struct ps_setting *
new_settings(struct ps_arena *a, size_t count)
{
	return ps_alloc(a, count * sizeof(struct ps_setting));
}

struct ps_config
config_copy(struct ps_arena *a, const struct ps_config *c)
{
	struct ps_setting *out = new_settings(a, c->count);

	for (size_t i = 0; i < c->count; i++) {
		out[i].key = ps_strdup(a, c->settings[i].key);
		out[i].value = copy_text(a, c->settings[i].value);
	}
	return (struct ps_config){ out, c->count };
}

struct ps_config
config_merge(struct ps_arena *a, const struct ps_config *c,
    const struct ps_config *over)
{
	struct ps_setting *out = new_settings(a, c->count + over->count);
	size_t n = 0, i = 0, j = 0;

	while (i < c->count || j < over->count) {
		const struct ps_setting *s = &c->settings[i];
		const struct ps_setting *o = &over->settings[j];
		int order = i == c->count      ? 1
			    : j == over->count ? -1
					       : strcmp(s->key, o->key);

		i += order <= 0;
		j += order >= 0;
		if (order < 0)
			out[n++] = *s;
		else if (o->value != NULL)
			out[n++] = *o;
	}
	return config_copy(a, &(struct ps_config){ out, n });
}

struct ps_config
config_with(struct ps_arena *a, const struct ps_config *c, const char *key,
    const char *value)
{
	struct ps_setting one = { key, value };

	return config_merge(a, c, &(struct ps_config){ &one, 1 });
}

struct ps_config
config_prefixed(struct ps_arena *a, const struct ps_config *c,
    const char *prefix)
{
	struct ps_setting *out = new_settings(a, c->count);
	size_t len = strlen(prefix), n = 0;

	for (size_t i = 0; i < c->count; i++) {
		if (strncmp(c->settings[i].key, prefix, len) != 0)
			continue;
		out[n].key = ps_strdup(a, c->settings[i].key + len);
		out[n++].value = copy_text(a, c->settings[i].value);
	}
	return (struct ps_config){ out, n };
}

static bool
text_equal(const char *x, const char *y)
{
	if (x == NULL || y == NULL)
		return x == y;
	return strcmp(x, y) == 0;
}

bool
config_equal(const struct ps_config *x, const struct ps_config *y)
{
	if (x->count != y->count)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (!text_equal(x->settings[i].key, y->settings[i].key) ||
		    !text_equal(x->settings[i].value, y->settings[i].value))
			return false;
	return true;
}

/* Stable by insertion: maps are small and often sorted already. */
static void
sort(struct ps_setting *s, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		struct ps_setting one = s[i];
		size_t j = i;

		for (; j > 0 && strcmp(s[j - 1].key, one.key) > 0; j--)
			s[j] = s[j - 1];
		s[j] = one;
	}
}

struct ps_config
config_sorted(struct ps_setting *settings, size_t count)
{
	size_t n = 0;

	sort(settings, count);
	for (size_t i = 0; i < count; i++) {
		if (n > 0 && strcmp(settings[n - 1].key, settings[i].key) == 0)
			n--;
		settings[n++] = settings[i];
	}
	return (struct ps_config){ settings, n };
}
