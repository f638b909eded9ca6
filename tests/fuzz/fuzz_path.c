/*
 * A topic's name, then a document: under which name the S3 sink stores it. It
 * stays below its folder, in as many levels as it should have, and whatever
 * the bytes were, each level tells them.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "record/batch.h"

#include "connectors/s3/path.c"
#include "connectors/s3/text.c"
#include "connectors/s3/zone.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIELDS = 2, LEVELS = 3 + FIELDS };

static char top[] = "topics", delim[] = "/", file_delim[] = "+";
static char extension[] = ".json", first[] = "a", second[] = "b.c";

static const struct s3_conf conf = { .topics_dir = top,
	.delim = delim,
	.file_delim = file_delim,
	.extension = extension,
	.pad = 10,
	.partitioner = BY_FIELD,
	.fields = { first, second },
	.field_count = FIELDS };

static bool
is_clean(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)s[i] < ' ' || s[i] == 0x7f || s[i] == '\\' ||
		    s[i] == '/')
			return false;
	return len > 0 && !(len == 1 && s[0] == '.') &&
	       !(len == 2 && s[0] == '.' && s[1] == '.') &&
	       text_is_utf8(s, len);
}

/* Do these bytes come back? */
static bool
tells(const char *s, size_t len, const char *want, size_t want_len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++, n++) {
		int c = (unsigned char)s[i];

		if (c == '%') {
			c = 16 * text_hex_digit(s[i + 1]) +
			    text_hex_digit(s[i + 2]);
			i += 2;
		}
		if (n == want_len || c != (unsigned char)want[n])
			return false;
	}
	return n == want_len;
}

static void
check_segment(const char *bytes, size_t len)
{
	size_t room = 3 * len + 1;
	struct str s = { .data = malloc(room), .room = room };

	assert(s.data != NULL);
	s.data[0] = '\0';
	str_segment(&s, bytes, len);
	assert(!s.full);
	assert(len == 0 || is_clean(s.data, s.len));
	assert(tells(s.data, s.len, bytes, len));
	free(s.data);
}

static void
check_key(const char *key, size_t len, const char *topic)
{
	const char *at = key, *end;
	size_t levels = 0, n;

	assert(len <= KEY_MAX);
	do {
		end = memchr(at, '/', len - (size_t)(at - key));
		n = end == NULL ? len - (size_t)(at - key) : (size_t)(end - at);
		assert(is_clean(at, n));
		if (levels == 0)
			assert(n == strlen(top) && memcmp(at, top, n) == 0);
		if (levels == 1)
			assert(tells(at, n, topic, strlen(topic)));
		levels++;
		at += n + 1;
	} while (end != NULL);
	assert(levels == LEVELS);
}

static void
store(const char *topic, const char *json, size_t len)
{
	struct ps_record r = { .topic = topic,
		.origin_topic = topic,
		.origin_partition = 7,
		.origin_offset = 42,
		.raw_value = { (const void *)json, (uint32_t)len } };
	char dir[KEY_MAX + 1] = "", key[2 * KEY_MAX] = "";
	struct str d = STR(dir), k = STR(key);
	struct ps_error err = { 0 };

	if (path_dir(&conf, &r, 0, &d, &err) != 0 || d.full) {
		assert(d.full || err.code == PS_E_DATA);
		return;
	}
	if (path_key(&conf, &r, dir, &k, &err) == 0)
		check_key(key, k.len, topic);
	else
		assert(err.code == PS_E_DATA);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size == 0 ? NULL : memchr(data, '\0', size);
	size_t n = end == NULL ? size : (size_t)(end - data);
	char *topic = strndup((const char *)data, n);
	size_t left = end == NULL ? 0 : size - n - 1;
	char *json = malloc(left + 1);

	assert(topic != NULL && json != NULL);
	memcpy(json, data + size - left, left);
	check_segment((const char *)data, size);
	if (n > 0)
		store(topic, json, left);
	free(json);
	free(topic);
	return 0;
}
