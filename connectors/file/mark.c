#include "mark.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FORM "1 "

size_t
mark_length(int64_t position)
{
	return position < MARK_BYTES ? (size_t)position : MARK_BYTES;
}

/* FNV-1a, 64 bits. */
static uint64_t
hash_of(const char *data, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++) {
		h ^= (unsigned char)data[i];
		h *= UINT64_C(0x100000001b3);
	}
	return h;
}

struct mark
mark_of(uint64_t inode, const char *data, size_t end)
{
	size_t len = end < MARK_BYTES ? end : MARK_BYTES;

	return (struct mark){ true, inode, hash_of(data + end - len, len) };
}

void
mark_print(const struct mark *m, char out[MARK_TEXT])
{
	(void)snprintf(out, MARK_TEXT, FORM "%" PRIu64 " %016" PRIx64, m->inode,
	    m->hash);
}

struct mark
mark_parse(const char *text, size_t len)
{
	struct mark m = { .is_set = false };
	char copy[MARK_TEXT], *end;

	if (len >= sizeof copy || len < strlen(FORM) ||
	    memcmp(text, FORM, strlen(FORM)) != 0)
		return m;
	memcpy(copy, text, len);
	copy[len] = '\0';
	m.inode = strtoull(copy + strlen(FORM), &end, 10);
	if (*end != ' ')
		return m;
	m.hash = strtoull(end + 1, &end, 16);
	m.is_set = *end == '\0';
	return m;
}
