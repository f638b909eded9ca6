#include "proto_in.h"
#include "proto_wire.h"
#include "utf8.h"
#include "wire.h"

#define MS_PER_SECOND 1000
#define NS_PER_MS     1000000

struct decoder {
	struct ps_arena *arena;
	struct ps_error *err;
};

/* Elements of a repeated field. */
struct list {
	struct ps_value *items;
	size_t count, room;
};

static int decode_message(struct decoder *d, const struct proto_layout *l,
    struct ps_slice in, struct ps_value *out);

static int
bad(struct decoder *d)
{
	return ps_fail(d->err, PS_E_DATA,
	    "the payload ends too early or is no Protobuf message");
}

static struct wire
wire_of(struct ps_slice in)
{
	return (struct wire){ in.data, in.data + in.len };
}

/* The numbers of a small message, by their fields' numbers. */
static int
get_numbers(struct decoder *d, struct ps_slice in, int64_t *out, int count,
    struct ps_slice *bytes)
{
	struct wire w = wire_of(in);
	struct wire_field f;
	int rc;

	while ((rc = wire_next(&w, &f)) > 0) {
		if (f.type == WIRE_BYTES && f.number == 1)
			*bytes = f.bytes;
		if (f.type == WIRE_VARINT && f.number <= count)
			out[f.number - 1] = (int64_t)f.number_value;
	}
	return rc < 0 ? bad(d) : 0;
}

/* Days since 1970 of a day of the Gregorian calendar. */
static int64_t
days_of(int64_t year, int64_t month, int64_t day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	of_era = year - era * 400;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	       of_year - 719468;
}

static int
get_decimal(struct decoder *d, const struct proto_reading *n,
    struct ps_slice in, struct ps_value *out)
{
	int64_t numbers[3] = { 0 };
	struct ps_slice bytes = { (const uint8_t *)"\0", 1 };

	if (get_numbers(d, in, numbers, 3, &bytes) < 0)
		return -1;
	if ((int32_t)numbers[2] != n->scale)
		return ps_fail(d->err, PS_E_DATA,
		    "Decimal value has mismatching scale for given Decimal "
		    "schema. Schema has scale %d, value has scale %d.",
		    n->scale, (int)numbers[2]);
	*out = ps_bytes(bytes.data, bytes.len);
	return 0;
}

static int
get_time(struct decoder *d, const struct proto_reading *n, struct ps_slice in,
    struct ps_value *out)
{
	int64_t v[4] = { 0 };
	struct ps_slice ignored;

	if (get_numbers(d, in, v, 4, &ignored) < 0)
		return -1;
	if (n->how == PROTO_AS_DATE) {
		if (v[1] < 1 || v[1] > 12 || v[2] < 1 || v[2] > 31 ||
		    v[0] < -999999 || v[0] > 999999)
			return ps_fail(d->err, PS_E_DATA,
			    "%lld-%lld-%lld is no day", (long long)v[0],
			    (long long)v[1], (long long)v[2]);
		*out = ps_int(PS_INT32, days_of(v[0], v[1], v[2]));
	} else if (n->how == PROTO_AS_TIME) {
		*out = ps_int(PS_INT32,
		    (int32_t)(((v[0] * 60 + v[1]) * 60 + v[2]) * MS_PER_SECOND +
			      v[3] / NS_PER_MS));
	} else {
		*out = ps_int64((int64_t)((uint64_t)v[0] * MS_PER_SECOND) +
				v[1] / NS_PER_MS);
	}
	return 0;
}

static struct ps_value
symbol_of(struct decoder *d, const struct proto_enum *e, int32_t number)
{
	for (const struct proto_symbol *s = e->symbols; s != NULL; s = s->next)
		if (s->number == number) /* the plan may go before the batch */
			return ps_text(ps_strdup(d->arena, s->name));
	return ps_text(
	    ps_printf(d->arena, "UNKNOWN_ENUM_VALUE_%s_%d", e->name, number));
}

static int64_t
unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static struct ps_value
integer_of(const struct proto_reading *n, uint64_t v)
{
	int64_t i = (int64_t)v;

	if (n->kind == PROTO_SINT32 || n->kind == PROTO_SINT64)
		i = unzigzag(v);
	if (n->kind == PROTO_UINT32 || n->kind == PROTO_FIXED32)
		i = (int64_t)(uint32_t)v;
	return ps_int(n->type, n->type == PS_INT8    ? (int8_t)i
			       : n->type == PS_INT16 ? (int16_t)i
			       : n->type == PS_INT32 ? (int32_t)i
						     : i);
}

/* A number as it stood on the wire. */
static struct ps_value
number_of(struct decoder *d, const struct proto_reading *n, uint64_t v)
{
	uint32_t half = (uint32_t)v;
	float single;
	double number;

	if (n->how == PROTO_AS_SYMBOL)
		return symbol_of(d, n->enumeration, (int32_t)v);
	if (n->type == PS_BOOLEAN)
		return ps_boolean(v != 0);
	if (n->type == PS_FLOAT32) {
		memcpy(&single, &half, sizeof single);
		return ps_float32(single);
	}
	if (n->type == PS_FLOAT64) {
		memcpy(&number, &v, sizeof number);
		return ps_float64(number);
	}
	return integer_of(n, v);
}

static int
get_bytes(struct decoder *d, const struct proto_reading *n, struct ps_slice in,
    struct ps_value *out)
{
	struct ps_value pair;

	switch (n->how) {
	case PROTO_AS_SCALAR:
	case PROTO_AS_SYMBOL:
		*out = n->type == PS_STRING
			   ? utf8_value(d->arena, in.data, in.len)
			   : ps_bytes(in.data, in.len);
		return n->type == PS_STRING || n->type == PS_BYTES ? 0 : bad(d);
	case PROTO_AS_STRUCT:
		return decode_message(d, n->layout, in, out);
	case PROTO_AS_MAP:
		if (decode_message(d, n->layout, in, &pair) < 0)
			return -1;
		*out = pair;
		return 0;
	case PROTO_AS_WRAPPED:
		return proto_decode_wrapped(n, d->arena, in, out, d->err);
	case PROTO_AS_DECIMAL:
		return get_decimal(d, n, in, out);
	case PROTO_AS_DATE:
	case PROTO_AS_TIME:
	case PROTO_AS_TIMESTAMP:
		return get_time(d, n, in, out);
	}
	return bad(d);
}

/* ---- Repeated fields ---- */

static struct ps_value *
list_add(struct decoder *d, struct list *l)
{
	if (l->count == l->room) {
		size_t room = l->room == 0 ? 8 : 2 * l->room;
		struct ps_value *grown =
		    (struct ps_value *)ps_alloc(d->arena, room * sizeof *grown);

		if (l->count > 0)
			memcpy(grown, l->items, l->count * sizeof *grown);
		l->items = grown;
		l->room = room;
	}
	l->items[l->count] = ps_null();
	return &l->items[l->count++];
}

/* Many numbers without their tags. */
static int
get_packed(struct decoder *d, const struct proto_reading *n, struct ps_slice in,
    struct list *l)
{
	struct wire w = wire_of(in);
	enum wire_type type = proto_wire_type(n->kind);
	size_t size = type == WIRE_64 ? 8 : 4;
	uint64_t v;

	while (w.p < w.end) {
		v = 0;
		if (type == WIRE_VARINT) {
			if (!wire_varint(&w, &v))
				return bad(d);
		} else {
			if ((size_t)(w.end - w.p) < size)
				return bad(d);
			memcpy(&v, w.p, size);
			w.p += size;
		}
		*list_add(d, l) = number_of(d, n, v);
	}
	return 0;
}

static int
get_value(struct decoder *d, const struct proto_reading *n,
    const struct wire_field *f, struct ps_value *out)
{
	if (n->how == PROTO_AS_WRAPPED)
		return f->type == WIRE_BYTES ? get_bytes(d, n, f->bytes, out)
					     : bad(d);
	if (f->type != proto_wire_type(n->kind))
		return bad(d);
	if (f->type == WIRE_BYTES)
		return get_bytes(d, n, f->bytes, out);
	*out = number_of(d, n, f->number_value);
	return 0;
}

/* ---- Messages ---- */

static struct ps_value
zero_of(struct decoder *d, const struct proto_reading *n)
{
	if (n->is_repeated)
		return ps_array(NULL, 0);
	if (n->how == PROTO_AS_MAP)
		return ps_map(NULL, 0);
	if (n->is_null)
		return ps_null();
	if (n->how == PROTO_AS_SYMBOL)
		return symbol_of(d, n->enumeration,
		    n->enumeration->symbols == NULL
			? 0
			: n->enumeration->symbols->number);
	if (n->type == PS_STRING)
		return ps_string("", 0);
	if (n->type == PS_BYTES)
		return ps_bytes("", 0);
	return number_of(d, n, 0);
}

static const struct proto_reading *
find(const struct proto_layout *l, int32_t number, size_t *hint)
{
	size_t lo = 0, hi = l->count, mid;

	if (*hint < l->count && l->fields[*hint].number == number)
		return &l->fields[*hint];
	while (lo < hi) {
		mid = lo + (hi - lo) / 2;
		if (l->fields[mid].number == number) {
			*hint = mid;
			return &l->fields[mid];
		}
		if (l->fields[mid].number < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

static int
set_field(struct decoder *d, const struct proto_reading *n,
    const struct wire_field *f, struct ps_value *values, struct list *lists)
{
	struct ps_value *members;
	struct list *l = &lists[n->place];

	if (n->is_repeated || n->how == PROTO_AS_MAP) {
		if (f->type == WIRE_BYTES && n->how != PROTO_AS_WRAPPED &&
		    proto_wire_type(n->kind) != WIRE_BYTES)
			return get_packed(d, n, f->bytes, l);
		return get_value(d, n, f, list_add(d, l));
	}
	if (n->member == PROTO_NO_MEMBER)
		return get_value(d, n, f, &values[n->place]);
	members =
	    (struct ps_value *)ps_calloc(d->arena, n->members, sizeof *members);
	values[n->place] = ps_struct(members, n->members);
	return get_value(d, n, f, &members[n->member]);
}

/* Lists become arrays, and lists of entries maps. */
static void
close_lists(struct decoder *d, const struct proto_layout *l,
    struct ps_value *values, const struct list *lists)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct proto_reading *n = &l->fields[i];
		const struct list *list = &lists[n->place];
		struct ps_pair *pairs;

		if (n->is_repeated)
			values[n->place] = ps_array(list->items, list->count);
		if (n->how != PROTO_AS_MAP)
			continue;
		pairs = (struct ps_pair *)ps_alloc(d->arena,
		    (list->count + 1) * sizeof *pairs);
		for (size_t k = 0; k < list->count; k++)
			pairs[k] = (struct ps_pair){ list->items[k].items[0],
				list->items[k].items[1] };
		values[n->place] = ps_map(pairs, list->count);
	}
}

static int
decode_message(struct decoder *d, const struct proto_layout *l,
    struct ps_slice in, struct ps_value *out)
{
	struct ps_value *values = (struct ps_value *)ps_alloc(d->arena,
	    (l->places + 1) * sizeof *values);
	struct list *lists =
	    (struct list *)ps_calloc(d->arena, l->places + 1, sizeof *lists);
	struct wire w = wire_of(in);
	struct wire_field f;
	size_t hint = 0;
	int rc;

	for (size_t i = 0; i < l->count; i++)
		values[l->fields[i].place] = zero_of(d, &l->fields[i]);
	while ((rc = wire_next(&w, &f)) > 0) {
		const struct proto_reading *n = find(l, f.number, &hint);

		if (n == NULL)
			continue; /* a field of a later schema */
		if (set_field(d, n, &f, values, lists) < 0)
			return -1;
		hint++;
	}
	if (rc < 0)
		return bad(d);
	close_lists(d, l, values, lists);
	*out = ps_struct(values, l->places);
	return 0;
}

int
proto_decode(const struct proto_layout *l, struct ps_arena *a,
    struct ps_slice in, struct ps_value *out, struct ps_error *err)
{
	struct decoder d = { a, err };

	return decode_message(&d, l, in, out);
}

int
proto_decode_wrapped(const struct proto_reading *n, struct ps_arena *a,
    struct ps_slice in, struct ps_value *out, struct ps_error *err)
{
	struct decoder d = { a, err };
	struct proto_reading inner = *n;
	struct wire w = wire_of(in);
	struct wire_field f;
	int rc;

	inner.how = PROTO_AS_SCALAR;
	inner.is_null = inner.is_repeated = false;
	*out = zero_of(&d, &inner);
	while ((rc = wire_next(&w, &f)) > 0)
		if (f.number == 1 && get_value(&d, &inner, &f, out) < 0)
			return -1;
	return rc < 0 ? bad(&d) : 0;
}
