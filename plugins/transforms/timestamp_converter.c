#include "date_format.h"
#include "leaves.h"

#include <penstock/calendar.h>

#define PURPOSE "converting timestamp formats"

enum kind {
	KIND_NONE,
	KIND_STRING,
	KIND_UNIX,
	KIND_DATE,
	KIND_TIME,
	KIND_STAMP
};

static const char *const kind_names[] = { "string", "unix", "Date", "Time",
	"Timestamp", NULL };
static const char *const precisions[] = { "nanoseconds", "microseconds",
	"milliseconds", "seconds", NULL };
/* How many of a unit a millisecond has, or how many ms the unit. */
static const struct unit {
	int64_t per_ms, ms;
} units[] = { { 1000000, 0 }, { 1000, 0 }, { 1, 1 }, { 0, 1000 } };

struct converter {
	struct common common;
	struct leaves leaves;
	const char *field; /* "": all of it */
	enum kind target;
	const struct unit *unit;
	const struct date_format *format; /* NULL: none */
};

static size_t
index_of(const char *const *names, const char *name)
{
	size_t i = 0;

	while (names[i + 1] != NULL && strcmp(names[i], name) != 0)
		i++;
	return i;
}

static enum kind
kind_of_schema(const struct ps_schema *s)
{
	switch (s->logical) {
	case PS_TIMESTAMP:
		return KIND_STAMP;
	case PS_DATE:
		return KIND_DATE;
	case PS_TIME:
		return KIND_TIME;
	case PS_DECIMAL:
	case PS_PLAIN:
	case PS_OTHER:
		break;
	}
	return s->type == PS_STRING  ? KIND_STRING
	       : s->type == PS_INT64 ? KIND_UNIX
				     : KIND_NONE;
}

static int64_t
times(int64_t v, int64_t factor)
{
	int64_t out;

	if (__builtin_mul_overflow(v, factor, &out))
		return v < 0 ? INT64_MIN : INT64_MAX;
	return out;
}

/* To milliseconds since 1970. */
static int
read_time(const struct converter *t, enum kind kind, const struct ps_value *v,
    int64_t *ms, struct ps_error *err)
{
	const struct unit *u = t->unit;

	switch (kind) {
	case KIND_STRING:
		if (v->type == PS_STRING && t->format != NULL &&
		    date_format_read(t->format, v->s, v->len, ms) == 0)
			return 0;
		return ps_fail(err, PS_E_DATA,
		    "Could not parse timestamp: value (%.*s) does not match "
		    "pattern (%s)",
		    v->type == PS_STRING ? (int)v->len : 0, v->s,
		    t->format == NULL ? "" : "format");
	case KIND_UNIX:
		if (v->type != PS_INT64)
			break;
		*ms = u->ms != 0 ? times(v->i, u->ms) : v->i / u->per_ms;
		return 0;
	case KIND_DATE:
		*ms = v->i * PS_MS_PER_DAY;
		return 0;
	case KIND_TIME:
	case KIND_STAMP:
		*ms = v->i;
		return 0;
	case KIND_NONE:
		break;
	}
	return ps_fail(err, PS_E_DATA,
	    "TimestampConverter does not support %s objects as timestamps",
	    class_of(NULL, v));
}

static struct ps_value
made_time(const struct converter *t, struct ps_arena *a, int64_t ms)
{
	const struct unit *u = t->unit;
	int64_t day = ps_day_number(ms);

	switch (t->target) {
	case KIND_STRING:
		return date_format_put(t->format, a, ms);
	case KIND_UNIX:
		return ps_int64(u->ms != 0 ? ms / u->ms : times(ms, u->per_ms));
	case KIND_DATE:
		return ps_int(PS_INT32, (int32_t)day);
	case KIND_TIME:
		return ps_int(PS_INT32, ms - day * PS_MS_PER_DAY);
	case KIND_STAMP:
	case KIND_NONE:
		break;
	}
	return ps_int64(ms);
}

static int
convert(const struct converter *t, struct work *w, const struct ps_schema *from,
    struct ps_value *v)
{
	enum kind kind;
	int64_t ms = 0;

	if (from != NULL) {
		kind = kind_of_schema(from);
		if (kind == KIND_NONE)
			return ps_fail(w->err, PS_E_DATA,
			    "Schema of %s does not correspond to a known "
			    "timestamp type format",
			    class_of(from, v));
	} else {
		kind = v->type == PS_STRING  ? KIND_STRING
		       : v->type == PS_INT64 ? KIND_UNIX
					     : KIND_NONE;
	}
	if (v->type == PS_NULL || v->type == PS_UNCHANGED)
		return 0;
	if (read_time(t, kind, v, &ms, w->err) < 0)
		return -1;
	*v = made_time(t, w->arena, ms);
	return 0;
}

static const struct ps_schema *
target_schema(const struct converter *t, bool optional)
{
	static const struct ps_schema drafts[] = {
		[KIND_STRING] = { .type = PS_STRING },
		[KIND_UNIX] = { .type = PS_INT64 },
		[KIND_DATE] = { .type = PS_INT32,
		    .name = PS_NAME_DATE,
		    .version = 1 },
		[KIND_TIME] = { .type = PS_INT32,
		    .name = PS_NAME_TIME,
		    .version = 1 },
		[KIND_STAMP] = { .type = PS_INT64,
		    .name = PS_NAME_TIMESTAMP,
		    .version = 1 },
	};
	struct ps_schema draft = drafts[t->target];

	draft.optional = optional;
	return common_intern(&t->common, &draft);
}

static const struct ps_schema *
leaf_schema(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from)
{
	(void)w;
	(void)leaf;
	return target_schema((struct converter *)state, from->optional);
}

static int
leaf_value(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from, struct ps_value *v)
{
	(void)leaf;
	return convert((struct converter *)state, w, from, v);
}

static const struct leaf_ops leaf_ops = { .purpose = PURPOSE,
	.schema = leaf_schema,
	.value = leaf_value };

static int
configure(struct converter *t, const struct ps_config *c, struct ps_error *err)
{
	const char *format = ps_config_str(c, "format");
	struct ps_error why = { .code = PS_OK };
	struct path path;

	t->target = (enum kind)(
	    index_of(kind_names, ps_config_str(c, "target.type")) + 1);
	t->unit =
	    &units[index_of(precisions, ps_config_str(c, "unix.precision"))];
	if (t->target == KIND_STRING && format[strspn(format, " \t")] == '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "TimestampConverter requires format option to be specified "
		    "when using string timestamps");
	if (format[strspn(format, " \t")] != '\0') {
		t->format = date_format_new(&t->common, format, &why);
		if (t->format == NULL)
			return ps_fail(err, PS_E_CONFIG,
			    "TimestampConverter requires a SimpleDateFormat-"
			    "compatible pattern for string timestamps: %s: %s",
			    format, why.text);
	}
	if (path_read(&t->common, t->field, path_is_nested(c), &path, err) < 0)
		return -1;
	leaves_add(&t->leaves, &t->common, &path, 0);
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct converter *t =
	    (struct converter *)common_new(sizeof *t, h, self, c);

	t->leaves.ops = &leaf_ops;
	t->field = ps_config_str(c, "field");
	if (configure(t, c, err) == 0)
		return t;
	common_free(t);
	return NULL;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct converter *t = (struct converter *)state;
	struct operand o = operand_of(r, t->common.side);
	const struct ps_schema *from = *o.schema;
	const struct update *u;

	if (*t->field != '\0')
		return leaves_apply(&t->leaves, &t->common, w, &o);
	if (from != NULL) {
		u = updates_row(&w->updates, from);
		if (u == NULL)
			u = updates_add(&w->updates, from,
			    target_schema(t, from->optional), NULL);
		*o.schema = u->to;
	}
	return convert(t, w, from, o.value);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops timestamp_converter_ops = { create, apply,
	common_free };

const struct ps_key timestamp_converter_keys[TIMESTAMP_CONVERTER_KEYS] = {
	{ .name = "field",
	    .type = PS_KEY_STRING,
	    .default_value = "",
	    .importance = PS_HIGH,
	    .doc = "The field with the timestamp; empty when the whole key or "
		   "value is one." },
	{ .name = "target.type",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .choices = kind_names,
	    .doc = "How the timestamp is to be represented: string, unix, "
		   "Date, Time or Timestamp." },
	{ .name = "format",
	    .type = PS_KEY_STRING,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "A pattern of Java's SimpleDateFormat, to write a string "
		   "or to read one." },
	{ .name = "unix.precision",
	    .type = PS_KEY_STRING,
	    .default_value = "milliseconds",
	    .importance = PS_LOW,
	    .choices = precisions,
	    .doc = "What a number counts since 1970: seconds, milliseconds, "
		   "microseconds or nanoseconds." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
