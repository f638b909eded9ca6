#include "cast_value.h"
#include "leaves.h"

#include <penstock/decimal.h>

#define PURPOSE "mask fields"

struct mask {
	struct common common;
	struct leaves leaves;
	const char *replacement; /* NULL: zero, empty */
};

static int
not_a_number(const struct mask *t, struct work *w)
{
	return ps_fail(w->err, PS_E_DATA,
	    "Unable to convert %s (class java.lang.String) to number",
	    t->replacement);
}

static int
mask_decimal(const struct mask *t, struct work *w, const struct ps_schema *from,
    struct ps_value *v)
{
	size_t n = strlen(t->replacement), used = 0;
	int64_t scale = 0;
	char *digits;
	const char *p = t->replacement;
	int negative = *p == '-';
	uint8_t *bytes;

	if (n > PS_DECIMAL_DIGITS || from->scale > PS_DECIMAL_DIGITS)
		return ps_fail(w->err, PS_E_DATA,
		    "the replacement has more than %d digits",
		    PS_DECIMAL_DIGITS);
	digits = (char *)ps_alloc(w->arena, n + PS_DECIMAL_DIGITS + 1);
	for (p += *p == '-' || *p == '+'; *p >= '0' && *p <= '9';)
		digits[used++] = *p++;
	for (p += *p == '.'; *p >= '0' && *p <= '9'; scale++)
		digits[used++] = *p++;
	if (*p != '\0' || used == 0 || scale > from->scale)
		return not_a_number(t, w);
	for (; scale < from->scale; scale++)
		digits[used++] = '0';
	bytes = (uint8_t *)ps_alloc(w->arena, used / 2 + 8);
	*v = ps_bytes(bytes, ps_decimal_bytes(bytes, digits, used, negative));
	return 0;
}

static int
mask_with_text(const struct mask *t, struct work *w,
    const struct ps_schema *from, struct ps_value *v)
{
	struct ps_value text = ps_text(t->replacement);

	if (from != NULL && from->logical == PS_DECIMAL && v->type == PS_BYTES)
		return mask_decimal(t, w, from, v);
	if (v->type == PS_STRING) {
		*v = text;
		return 0;
	}
	if ((from != NULL && from->logical >= PS_DATE &&
		from->logical <= PS_TIMESTAMP) ||
	    (!ps_is_int(v) && v->type != PS_FLOAT32 && v->type != PS_FLOAT64))
		return ps_fail(w->err, PS_E_DATA,
		    "Cannot mask value of type class %s with custom "
		    "replacement.",
		    class_of(from, v));
	/* Through a long, or a double: 300 as a byte is 44. */
	if (strpbrk(t->replacement, "NIxX") != NULL ||
	    (ps_is_int(v) &&
		cast_value(w->arena, NULL, &text, PS_INT64, NULL) < 0 &&
		cast_value(w->arena, NULL, &text, PS_FLOAT64, NULL) < 0) ||
	    cast_value(w->arena, NULL, &text, v->type, NULL) < 0)
		return not_a_number(t, w);
	*v = text;
	return 0;
}

static int
mask_with_zero(struct work *w, const struct ps_schema *from, struct ps_value *v)
{
	static const uint8_t zero[] = { 0 };

	if (from != NULL && from->logical == PS_DECIMAL && v->type == PS_BYTES)
		*v = ps_bytes(zero, 1);
	else if (ps_is_int(v))
		*v = ps_int(v->type, 0);
	else if (v->type == PS_FLOAT32 || v->type == PS_FLOAT64)
		v->f = 0;
	else if (v->type == PS_BOOLEAN)
		v->b = false;
	else if (v->type == PS_STRING)
		*v = ps_string("", 0);
	else if (v->type == PS_ARRAY)
		*v = ps_array(NULL, 0);
	else if (v->type == PS_MAP)
		*v = ps_map(NULL, 0);
	else
		return ps_fail(w->err, PS_E_DATA,
		    "Cannot mask value of type: class %s", class_of(from, v));
	return 0;
}

static int
leaf_value(void *state, struct work *w, size_t leaf,
    const struct ps_schema *from, struct ps_value *v)
{
	const struct mask *t = (const struct mask *)state;

	(void)leaf;
	if (v->type == PS_NULL || v->type == PS_UNCHANGED)
		return 0;
	return t->replacement == NULL ? mask_with_zero(w, from, v)
				      : mask_with_text(t, w, from, v);
}

static const struct leaf_ops leaf_ops = { .purpose = PURPOSE,
	.value = leaf_value };

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct mask *t = (struct mask *)common_new(sizeof *t, h, self, c);
	struct names fields = common_names(&t->common, c, "fields");
	struct path path;

	t->leaves.ops = &leaf_ops;
	t->replacement = ps_config_get(c, "replacement");
	for (size_t i = 0; i < fields.count; i++) {
		if (path_read(&t->common, fields.items[i], path_is_nested(c),
			&path, err) < 0) {
			common_free(t);
			return NULL;
		}
		leaves_add(&t->leaves, &t->common, &path, i);
	}
	return t;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct mask *t = (struct mask *)state;
	struct operand o = operand_of(r, t->common.side);

	if (operand_check(&o, PURPOSE, w->err) < 0)
		return -1;
	return leaves_apply(&t->leaves, &t->common, w, &o);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops mask_field_ops = { create, apply, common_free };

const struct ps_key mask_field_keys[MASK_FIELD_KEYS] = {
	{ .name = "fields",
	    .type = PS_KEY_LIST,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "Names of the fields to be masked." },
	{ .name = "replacement",
	    .type = PS_KEY_STRING,
	    .importance = PS_LOW,
	    .flags = PS_NOT_EMPTY,
	    .doc = "What text and numbers are replaced by; without it, text "
		   "becomes empty and numbers zero." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
