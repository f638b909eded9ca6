/*
 * Any bytes as a value and as the header that may say its schema: what is
 * found is within what was given, and nothing of it gets lost. The first byte
 * says which of both there are, the second how long the header is.
 */
#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "plugins/registry/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HAS_HEADER = 1, IS_KEY = 2, HAS_INDEXES = 4, OTHER_NAME = 8 };

static void
check(const struct frame *f, const struct ps_header *h, struct ps_slice head,
    struct ps_slice payload)
{
	const struct ps_slice *from = h == NULL ? f->raw : &h->raw;
	size_t len = head.data[0] == MAGIC_ID ? HEAD_LEN : GUID_HEAD;
	size_t rest = from->len - len;

	assert(head.data == from->data && head.len == from->len);
	assert(from->len >= len && from->data[0] <= MAGIC_GUID);
	if (h == NULL) {
		assert(payload.data == f->raw->data + len);
		assert(payload.len == rest);
	} else if (f->has_indexes) {
		assert(payload.len == rest + f->raw->len);
		assert(memcmp(payload.data, from->data + len, rest) == 0);
		assert(memcmp(payload.data + rest, f->raw->data, f->raw->len) ==
		       0);
	} else {
		assert(payload.data == f->raw->data);
		assert(payload.len == f->raw->len);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ps_arena *a = arena_new(4096);
	struct ps_header h = { .name = "__value_schema_id" };
	struct ps_record r = { .headers = &h };
	struct ps_slice raw, head, payload;
	struct frame f = { .raw = &raw };
	struct ps_error err = { 0 };
	size_t cut;

	if (size >= 2) {
		f.is_key = (data[0] & IS_KEY) != 0;
		f.has_indexes = (data[0] & HAS_INDEXES) != 0;
		if (f.is_key != ((data[0] & OTHER_NAME) != 0))
			h.name = "__key_schema_id";
		h.name_len = strlen(h.name);
		r.header_count = (data[0] & HAS_HEADER) != 0;
		cut = data[1] < size - 2 ? data[1] : size - 2;
		h.raw = (struct ps_slice){ data + 2, cut };
		raw = (struct ps_slice){ data + 2 + cut, size - 2 - cut };
		if (frame_split(&f, a, &r, &head, &payload, &err) == 0)
			check(&f,
			    r.header_count == 0 || (data[0] & OTHER_NAME) != 0
				? NULL
				: &h,
			    head, payload);
		else
			assert(err.code == PS_E_DATA);
	}
	arena_free(&a);
	return 0;
}
