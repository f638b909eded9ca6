#include "encode.h"

#include <penstock/base64.h>
#include <penstock/decimal.h>
#include <penstock/number.h>

#define MS_PER_DAY 86400000

static const char *const type_names[] = { "NULL", "INT8", "INT16", "INT32",
	"INT64", "FLOAT32", "FLOAT64", "BOOLEAN", "STRING", "BYTES", "ARRAY",
	"MAP", "STRUCT", "UNCHANGED" };

static const char *const class_names[] = { "null", "java.lang.Byte",
	"java.lang.Short", "java.lang.Integer", "java.lang.Long",
	"java.lang.Float", "java.lang.Double", "java.lang.Boolean",
	"java.lang.String", "[B", "java.util.List", "java.util.Map",
	"org.apache.kafka.connect.data.Struct", "a value that did not change" };

static void
put_int(struct out *o, int64_t i)
{
	out_need(o, PS_NUMBER_ROOM);
	o->p += ps_put_i64(o->p, i);
}

/* NaN and infinities are strings. */
static void
put_float(struct out *o, const struct ps_value *v)
{
	out_need(o, PS_NUMBER_ROOM);
	if (!isfinite(v->f)) {
		*o->p++ = '"';
		o->p += ps_put_double(o->p, v->f);
		*o->p++ = '"';
	} else if (v->type == PS_FLOAT32) {
		o->p += ps_put_float(o->p, (float)v->f);
	} else {
		o->p += ps_put_double(o->p, v->f);
	}
}

static void
put_base64(struct out *o, const uint8_t *p, size_t len)
{
	out_need(o, PS_BASE64_LEN(len) + 2);
	*o->p++ = '"';
	o->p += ps_base64_put(o->p, p, len);
	*o->p++ = '"';
}

static void
put_boolean(struct out *o, bool b)
{
	if (b)
		out_put(o, "true", 4);
	else
		out_put(o, "false", 5);
}

static int
put_decimal(struct encoder *e, const struct ps_value *v, int32_t scale)
{
	size_t len;

	if (e->decimal == JSON_DECIMAL_BASE64) {
		put_base64(&e->out, v->p, v->len);
		return 0;
	}
	if (v->len > PS_DECIMAL_BYTES)
		return ps_fail(e->err, PS_E_DATA,
		    "Decimal of %u bytes, at most %d can be written as a "
		    "number",
		    v->len, PS_DECIMAL_BYTES);
	out_need(&e->out, PS_DECIMAL_ROOM(v->len));
	len = ps_decimal_put(e->out.p, v->p, v->len, scale);
	e->out.p += len;
	return 0;
}

static int
put_time(struct encoder *e, const struct ps_value *v)
{
	if (v->i < 0 || v->i > MS_PER_DAY)
		return ps_fail(e->err, PS_E_DATA,
		    "Kafka Connect Time type should not have any date fields "
		    "set to non-zero values, found %lld ms",
		    (long long)v->i);
	put_int(&e->out, v->i);
	return 0;
}

static int
enter(struct encoder *e)
{
	if (++e->depth > JSON_MAX_DEPTH)
		return ps_fail(e->err, PS_E_DATA, "value nests deeper than %d",
		    JSON_MAX_DEPTH);
	return 0;
}

static int
wrong_type(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	static const struct {
		const char *name, *class_name;
	} logicals[] = {
		[PS_DECIMAL] = { "Decimal", "BigDecimal" },
		[PS_DATE] = { "Date", "Date" },
		[PS_TIME] = { "Time", "Date" },
		[PS_TIMESTAMP] = { "Timestamp", "Date" },
	};

	if (n->logical >= PS_DECIMAL && n->logical <= PS_TIMESTAMP)
		return ps_fail(e->err, PS_E_DATA,
		    "Invalid type for %s, expected %s but was class %s",
		    logicals[n->logical].name, logicals[n->logical].class_name,
		    class_names[v->type]);
	return ps_fail(e->err, PS_E_DATA, "Invalid type for %s: class %s",
	    type_names[n->type], class_names[v->type]);
}

static int
put_null(struct encoder *e, const struct plan_node *n)
{
	if (n->or_null.s == NULL)
		return ps_fail(e->err, PS_E_DATA,
		    "Conversion error: null value for field that is required "
		    "and has no default value");
	out_put(&e->out, n->or_null.s, n->or_null.len);
	return 0;
}

static int
put_struct(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	char *first = NULL;

	if (v->len != n->field_count)
		return ps_fail(e->err, PS_E_DATA,
		    "Mismatching schema: %u values for %zu fields", v->len,
		    n->field_count);
	for (size_t i = 0; i < n->field_count; i++) {
		const struct plan_field *f = &n->fields[i];

		if (v->items[i].type == PS_UNCHANGED)
			continue;
		out_put(&e->out, f->name.s + (first == NULL),
		    f->name.len - (first == NULL));
		first = e->out.p;
		if (encode_planned(e, &f->node, &v->items[i]) < 0)
			return -1;
	}
	return 0;
}

static int
put_items(struct encoder *e, const struct plan_node *elem,
    const struct ps_value *v)
{
	int rc = 0;

	out_char(&e->out, '[');
	for (uint32_t i = 0; i < v->len && rc == 0; i++) {
		if (i > 0)
			out_char(&e->out, ',');
		rc = elem == NULL ? encode_tagged(e, &v->items[i])
				  : encode_planned(e, elem, &v->items[i]);
	}
	out_char(&e->out, ']');
	return rc;
}

static int
put_element(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	return n == NULL ? encode_tagged(e, v) : encode_planned(e, n, v);
}

/* {"key":key,"value":value} */
static int
put_pair_object(struct encoder *e, const struct plan_node *n,
    const struct ps_pair *pair)
{
	out_put(&e->out, "{\"key\":", 7);
	if (put_element(e, n->key, &pair->key) < 0)
		return -1;
	out_put(&e->out, ",\"value\":", 9);
	if (put_element(e, n->elem, &pair->value) < 0)
		return -1;
	out_char(&e->out, '}');
	return 0;
}

/* The first field that is set; no other is written. */
static int
put_union(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	for (size_t i = 0; i < n->field_count && i < v->len; i++)
		if (v->items[i].type != PS_NULL)
			return encode_planned(e, &n->fields[i].node,
			    &v->items[i]);
	return put_null(e, n);
}

/* One pair: "key":value in an object, [key,value] in a list of pairs. */
static int
put_pair(struct encoder *e, const struct plan_node *n, bool as_object,
    const struct ps_pair *pair)
{
	const struct plan_node *elem = n == NULL ? NULL : n->elem;

	if (!as_object && n != NULL && n->pair_objects)
		return put_pair_object(e, n, pair);
	if (!as_object)
		out_char(&e->out, '[');
	if (as_object && pair->key.type == PS_STRING)
		out_string(&e->out, pair->key.s, pair->key.len);
	else if (as_object && pair->key.type == PS_NULL && n->key->optional)
		out_string(&e->out, "null", 4);
	else if (put_element(e, n == NULL ? NULL : n->key, &pair->key) < 0)
		return -1;
	out_char(&e->out, as_object ? ':' : ',');
	if (put_element(e, elem, &pair->value) < 0)
		return -1;
	if (!as_object)
		out_char(&e->out, ']');
	return 0;
}

static int
put_map(struct encoder *e, const struct plan_node *n, const struct ps_value *v)
{
	bool as_object = n == NULL || n->string_keys;

	for (uint32_t i = 0; n == NULL && i < v->len; i++)
		as_object &= v->pairs[i].key.type == PS_STRING;
	out_char(&e->out, as_object ? '{' : '[');
	for (uint32_t i = 0; i < v->len; i++) {
		if (i > 0)
			out_char(&e->out, ',');
		if (put_pair(e, n, as_object, &v->pairs[i]) < 0)
			return -1;
	}
	out_char(&e->out, as_object ? '}' : ']');
	return 0;
}

static int
put_container(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	int rc;

	if (enter(e) < 0)
		return -1;
	if (n != NULL && n->is_union) {
		rc = put_union(e, n, v);
	} else if (n != NULL && v->type == PS_STRUCT) {
		out_char(&e->out, '{');
		rc = put_struct(e, n, v);
		out_char(&e->out, '}');
	} else if (v->type == PS_ARRAY) {
		rc = put_items(e, n == NULL ? NULL : n->elem, v);
	} else {
		rc = put_map(e, n, v);
	}
	e->depth--;
	return rc;
}

static int
put_int32(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	if (n->logical == PS_TIME)
		return put_time(e, v);
	put_int(&e->out, v->i);
	return 0;
}

int
encode_planned(struct encoder *e, const struct plan_node *n,
    const struct ps_value *v)
{
	if (v->type != n->type)
		return v->type == PS_NULL ? put_null(e, n)
					  : wrong_type(e, n, v);
	switch (v->type) {
	case PS_INT8:
	case PS_INT16:
	case PS_INT64:
		put_int(&e->out, v->i);
		return 0;
	case PS_INT32:
		return put_int32(e, n, v);
	case PS_STRING:
		out_string(&e->out, v->s, v->len);
		return 0;
	case PS_BYTES:
		if (n->logical == PS_DECIMAL)
			return put_decimal(e, v, n->scale);
		put_base64(&e->out, v->p, v->len);
		return 0;
	case PS_FLOAT32:
	case PS_FLOAT64:
		put_float(&e->out, v);
		return 0;
	case PS_BOOLEAN:
		put_boolean(&e->out, v->b);
		return 0;
	case PS_ARRAY:
	case PS_MAP:
	case PS_STRUCT:
		return put_container(e, n, v);
	case PS_NULL:
	case PS_UNCHANGED:
		break;
	}
	return wrong_type(e, n, v);
}

int
encode_tagged(struct encoder *e, const struct ps_value *v)
{
	switch (v->type) {
	case PS_NULL:
		out_put(&e->out, "null", 4);
		return 0;
	case PS_INT8:
	case PS_INT16:
	case PS_INT32:
	case PS_INT64:
		put_int(&e->out, v->i);
		return 0;
	case PS_FLOAT32:
	case PS_FLOAT64:
		put_float(&e->out, v);
		return 0;
	case PS_BOOLEAN:
		put_boolean(&e->out, v->b);
		return 0;
	case PS_STRING:
		out_string(&e->out, v->s, v->len);
		return 0;
	case PS_BYTES:
		put_base64(&e->out, v->p, v->len);
		return 0;
	case PS_ARRAY:
	case PS_MAP:
		return put_container(e, NULL, v);
	case PS_STRUCT:
	case PS_UNCHANGED:
		break;
	}
	return ps_fail(e->err, PS_E_DATA,
	    "class %s does not have corresponding schema type",
	    class_names[v->type]);
}
