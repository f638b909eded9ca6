#include "proto_write.h"

#include "proto_wire.h"
#include "wire.h"

#define MS_PER_SECOND 1000
#define NS_PER_MS     1000000

struct encoder {
	struct bytes *out;
	struct ps_error *err;
};

static int put_message(struct encoder *e, const struct proto_plan *n,
    const struct ps_value *v);

static void
put_tag(struct bytes *o, int32_t number, enum wire_type type)
{
	bytes_need(o, VARINT_MAX);
	o->p = put_varint(o->p, (uint64_t)number << 3 | (uint64_t)type);
}

static void
put_uint(struct bytes *o, uint64_t v)
{
	bytes_need(o, VARINT_MAX);
	o->p = put_varint(o->p, v);
}

static void
put_slice(struct bytes *o, const void *p, size_t len)
{
	put_uint(o, len);
	bytes_put(o, p, len);
}

/* Room for a length of one byte; what follows moves when it takes more. */
static size_t
open_length(struct bytes *o)
{
	bytes_need(o, 1);
	o->p++;
	return (size_t)(o->p - o->start);
}

static void
close_length(struct bytes *o, size_t at)
{
	size_t len = (size_t)(o->p - o->start) - at, more;
	uint8_t prefix[VARINT_MAX];

	more = (size_t)(put_varint(prefix, len) - prefix) - 1;
	if (more > 0) {
		bytes_need(o, more);
		memmove(o->start + at + more, o->start + at, len);
		o->p += more;
	}
	memcpy(o->start + at - 1, prefix, more + 1);
}

static int
wrong_type(struct encoder *e, const struct proto_plan_field *f)
{
	return ps_fail(e->err, PS_E_DATA, "Invalid type of value for field %s",
	    f->name);
}

/* ---- Logical types ---- */

static void
put_small(struct bytes *o, int32_t number, int64_t v)
{
	if (v == 0)
		return;
	put_tag(o, number, WIRE_VARINT);
	put_uint(o, (uint64_t)v);
}

static void
put_date(struct bytes *o, int64_t days)
{
	int64_t era, of_era, year_of_era, of_year, month_from_march, month;

	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	of_era = days - era * 146097;
	year_of_era =
	    (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	of_year =
	    of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month_from_march = (5 * of_year + 2) / 153;
	month = month_from_march + (month_from_march < 10 ? 3 : -9);
	put_small(o, 1, year_of_era + era * 400 + (month <= 2));
	put_small(o, 2, month);
	put_small(o, 3, of_year - (153 * month_from_march + 2) / 5 + 1);
}

static void
put_clock(struct bytes *o, int64_t ms)
{
	put_small(o, 1, ms / 3600000);
	put_small(o, 2, ms / 60000 % 60);
	put_small(o, 3, ms / MS_PER_SECOND % 60);
	put_small(o, 4, ms % MS_PER_SECOND * NS_PER_MS);
}

static void
put_stamp(struct bytes *o, int64_t ms)
{
	int64_t rest = ms % MS_PER_SECOND;

	rest += rest < 0 ? MS_PER_SECOND : 0;
	put_small(o, 1, (ms - rest) / MS_PER_SECOND);
	put_small(o, 2, rest * NS_PER_MS);
}

static void
put_logical(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v)
{
	size_t at = open_length(e->out);

	switch (f->logical) {
	case PS_DECIMAL:
		put_tag(e->out, 1, WIRE_BYTES);
		put_slice(e->out, v->p, v->len);
		put_small(e->out, 3, f->scale);
		break;
	case PS_DATE:
		put_date(e->out, v->i);
		break;
	case PS_TIME:
		put_clock(e->out, v->i);
		break;
	case PS_TIMESTAMP:
		put_stamp(e->out, v->i);
		break;
	case PS_PLAIN:
	case PS_OTHER:
		break;
	}
	close_length(e->out, at);
}

/* ---- Scalars ---- */

static int
number_of_symbol(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v, int64_t *out)
{
	for (const struct proto_symbol *s = f->enumeration->symbols; s != NULL;
	     s = s->next)
		if (ps_is_text(v, s->name)) {
			*out = s->number;
			return 0;
		}
	return ps_fail(e->err, PS_E_DATA, "\"%.*s\" is no symbol of enum %s",
	    (int)(v->len > 100 ? 100 : v->len), v->s, f->enumeration->full);
}

/* The bits of a number; -1 when a symbol is none. */
static int
bits_of(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v, uint64_t *out)
{
	int64_t i = v->type == PS_BOOLEAN ? v->b : v->i;
	float single;
	uint32_t half;

	if (f->kind == PROTO_ENUMERATION && v->type == PS_STRING &&
	    number_of_symbol(e, f, v, &i) < 0)
		return -1;
	if (f->kind == PROTO_SINT32 || f->kind == PROTO_SINT64)
		i = (int64_t)(((uint64_t)i << 1) ^ (0 - ((uint64_t)i >> 63)));
	if (f->kind == PROTO_UINT32)
		i = (int64_t)(uint32_t)i;
	*out = (uint64_t)i;
	if (f->kind == PROTO_FLOAT) {
		single = (float)v->f;
		memcpy(&half, &single, sizeof half);
		*out = half;
	}
	if (f->kind == PROTO_DOUBLE)
		memcpy(out, &v->f, sizeof *out);
	return 0;
}

static void
put_bits(struct bytes *o, enum wire_type type, uint64_t bits)
{
	if (type == WIRE_VARINT)
		put_uint(o, bits);
	else
		bytes_put(o, &bits, type == WIRE_64 ? 8 : 4);
}

/* Without presence what is 0 or empty is not written. */
static int
put_scalar(struct encoder *e, const struct proto_plan_field *f, int32_t number,
    const struct ps_value *v, bool always)
{
	enum wire_type type = proto_wire_type(f->kind);
	uint64_t bits;

	if (type == WIRE_BYTES) {
		if (v->len == 0 && !always)
			return 0;
		put_tag(e->out, number, type);
		put_slice(e->out, v->p, v->len);
		return 0;
	}
	if (bits_of(e, f, v, &bits) < 0)
		return -1;
	if (bits == 0 && !always)
		return 0;
	put_tag(e->out, number, type);
	put_bits(e->out, type, bits);
	return 0;
}

/* ---- Fields ---- */

static int
put_value(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v, bool always)
{
	size_t at;
	int rc = 0;

	if (v->type != f->type)
		return wrong_type(e, f);
	if (f->logical >= PS_DECIMAL && f->logical <= PS_TIMESTAMP) {
		put_tag(e->out, f->number, WIRE_BYTES);
		put_logical(e, f, v);
		return 0;
	}
	if (!f->is_wrapped && f->kind != PROTO_MESSAGE)
		return put_scalar(e, f, f->number, v, always);
	put_tag(e->out, f->number, WIRE_BYTES);
	at = open_length(e->out);
	rc = f->is_wrapped ? put_scalar(e, f, 1, v, false)
			   : put_message(e, f->plan, v);
	close_length(e->out, at);
	return rc;
}

static int
put_packed(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v)
{
	uint64_t bits;
	size_t at;

	if (v->len == 0)
		return 0;
	put_tag(e->out, f->number, WIRE_BYTES);
	at = open_length(e->out);
	for (uint32_t i = 0; i < v->len; i++) {
		if (v->items[i].type != f->type)
			return wrong_type(e, f);
		if (bits_of(e, f, &v->items[i], &bits) < 0)
			return -1;
		put_bits(e->out, proto_wire_type(f->kind), bits);
	}
	close_length(e->out, at);
	return 0;
}

static int
put_list(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v)
{
	if (v->type != PS_ARRAY)
		return wrong_type(e, f);
	if (f->is_packed && !f->is_wrapped && f->kind != PROTO_MESSAGE &&
	    proto_wire_type(f->kind) != WIRE_BYTES)
		return put_packed(e, f, v);
	for (uint32_t i = 0; i < v->len; i++)
		if (put_value(e, f, &v->items[i], true) < 0)
			return -1;
	return 0;
}

static int
put_map(struct encoder *e, const struct proto_plan_field *f,
    const struct ps_value *v)
{
	if (v->type != PS_MAP)
		return wrong_type(e, f);
	for (uint32_t i = 0; i < v->len; i++) {
		const struct ps_value parts[] = { v->pairs[i].key,
			v->pairs[i].value };
		const struct ps_value entry = ps_struct(parts, 2);
		size_t at;

		put_tag(e->out, f->number, WIRE_BYTES);
		at = open_length(e->out);
		if (put_message(e, f->plan, &entry) < 0)
			return -1;
		close_length(e->out, at);
	}
	return 0;
}

static const struct ps_value *
value_of(const struct proto_plan_field *f, const struct ps_value *v)
{
	const struct ps_value *item = &v->items[f->source];

	if (f->member != SIZE_MAX && item->type == PS_STRUCT &&
	    f->member < item->len)
		item = &item->items[f->member];
	return item->type == PS_NULL && f->or_null != NULL ? f->or_null : item;
}

static int
put_message(struct encoder *e, const struct proto_plan *n,
    const struct ps_value *v)
{
	int rc = 0;

	if (v->type != PS_STRUCT || v->len != n->source_count)
		return ps_fail(e->err, PS_E_DATA, "Mismatching struct schema");
	for (size_t i = 0; i < n->count && rc == 0; i++) {
		const struct proto_plan_field *f = &n->fields[i];
		const struct ps_value *item = value_of(f, v);

		if (item->type == PS_NULL)
			continue;
		rc = f->is_map        ? put_map(e, f, item)
		     : f->is_repeated ? put_list(e, f, item)
				      : put_value(e, f, item, f->is_always);
		if (rc < 0)
			(void)ps_fail_in(e->err, "field %s", f->name);
	}
	return rc;
}

int
proto_encode(const struct proto_plan *n, struct bytes *out,
    const struct ps_value *v, struct ps_error *err)
{
	struct encoder e = { out, err };

	return put_message(&e, n, v);
}

int
proto_encode_raw(const struct proto_plan_field *f, struct bytes *out,
    const struct ps_value *v, struct ps_error *err)
{
	struct encoder e = { out, err };

	return put_value(&e, f, v, false);
}
