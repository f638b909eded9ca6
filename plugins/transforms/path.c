#include "path.h"

const char *const path_versions[] = { "V1", "V2", NULL };

bool
path_is_nested(const struct ps_config *c)
{
	return strcasecmp(ps_config_str(c, "field.syntax.version"), "V2") == 0;
}

static void
add_step(struct path *p, const char *name, size_t len)
{
	p->steps[p->count++] = (struct step){ name, len };
}

/* Behind the opening backtick: the step ends at one that is followed by a dot
 * or the end. `s` is changed in place. */
static char *
quoted_step(struct path *p, char *s, size_t at, struct ps_error *err)
{
	char *to = s, *start = s;

	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && s[1] == '`') {
			*to++ = *++s;
			continue;
		}
		if (s[0] == '`' && (s[1] == '.' || s[1] == '\0')) {
			add_step(p, start, (size_t)(to - start));
			return s + 1;
		}
		*to++ = *s;
	}
	(void)ps_fail(err, PS_E_CONFIG,
	    "Incomplete backtick pair in path: [%s], consider adding a "
	    "backslash before backtick at position %zu to escape it",
	    p->text, at);
	return NULL;
}

int
path_read(struct common *t, const char *text, bool nested, struct path *out,
    struct ps_error *err)
{
	char *start = common_strdup(t, text), *s = start;

	*out = (struct path){ .text = text };
	out->steps = (struct step *)common_alloc(t,
	    (strlen(text) + 1) * sizeof *out->steps);
	if (!nested) {
		add_step(out, s, strlen(s));
		return 0;
	}
	for (;;) {
		if (*s == '`') {
			s = quoted_step(out, s + 1, (size_t)(s - start), err);
			if (s == NULL)
				return -1;
		} else {
			size_t len = strcspn(s, ".");

			add_step(out, s, len);
			s += len;
		}
		if (*s == '\0')
			return 0;
		s++; /* the dot */
	}
}

const struct ps_schema *
path_schema(const struct path *p, const struct ps_schema *s)
{
	for (size_t i = 0; i < p->count; i++) {
		int at =
		    s->type != PS_STRUCT
			? -1
			: ps_field_index(s, p->steps[i].name, p->steps[i].len);

		if (at < 0)
			return NULL;
		s = s->fields[at].schema;
	}
	return s;
}

int
path_check(const struct path *p, const struct ps_schema *s,
    struct ps_error *err)
{
	if (s == NULL || path_schema(p, s) != NULL)
		return 0;
	return ps_fail(err, PS_E_DATA, "Unknown field: %s", p->text);
}

static int
one_step(const struct step *step, const struct ps_schema **s,
    struct ps_value *v, bool null_default, struct ps_error *err)
{
	const struct ps_value *found;
	int at;

	if (operand_check_or_null(*s, v, "nested field access", err) < 0)
		return -1;
	if (v->type == PS_NULL)
		return 0;
	if (*s == NULL) {
		found = map_get(v, step->name, step->len);
		*v = found == NULL ? ps_null() : *found;
		return 0;
	}
	at = ps_field_index(*s, step->name, step->len);
	if (at < 0) {
		*v = ps_null();
		return 0;
	}
	*v = field_value(*s, v, (size_t)at, null_default);
	*s = (*s)->fields[at].schema;
	return 0;
}

int
path_value(const struct path *p, const struct ps_schema *s,
    const struct ps_value *from, bool null_default, struct ps_value *out,
    struct ps_error *err)
{
	*out = *from;
	for (size_t i = 0; i < p->count; i++)
		if (one_step(&p->steps[i], &s, out, null_default, err) < 0)
			return -1;
	return 0;
}
