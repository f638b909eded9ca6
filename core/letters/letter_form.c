#include "letters/letter_form.h"

#include <string.h>

#include "base/text.h"
#include "convert/converters.h"
#include "plugin/partition.h"
#include "record/json.h"

int
letter_form_init(struct letter_form *f, const struct settings *s,
    const struct ps_host *h, struct ps_error *err)
{
	f->host = h;
	return converters_envelope(&f->json, s, h, err);
}

void
letter_form_fini(struct letter_form *f)
{
	instance_fini(&f->json);
}

/* ---- There ---- */

static int
value_out(const struct letter_form *f, struct ps_batch *b,
    const struct ps_value *v, const struct ps_schema *s, struct ps_slice *out,
    struct ps_error *err)
{
	/* JSON has no bytes: without a schema they would come back as text. */
	static const struct ps_schema bytes = { .type = PS_BYTES,
		.optional = true };
	struct ps_record *r = ps_batch_add(b);

	r->value = *v;
	r->value_schema = s == NULL && v->type == PS_BYTES
			      ? f->host->intern(f->host, &bytes)
			      : s;
	f->json.converter.encode(f->json.state, b, &r, 1, PS_PART_VALUE);
	if (r->outcome == PS_FAILED)
		return ps_fail(err, r->failure->error.code, "%s",
		    r->failure->error.text);
	*out = r->raw_value;
	return 0;
}

static struct ps_header
text_header(const char *name, const char *text)
{
	return (struct ps_header){ .name = name,
		.name_len = strlen(name),
		.raw = { (const uint8_t *)text, strlen(text) } };
}

/* Where the source would go on behind the record. */
static size_t
position_headers(struct ps_arena *a, const struct ps_record *polled,
    struct ps_header *out)
{
	struct ps_error err = { 0 };
	size_t len, n = 0;
	const char *offset;

	if (polled->source_partition == NULL)
		return 0;
	out[n++] = text_header(LETTERS_CONTEXT "source.partition",
	    ps_strdup(a, polled->source_partition->canonical));
	offset = polled->source_offset.type == PS_NULL
		     ? NULL
		     : value_to_json(a, &polled->source_offset, &len, &err);
	if (offset != NULL)
		out[n++] = text_header(LETTERS_CONTEXT "source.offset", offset);
	return n;
}

static int
headers_out(const struct letter_form *f, struct ps_batch *b,
    const struct ps_record *polled, struct ps_record *letter,
    struct ps_error *err)
{
	struct ps_header *h = (struct ps_header *)ps_calloc(b->arena,
	    polled->header_count + 2, sizeof *h);
	size_t n = polled->header_count;

	for (size_t i = 0; i < n; i++) {
		const struct ps_header *from = &polled->headers[i];

		h[i].name = from->name;
		h[i].name_len = from->name_len;
		if (value_out(f, b, &from->value, from->schema, &h[i].raw,
			err) != 0)
			return ps_fail_in(err, "header %.*s",
			    (int)from->name_len, from->name);
	}
	letter->headers = h;
	letter->header_count = n + position_headers(b->arena, polled, h + n);
	return 0;
}

int
letter_pack(const struct letter_form *f, struct ps_batch *b,
    const struct ps_record *polled, struct ps_record *letter,
    struct ps_error *err)
{
	*letter =
	    (struct ps_record){ .origin_topic =
				    polled->topic == NULL ? "" : polled->topic,
		    .origin_partition = polled->partition,
		    .origin_offset = PS_NO_OFFSET,
		    .timestamp = polled->timestamp < 0 ? PS_NO_TIMESTAMP
						       : polled->timestamp };
	if (value_out(f, b, &polled->key, polled->key_schema, &letter->raw_key,
		err) != 0)
		return ps_fail_in(err, "key");
	if (value_out(f, b, &polled->value, polled->value_schema,
		&letter->raw_value, err) != 0)
		return ps_fail_in(err, "value");
	return headers_out(f, b, polled, letter, err);
}

/* ---- And back ---- */

static int
value_in(const struct letter_form *f, struct ps_batch *b,
    const struct ps_slice *raw, struct ps_value *v, const struct ps_schema **s,
    struct ps_error *err)
{
	struct ps_record *r = ps_batch_add(b);

	r->topic = r->origin_topic = "letter";
	r->raw_value = *raw;
	f->json.converter.decode(f->json.state, b, &r, 1, PS_PART_VALUE);
	if (r->outcome == PS_FAILED)
		return ps_fail(err, r->failure->error.code, "%s",
		    r->failure->error.text);
	*v = r->value;
	*s = r->value_schema;
	return 0;
}

static bool
is_own(const struct ps_header *h)
{
	return !text_starts(h->name, LETTERS_CONTEXT) &&
	       strcmp(h->name, LETTERS_REPLAYS) != 0;
}

static int
headers_in(const struct letter_form *f, struct ps_batch *b,
    const struct ps_record *letter, struct ps_record *polled,
    struct ps_error *err)
{
	struct ps_header *h = (struct ps_header *)ps_calloc(b->arena,
	    letter->header_count + 1, sizeof *h);
	size_t n = 0;

	for (size_t i = 0; i < letter->header_count; i++) {
		const struct ps_header *from = &letter->headers[i];

		if (!is_own(from))
			continue;
		h[n].name = from->name;
		h[n].name_len = from->name_len;
		if (value_in(f, b, &from->raw, &h[n].value, &h[n].schema,
			err) != 0)
			return ps_fail_in(err, "header %s", from->name);
		n++;
	}
	polled->headers = h;
	polled->header_count = n;
	return 0;
}

static int
check_whole(const struct ps_record *letter, struct ps_error *err)
{
	for (size_t i = 0; i < letter->header_count; i++) {
		const struct ps_header *h = &letter->headers[i];

		if (strcmp(h->name, LETTERS_LEFT_OUT) == 0)
			return ps_fail(err, PS_E_DATA,
			    "the letter is without its %.*s, which its topic "
			    "did not take: there is nothing to put back",
			    (int)h->raw.len,
			    h->raw.data == NULL ? ""
						: (const char *)h->raw.data);
	}
	return 0;
}

int
letter_unpack(const struct letter_form *f, struct ps_batch *b,
    const struct ps_record *letter, const struct letter_context *c,
    struct ps_record *polled, struct ps_error *err)
{
	*polled = (struct ps_record){ .topic = c->topic,
		.partition =
		    c->partition < 0 ? PS_NO_PARTITION : (int32_t)c->partition,
		.timestamp = letter->timestamp,
		.origin_offset = PS_NO_OFFSET };
	if (check_whole(letter, err) != 0)
		return -1;
	if (value_in(f, b, &letter->raw_key, &polled->key, &polled->key_schema,
		err) != 0)
		return ps_fail_in(err, "key");
	if (value_in(f, b, &letter->raw_value, &polled->value,
		&polled->value_schema, err) != 0)
		return ps_fail_in(err, "value");
	return headers_in(f, b, letter, polled, err);
}
