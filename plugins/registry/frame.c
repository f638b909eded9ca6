#include "frame.h"

#include <string.h>

/* The length of what stands before the payload, 0 and `err`: it is none. */
static size_t
head_of(const struct ps_slice *raw, struct ps_error *err)
{
	size_t len;

	if (raw->len == 0 || raw->data[0] > MAGIC_GUID) {
		(void)ps_fail(err, PS_E_DATA,
		    "Unknown magic byte! Expected 0 and the id of a schema, "
		    "found %s%02x: what wrote this does not use a schema "
		    "registry",
		    raw->len == 0 ? "nothing, " : "",
		    raw->len == 0 ? 0U : raw->data[0]);
		return 0;
	}
	len = raw->data[0] == MAGIC_ID ? HEAD_LEN : GUID_HEAD;
	if (raw->len >= len)
		return len;
	(void)ps_fail(err, PS_E_DATA,
	    "%zu bytes are too few for the id of a schema", raw->len);
	return 0;
}

/* The last of the name, as Java's; NULL: there is none. */
static const struct ps_header *
find_header(const struct ps_record *r, const char *name)
{
	const struct ps_header *h;

	for (size_t i = r->header_count; i > 0; i--) {
		h = &r->headers[i - 1];
		if (h->raw.data != NULL && h->name_len == strlen(name) &&
		    memcmp(h->name, name, h->name_len) == 0)
			return h;
	}
	return NULL;
}

static struct ps_slice
behind(const struct ps_slice *s, size_t len)
{
	return (struct ps_slice){ s->data + len, s->len - len };
}

static struct ps_slice
joined(struct ps_arena *a, struct ps_slice first, const struct ps_slice *then)
{
	uint8_t *all = (uint8_t *)ps_alloc(a, first.len + then->len + 1);

	memcpy(all, first.data, first.len);
	memcpy(all + first.len, then->data, then->len);
	return (struct ps_slice){ all, first.len + then->len };
}

/* What Protobuf has between both goes with the head. */
int
frame_split(const struct frame *f, struct ps_arena *a,
    const struct ps_record *r, struct ps_slice *head, struct ps_slice *payload,
    struct ps_error *err)
{
	const struct ps_header *h =
	    find_header(r, f->is_key ? "__key_schema_id" : "__value_schema_id");
	size_t len;

	*head = h == NULL ? *f->raw : h->raw;
	len = head_of(head, err);
	if (len == 0)
		return h == NULL ? -1
				 : ps_fail_in(err, "header %.*s",
				       (int)h->name_len, h->name);
	if (h == NULL)
		*payload = behind(f->raw, len);
	else if (f->has_indexes)
		*payload = joined(a, behind(&h->raw, len), f->raw);
	else
		*payload = *f->raw;
	return 0;
}
