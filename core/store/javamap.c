#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "store/localfile.h"

/* java.io.ObjectStreamConstants */
#define TC_NULL         0x70
#define TC_REFERENCE    0x71
#define TC_ARRAY        0x75
#define TC_ENDBLOCKDATA 0x78
#define FIRST_HANDLE    UINT32_C(0x7e0000)
#define ARRAYS_FROM     3 /* map's class, map, array's class */

/* Stream header, a HashMap object with the description of its class, and
 * its load factor of 0.75. What follows is its threshold. */
static const char map_start[] =
    "\xac\xed\x00\x05\x73\x72\x00\x11java.util.HashMap"
    "\x05\x07\xda\xc1\xc3\x16\x60\xd1\x03\x00\x02\x46\x00\x0aloadFactor"
    "\x49\x00\x09threshold\x78\x70\x3f\x40\x00\x00";
/* The block of data behind the fields: capacity and size. */
static const char block_start[] = "\x77\x08";
/* The description of byte[]'s class. */
static const char array_class[] =
    "\x72\x00\x02[B\xac\xf3\x17\xf8\x06\x08\x54\xe0\x02\x00\x00\x78\x70";
static const char array_class_again[] = "\x71\x00\x7e\x00\x02";

#define LENGTH(text) (sizeof(text) - 1)

struct bytes {
	const char *data; /* NULL: null */
	uint32_t len;
};

struct reader {
	struct ps_arena *a;
	const char *start, *p, *end;
	struct bytes *arrays; /* by handle */
	size_t array_count, array_room;
	struct ps_error *err;
};

static int
broken(const struct reader *r, const char *expected)
{
	return ps_fail(r->err, PS_E_DATA,
	    "byte %zu: %s is expected, as in Java's serialization of a "
	    "HashMap<byte[], byte[]>",
	    (size_t)(r->p - r->start), expected);
}

static int
read_literal(struct reader *r, const char *text, size_t len, const char *what)
{
	if ((size_t)(r->end - r->p) < len || memcmp(r->p, text, len) != 0)
		return broken(r, what);
	r->p += len;
	return 0;
}

static int
read_int(struct reader *r, uint32_t *out)
{
	if (r->end - r->p < 4)
		return broken(r, "a number");
	memcpy(out, r->p, 4);
	*out = ntohl(*out);
	r->p += 4;
	return 0;
}

static void
remember(struct reader *r, const struct bytes *b)
{
	struct bytes *grown;

	if (r->array_count == r->array_room) {
		r->array_room = 2 * r->array_room + 64;
		grown = ps_alloc(r->a, r->array_room * sizeof *grown);
		if (r->array_count > 0)
			memcpy(grown, r->arrays,
			    r->array_count * sizeof *grown);
		r->arrays = grown;
	}
	r->arrays[r->array_count++] = *b;
}

static int
read_array(struct reader *r, struct bytes *out)
{
	bool first = r->array_count == 0;

	if (read_literal(r, first ? array_class : array_class_again,
		first ? LENGTH(array_class) : LENGTH(array_class_again),
		"the class byte[]") != 0 ||
	    read_int(r, &out->len) != 0)
		return -1;
	if ((size_t)(r->end - r->p) < out->len)
		return broken(r, "the rest of an array");
	out->data = r->p;
	r->p += out->len;
	remember(r, out);
	return 0;
}

static int
read_reference(struct reader *r, struct bytes *out)
{
	uint32_t handle = 0;

	if (read_int(r, &handle) != 0)
		return -1;
	handle -= FIRST_HANDLE + ARRAYS_FROM;
	if (handle >= r->array_count)
		return broken(r, "a handle of an array");
	*out = r->arrays[handle];
	return 0;
}

static int
read_object(struct reader *r, struct bytes *out)
{
	*out = (struct bytes){ NULL, 0 };
	if (r->p == r->end)
		return broken(r, "an array");
	switch (*r->p++) {
	case TC_NULL:
		return 0;
	case TC_ARRAY:
		return read_array(r, out);
	case TC_REFERENCE:
		return read_reference(r, out);
	default:
		r->p--;
		return broken(r, "an array");
	}
}

static int
read_pairs(struct reader *r, uint32_t count, struct store_pairs *out)
{
	struct store_pair *items;
	struct bytes key, value;
	size_t kept = 0;

	/* A pair takes two bytes at least. */
	if (count > (size_t)(r->end - r->p) / 2)
		return broken(r, "a smaller number of pairs");
	items = ps_calloc(r->a, (size_t)count + 1, sizeof *items);
	for (uint32_t i = 0; i < count; i++) {
		if (read_object(r, &key) != 0 || read_object(r, &value) != 0)
			return -1;
		if (key.data == NULL || value.data == NULL)
			continue;
		items[kept++] = (struct store_pair){ key.data, key.len,
			value.data, value.len };
	}
	*out = (struct store_pairs){ items, kept };
	return 0;
}

int
localfile_decode(struct ps_arena *a, const void *data, size_t len,
    struct store_pairs *out, struct ps_error *err)
{
	struct reader r = { .a = a, .start = data, .err = err };
	uint32_t load = 0, threshold = 0, capacity = 0, count = 0;
	static const char end[] = { TC_ENDBLOCKDATA };

	r.p = r.start;
	r.end = r.start + len;
	if (read_literal(&r, map_start, LENGTH(map_start) - 4,
		"a java.util.HashMap") != 0)
		return -1;
	if (read_int(&r, &load) != 0 || read_int(&r, &threshold) != 0)
		return -1;
	if (read_literal(&r, block_start, LENGTH(block_start),
		"capacity and size") != 0 ||
	    read_int(&r, &capacity) != 0 || read_int(&r, &count) != 0)
		return -1;
	if (read_pairs(&r, count, out) != 0)
		return -1;
	return read_literal(&r, end, sizeof end, "the end of the map");
}

static char *
put(char *p, const void *data, size_t len)
{
	memcpy(p, data, len);
	return p + len;
}

static char *
put_int(char *p, size_t n)
{
	uint32_t wire = htonl((uint32_t)n);

	return put(p, &wire, sizeof wire);
}

static char *
put_array(char *p, bool first, const char *data, size_t len)
{
	*p++ = TC_ARRAY;
	p = first ? put(p, array_class, LENGTH(array_class))
		  : put(p, array_class_again, LENGTH(array_class_again));
	p = put_int(p, len);
	return put(p, data, len);
}

/* As HashMap grows: a power of two, at most three quarters full. */
static size_t
capacity_for(size_t count)
{
	size_t capacity = 16;

	while (capacity / 4 * 3 < count)
		capacity *= 2;
	return capacity;
}

void *
localfile_encode(struct ps_arena *a, const struct store_pairs *pairs,
    size_t *len)
{
	size_t room = sizeof map_start + sizeof block_start + 13, count = 0;
	size_t capacity;
	char *data, *p;
	bool first = true;

	for (size_t i = 0; i < pairs->count; i++) {
		room += pairs->items[i].key_len + pairs->items[i].value_len +
			2 * (LENGTH(array_class) + 5);
		count += pairs->items[i].value != NULL;
	}
	capacity = capacity_for(count);
	data = ps_alloc(a, room);
	p = put(data, map_start, LENGTH(map_start));
	p = put_int(p, capacity / 4 * 3);
	p = put(p, block_start, LENGTH(block_start));
	p = put_int(p, capacity);
	p = put_int(p, count);
	for (size_t i = 0; i < pairs->count; i++) {
		const struct store_pair *pair = &pairs->items[i];

		if (pair->value == NULL)
			continue;
		p = put_array(p, first, pair->key, pair->key_len);
		p = put_array(p, false, pair->value, pair->value_len);
		first = false;
	}
	*p++ = TC_ENDBLOCKDATA;
	*len = (size_t)(p - data);
	return data;
}
