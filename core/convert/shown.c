#include "convert/shown.h"

#include "base/js.h"
#include "convert/converters.h"
#include "record/batch.h"

enum { CHUNK = 4096 };

int
shown_init(struct shown *s, struct mask *m, const struct settings *settings,
    const struct ps_host *h, struct ps_error *err)
{
	s->mask = m;
	return converters_envelope(&s->json, settings, h, err);
}

void
shown_fini(struct shown *s)
{
	instance_fini(&s->json);
}

/* The text as JSON, or else as a string. */
static json_t *
parsed(const struct ps_slice *raw)
{
	struct ps_error err = { 0 };
	const char *text = (const char *)raw->data;
	json_t *j = js_parse(text, raw->len, "value", &err);

	return j != NULL ? j : json_stringn(text, raw->len);
}

/* Members `value` and `schema` of `out`. */
static void
put(const struct shown *s, json_t *out, const char *names[2],
    const struct ps_value *value, const struct ps_schema *schema)
{
	struct ps_batch *b = batch_new(CHUNK);
	struct ps_record *r = ps_batch_add(b);
	json_t *both = NULL, *payload = NULL;

	r->value = *value;
	r->value_schema = schema;
	s->json.converter.encode(s->json.state, b, &r, 1, PS_PART_VALUE);
	if (r->outcome == PS_FAILED)
		payload =
		    json_pack("{s:o}", "error", js_str(r->failure->error.text));
	else if (r->raw_value.data != NULL)
		both = parsed(&r->raw_value);
	if (payload == NULL)
		payload = json_incref(json_object_get(both, "payload"));
	(void)json_object_set_new(out, names[0],
	    payload == NULL ? json_null() : mask_texts(s->mask, payload));
	(void)json_object_set_new(out, names[1],
	    json_object_get(both, "schema") == NULL
		? json_null()
		: json_incref(json_object_get(both, "schema")));
	json_decref(both);
	batch_free(&b);
}

static json_t *
headers_of(const struct shown *s, const struct ps_record *r)
{
	static const char *names[2] = { "value", "schema" };
	json_t *list = json_array();

	for (size_t i = 0; i < r->header_count; i++) {
		const struct ps_header *h = &r->headers[i];
		json_t *one = json_object();

		(void)json_object_set_new(one, "name",
		    json_stringn(h->name, h->name_len));
		put(s, one, names, &h->value, h->schema);
		(void)json_array_append_new(list, one);
	}
	return list;
}

json_t *
shown_record(const struct shown *s, const struct ps_record *r)
{
	static const char *key[2] = { "key", "key_schema" };
	static const char *value[2] = { "value", "value_schema" };
	json_t *out =
	    json_pack("{s:o, s:o, s:o}", "topic", js_str(r->topic), "partition",
		r->partition < 0 ? json_null() : json_integer(r->partition),
		"timestamp",
		r->timestamp < 0 ? json_null() : json_integer(r->timestamp));

	put(s, out, key, &r->key, r->key_schema);
	put(s, out, value, &r->value, r->value_schema);
	(void)json_object_set_new(out, "headers", headers_of(s, r));
	return out;
}
