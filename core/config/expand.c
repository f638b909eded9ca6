#include "config/expand.h"

#include "base/buf.h"

/* What an expanded value may grow to. */
#define TEXT_CEILING (16u << 20)

/* ${alias:path:key}: `start` is at the dollar, `end` behind the brace. */
struct reference {
	const char *start, *end;
	const char *alias_end; /* its colon */
	const char *path_end;  /* the second colon, or NULL: no path */
};

/*
 * The alias reaches to the first colon, the path to the next one, the key
 * to the first closing brace; an opening brace is a character like others.
 */
static bool
next_reference(const char *text, struct reference *r)
{
	const char *start = text, *close;

	for (; (start = strstr(start, "${")) != NULL; start += 2) {
		close = strchr(start, '}');
		if (close == NULL)
			return false;
		r->alias_end = memchr(start, ':', (size_t)(close - start));
		if (r->alias_end == NULL)
			continue;
		r->start = start;
		r->end = close + 1;
		r->path_end = memchr(r->alias_end + 1, ':',
		    (size_t)(close - r->alias_end - 1));
		return true;
	}
	return false;
}

bool
expand_has(const char *text)
{
	struct reference r;

	return next_reference(text, &r);
}

static char *
cut(struct ps_arena *a, const char *from, const char *to)
{
	return ps_strndup(a, from, (size_t)(to - from));
}

static int
append_value(struct buf *out, struct ps_arena *a, const struct reference *r,
    expand_fn *ask, void *ctx, struct ps_error *err)
{
	const char *alias = cut(a, r->start + 2, r->alias_end);
	const char *second = r->alias_end + 1, *path = "", *value = NULL;
	int known;

	if (r->path_end != NULL) {
		path = cut(a, second, r->path_end);
		second = r->path_end + 1;
	}
	known =
	    ask(ctx, a, alias, path, cut(a, second, r->end - 1), &value, err);
	if (known < 0)
		return -1;
	if (known == 0 || value == NULL)
		(void)buf_append(out, r->start, (size_t)(r->end - r->start));
	else
		(void)buf_puts(out, value);
	return 0;
}

static int
expand_into(struct buf *out, struct ps_arena *a, const char *text,
    expand_fn *ask, void *ctx, struct ps_error *err)
{
	struct reference r;

	for (; next_reference(text, &r); text = r.end) {
		(void)buf_append(out, text, (size_t)(r.start - text));
		if (append_value(out, a, &r, ask, ctx, err) != 0)
			return -1;
	}
	(void)buf_puts(out, text);
	if (out->overflow)
		return ps_fail(err, PS_E_CONFIG,
		    "a value is larger than %u bytes with its references",
		    TEXT_CEILING);
	return 0;
}

const char *
expand_text(struct ps_arena *a, const char *text, expand_fn *ask, void *ctx,
    struct ps_error *err)
{
	const char *result = NULL;
	struct buf out;

	buf_init(&out, TEXT_CEILING);
	if (expand_into(&out, a, text, ask, ctx, err) == 0)
		result = ps_strndup(a, buf_str(&out), out.len);
	buf_fini(&out);
	return result;
}

int
expand_config(struct ps_arena *a, const struct ps_config *in, expand_fn *ask,
    void *ctx, struct ps_config *out, struct ps_error *err)
{
	struct ps_setting *settings = ps_alloc(a, in->count * sizeof *settings);

	for (size_t i = 0; i < in->count; i++) {
		const struct ps_setting *s = &in->settings[i];

		settings[i] = *s;
		if (s->value == NULL || !expand_has(s->value))
			continue;
		settings[i].value = expand_text(a, s->value, ask, ctx, err);
		if (settings[i].value == NULL)
			return ps_fail_in(err, "%s", s->key);
	}
	*out = (struct ps_config){ settings, in->count };
	return 0;
}
