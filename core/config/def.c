#include "config/def.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>

#include "base/text.h"
#include "config/check.h"
#include "config/map.h"

/* So many bytes of the name are not shown by the texts of rules, and of what
 * does not parse. */
struct row {
	struct ps_key key;
	size_t hidden_prefix, hidden_parse;
};

struct def_set {
	struct ps_arena *a;
	struct row *rows;
	size_t count, room;
};

struct def_set *
def_set_new(struct ps_arena *a)
{
	struct def_set *s = ps_calloc(a, 1, sizeof *s);

	s->a = a;
	return s;
}

struct ps_arena *
def_set_arena(const struct def_set *s)
{
	return s->a;
}

static struct row *
find_row(const struct def_set *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->rows[i].key.name, name) == 0)
			return &s->rows[i];
	return NULL;
}

/* NULL when the name is taken. */
static struct row *
add_row(struct def_set *s, const struct ps_key *key, const char *prefix,
    const char *group)
{
	const char *name = key->name;
	struct row *row;

	if (prefix[0] != '\0')
		name = ps_printf(s->a, "%s%s", prefix, key->name);
	if (find_row(s, name) != NULL)
		return NULL;
	if (s->count == s->room) {
		struct row *grown;

		s->room = s->room == 0 ? 64 : 2 * s->room;
		grown = ps_alloc(s->a, s->room * sizeof *grown);
		if (s->count > 0)
			memcpy(grown, s->rows, s->count * sizeof *grown);
		s->rows = grown;
	}
	row = &s->rows[s->count++];
	*row = (struct row){ *key, 0, 0 };
	row->key.name = name;
	if (group != NULL)
		row->key.group = group;
	return row;
}

void
def_set_add(struct def_set *s, const struct ps_key *keys, size_t count,
    const char *prefix, const char *group)
{
	for (size_t i = 0; i < count; i++)
		(void)add_row(s, &keys[i], prefix == NULL ? "" : prefix, group);
}

void
def_set_add_own(struct def_set *s, const struct ps_key *keys, size_t count,
    const char *prefix)
{
	for (size_t i = 0; i < count; i++) {
		struct row *row = add_row(s, &keys[i], prefix, NULL);

		if (row == NULL)
			continue;
		if (row->key.display == NULL)
			row->key.display = keys[i].name;
		row->hidden_prefix = row->hidden_parse = strlen(prefix);
	}
}

static int
by_weight(const void *x, const void *y)
{
	const struct ps_key *a = *(const struct ps_key *const *)x;
	const struct ps_key *b = *(const struct ps_key *const *)y;
	bool needed = (a->flags & PS_REQUIRED) != 0;

	if (needed != ((b->flags & PS_REQUIRED) != 0))
		return needed ? -1 : 1;
	if (a->importance != b->importance)
		return a->importance < b->importance ? -1 : 1;
	return strcmp(a->name, b->name);
}

void
def_set_embed(struct def_set *s, const struct ps_key *keys, size_t count,
    const char *prefix, const char *group, int order)
{
	const struct ps_key **sorted = ps_alloc(s->a, count * sizeof *sorted);

	for (size_t i = 0; i < count; i++)
		sorted[i] = &keys[i];
	if (count > 1)
		qsort(sorted, count, sizeof *sorted, by_weight);
	for (size_t i = 0; i < count; i++) {
		struct row *row = add_row(s, sorted[i], prefix, group);

		if (row == NULL)
			continue;
		row->key.order = order++;
		if (row->key.display == NULL)
			row->key.display = sorted[i]->name;
		row->hidden_prefix = strlen(prefix);
	}
}

void
def_set_default(struct def_set *s, const char *name, const char *value)
{
	struct row *row = find_row(s, name);

	if (row != NULL)
		row->key.default_value = value;
}

const struct ps_key *
def_set_find(const struct def_set *s, const char *name)
{
	struct row *row = find_row(s, name);

	return row == NULL ? NULL : &row->key;
}

size_t
def_set_count(const struct def_set *s)
{
	return s->count;
}

const struct ps_key *
def_set_at(const struct def_set *s, size_t i)
{
	assert(i < s->count);
	return &s->rows[i].key;
}

static void
push_error(struct ps_arena *a, struct def_value *v, const char *text)
{
	const char **errors =
	    ps_alloc(a, (v->error_count + 1) * sizeof *errors);

	if (v->error_count > 0)
		memcpy(errors, v->errors, v->error_count * sizeof *errors);
	errors[v->error_count++] = text;
	v->errors = errors;
}

/* NULL when the key is not there at all. */
static const struct ps_setting *
find_setting(const struct ps_config *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->settings[i].key, key) == 0)
			return &c->settings[i];
	return NULL;
}

static void
validate_row(struct ps_arena *a, const struct row *row,
    const struct ps_config *given, struct def_value *out)
{
	const struct ps_setting *s = find_setting(given, row->key.name);
	const char *wrong,
	    *text = s == NULL ? row->key.default_value : s->value;
	struct check_value v;
	struct ps_key shown;

	*out = (struct def_value){ .name = row->key.name, .key = &row->key };
	if (s == NULL && (row->key.flags & PS_REQUIRED) != 0) {
		text = NULL;
		push_error(a, out,
		    ps_printf(a,
			"Missing required configuration \"%s\" which has no "
			"default value.",
			row->key.name));
	}
	shown = row->key;
	shown.name += row->hidden_parse;
	wrong = check_parse(a, &shown, text, &v);
	if (wrong != NULL)
		push_error(a, out, wrong);
	wrong =
	    check_rules(a, &row->key, row->key.name + row->hidden_prefix, &v);
	if (wrong != NULL)
		push_error(a, out, wrong);
	out->value = v.text;
}

struct def_result *
def_validate(struct ps_arena *a, const struct def_set *s,
    const struct ps_config *given)
{
	struct def_result *r = ps_calloc(a, 1, sizeof *r);

	r->a = a;
	r->values = ps_alloc(a, s->count * sizeof *r->values);
	for (size_t i = 0; i < s->count; i++) {
		const struct ps_key *key = &s->rows[i].key;

		if ((key->flags & PS_REMOVED) != 0 &&
		    find_setting(given, key->name) == NULL)
			continue;
		validate_row(a, &s->rows[i], given, &r->values[r->count]);
		r->count++;
	}
	for (size_t i = 0; i < given->count; i++)
		if (given->settings[i].value == NULL)
			def_error(r, given->settings[i].key,
			    "Null value can not be supplied as the "
			    "configuration value.");
	return r;
}

struct def_value *
def_result_find(struct def_result *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->values[i].name, name) == 0)
			return &r->values[i];
	return NULL;
}

static struct def_value *
add_value(struct def_result *r, const char *name)
{
	struct def_value *grown =
	    ps_alloc(r->a, (r->count + 1) * sizeof *grown);

	if (r->count > 0)
		memcpy(grown, r->values, r->count * sizeof *grown);
	grown[r->count] = (struct def_value){ .name = ps_strdup(r->a, name) };
	r->values = grown;
	return &grown[r->count++];
}

void
def_error(struct def_result *r, const char *name, const char *fmt, ...)
{
	struct def_value *v = def_result_find(r, name);
	char text[PS_ERROR_TEXT];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (v == NULL)
		v = add_value(r, name);
	push_error(r->a, v, ps_strdup(r->a, text));
}

size_t
def_error_count(const struct def_result *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->count; i++)
		n += r->values[i].error_count;
	return n;
}

/* In the arena for the few errors there are. */
static char *
error_lines(const struct def_result *r, bool defined)
{
	char *lines = ps_strdup(r->a, "");

	for (size_t i = 0; i < r->count; i++) {
		const struct def_value *v = &r->values[i];

		for (size_t j = 0; j < v->error_count; j++)
			if ((v->key != NULL) == defined)
				lines = ps_printf(r->a, "%s\n%s", lines,
				    v->errors[j]);
	}
	return lines;
}

char *
def_error_text(const struct def_result *r)
{
	return ps_printf(r->a,
	    "Connector configuration is invalid and contains the following "
	    "%zu error(s):%s%s\nYou can also find the above list of errors "
	    "at the endpoint "
	    "`/connector-plugins/{connectorType}/config/validate`",
	    def_error_count(r), error_lines(r, false), error_lines(r, true));
}

/* The name behind the prefix, or NULL. */
static const char *
without_prefix(const char *name, const char *prefix)
{
	if (prefix == NULL)
		return name;
	return text_starts(name, prefix) ? name + strlen(prefix) : NULL;
}

static void
push_setting(struct ps_config *c, struct ps_setting *to, const char *key,
    const char *value)
{
	if (key == NULL || value == NULL)
		return;
	to[c->count++] = (struct ps_setting){ key, value };
}

struct ps_config
def_complete(struct ps_arena *a, const struct def_set *s,
    const struct ps_config *given, const char *prefix)
{
	struct ps_setting *out =
	    ps_alloc(s->a, (s->count + given->count) * sizeof *out);
	struct ps_config c = { out, 0 };

	for (size_t i = 0; i < s->count; i++) {
		const struct ps_key *k = &s->rows[i].key;

		push_setting(&c, out, without_prefix(k->name, prefix),
		    k->default_value);
	}
	for (size_t i = 0; i < given->count; i++) {
		const struct ps_setting *g = &given->settings[i];
		const char *value = g->value;

		if (value != NULL && find_row(s, g->key) != NULL)
			value = text_trim(s->a, value);
		push_setting(&c, out, without_prefix(g->key, prefix), value);
	}
	c = config_sorted(out, c.count);
	return config_copy(a, &c);
}
