/*
 * Any bytes as a source's dead letter (key, value and one header, a NUL
 * between): what is taken for one is packed and unpacked as the same record.
 * Any text as people are shown it: what hides once hides no more after that,
 * and the names that make a text hidden are hidden in it.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <penstock/abi.h>

#include "base/js.h"
#include "convert/mask.h"
#include "letters/letter_form.h"
#include "record/batch.h"
#include "record/intern.h"
#include "record/value.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct ps_plugin penstock_plugin;

static struct intern *schemas;

static const struct ps_schema *
intern_draft(const struct ps_host *h, const struct ps_schema *draft)
{
	const struct ps_batch *b = (const struct ps_batch *)h->impl;

	return intern_schema(schemas, b->arena, draft);
}

static void
form_init(struct letter_form *f, struct ps_host *h)
{
	static const struct ps_setting settings[] = {
		{ "converter.type", "value" },
		{ "decimal.format", "BASE64" },
		{ "replace.null.with.default", "true" },
		{ "schemas.cache.size", "8" },
		{ "schemas.enable", "true" },
	};
	const struct ps_config c = { settings, 5 };
	const struct ps_class *class = &penstock_plugin.classes[0];
	struct ps_error err = { 0 };

	f->host = h;
	memcpy(&f->json.converter, class->ops, class->ops_size);
	f->json.state = f->json.converter.create(h, class, &c, &err);
	assert(f->json.state != NULL);
}

/* Up to the next NUL; "-" is null. */
static struct ps_slice
next(const uint8_t **p, const uint8_t *end)
{
	const uint8_t *start = *p;
	const uint8_t *nul =
	    (const uint8_t *)memchr(start, 0, (size_t)(end - start));
	struct ps_slice s = { start, 0 };

	s.len = (size_t)((nul == NULL ? end : nul) - start);
	*p = nul == NULL ? end : nul + 1;
	if (s.len == 1 && *start == '-')
		s.data = NULL;
	return s;
}

static void
alike(const struct ps_record *x, const struct ps_record *y)
{
	assert(value_equal(&x->key, &y->key));
	assert(value_equal(&x->value, &y->value));
	assert(x->key_schema == y->key_schema);
	assert(x->value_schema == y->value_schema);
	assert(x->header_count == y->header_count);
	for (size_t i = 0; i < x->header_count; i++)
		assert(value_equal(&x->headers[i].value, &y->headers[i].value));
}

static void
there_and_back(const struct letter_form *f, struct ps_batch *b,
    const uint8_t *data, size_t size)
{
	const uint8_t *p = data, *end = data + size;
	const struct letter_context c = { .topic = "t",
		.partition = -1,
		.offset = -1 };
	struct ps_record letter = { .timestamp = 1 }, first, again, packed;
	struct ps_header header = { .name = "h", .name_len = 1 };
	struct ps_error err = { 0 };

	letter.raw_key = next(&p, end);
	letter.raw_value = next(&p, end);
	header.raw = next(&p, end);
	letter.headers = &header;
	letter.header_count = 1;
	if (letter_unpack(f, b, &letter, &c, &first, &err) != 0) {
		assert(err.text[0] != '\0');
		return;
	}
	if (letter_pack(f, b, &first, &packed, &err) != 0)
		return;
	assert(letter_unpack(f, b, &packed, &c, &again, &err) == 0);
	/* A null with a default came as one, and a second time does not. */
	if (letter_pack(f, b, &again, &packed, &err) != 0)
		return;
	assert(letter_unpack(f, b, &packed, &c, &first, &err) == 0);
	alike(&first, &again);
}

static json_t *
shown(const json_t *names, json_t *j)
{
	struct redact *secrets = redact_new();
	struct ps_error err = { 0 };
	struct mask m;

	assert(mask_init(&m, names, secrets, &err) == 0);
	j = mask_json(&m, mask_texts(&m, j));
	mask_fini(&m);
	redact_free(&secrets);
	return j;
}

static void
look(const char *text, size_t size)
{
	json_t *names = json_pack("[s]", "ssn"), *once, *twice;
	json_t *j = json_stringn(text, size);

	if (j == NULL) {
		json_decref(names);
		return;
	}
	once = shown(names, j);
	twice = shown(names, json_incref(once));
	assert(json_equal(once, twice) != 0);
	json_decref(once);
	json_decref(twice);
	json_decref(names);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_batch *b = batch_new(4096);
	struct ps_host h = { .size = sizeof h,
		.impl = b,
		.intern = intern_draft };
	struct letter_form f = { 0 };

	schemas = intern_new(16);
	form_init(&f, &h);
	there_and_back(&f, b, data, size);
	f.json.converter.destroy(f.json.state);
	if (memchr(data, 0, size) == NULL)
		look((const char *)data, size);
	batch_free(&b);
	intern_free(&schemas);
	return 0;
}
