#include "letters/letter_view.h"

#include <string.h>

#include <penstock/record.h>

#include "base/js.h"
#include "base/text.h"

enum { CONTENT_MAX = 16 << 10, HEADERS_MAX = 1000 };

/* What a key, a value or a header holds. */
struct content {
	const char *data; /* NULL: null */
	size_t len;
	json_t *json;
	const char *format;
};

static bool
is_text(const struct content *c)
{
	return c->data != NULL && memchr(c->data, 0, c->len) == NULL &&
	       text_is_utf8(c->data, c->len);
}

static bool
is_container(const json_t *j)
{
	return json_is_object(j) || json_is_array(j);
}

/* Before anything is hidden: all of it. */
static struct content
content_of(const struct mask *m, struct ps_arena *a, const void *data,
    size_t len)
{
	struct content c = { .data = (const char *)data, .len = len };
	struct ps_error err = { 0 };

	c.format = "null";
	c.json = data == NULL ? json_null() : NULL;
	if (c.json != NULL)
		return c;
	if (is_text(&c))
		c.json = js_parse(c.data, len, "", &err);
	c.format = "json";
	if (is_container(c.json))
		return c;
	json_decref(c.json);
	c.json = NULL;
	c.format = "text";
	if (!is_text(&c)) {
		c.format = "base64";
		if (m->names == NULL)
			c.json = json_string(text_base64(a, data,
			    len > CONTENT_MAX ? CONTENT_MAX : len));
	} else if (!mask_may_hold(m, ps_strndup(a, c.data, len))) {
		c.json = json_stringn(c.data, len);
	}
	if (c.json == NULL)
		c.format = "hidden";
	return c;
}

/* A text of at most CONTENT_MAX bytes that does not end within a character.
 */
static json_t *
cut(const char *text)
{
	size_t len = CONTENT_MAX;

	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return json_stringn(text, len);
}

/* Members `<name>`, `<name>_format` and, when something is missing,
 * `<name>_bytes`. */
static void
put(json_t *out, struct mask *m, struct ps_arena *a, const char *name,
    struct content c)
{
	json_t *j =
	    c.json == NULL ? json_null() : mask_json(m, mask_texts(m, c.json));
	const char *format = c.format;
	bool is_cut = c.len > CONTENT_MAX;

	if (is_cut && is_container(j)) {
		char *text = js_dump(a, j);

		is_cut = strlen(text) > CONTENT_MAX;
		if (is_cut) {
			json_decref(j);
			j = cut(text);
			format = "text";
		}
	} else if (is_cut && json_is_string(j) &&
		   json_string_length(j) > CONTENT_MAX &&
		   strcmp(format, "base64") != 0) {
		json_t *whole = j;

		j = cut(json_string_value(whole));
		json_decref(whole);
	}
	(void)json_object_set_new(out, name, j);
	(void)json_object_set_new(out, ps_printf(a, "%s_format", name),
	    json_string(format));
	if (is_cut)
		(void)json_object_set_new(out, ps_printf(a, "%s_bytes", name),
		    json_integer((json_int_t)c.len));
}

static json_t *
headers_of(struct mask *m, struct ps_arena *a, const struct consumer_record *r)
{
	struct consumer_header h[HEADERS_MAX];
	size_t n = consumer_headers(r, h, HEADERS_MAX);
	json_t *list = json_array();

	for (size_t i = 0; i < n && i < HEADERS_MAX; i++) {
		json_t *one = json_object();

		if (text_starts(h[i].name, LETTERS_CONTEXT)) {
			json_decref(one);
			continue;
		}
		(void)json_object_set_new(one, "name", js_str(h[i].name));
		put(one, m, a, "value", content_of(m, a, h[i].value, h[i].len));
		(void)json_array_append_new(list, mask_json(m, one));
	}
	return list;
}

static json_t *
number(int64_t n)
{
	return n < 0 ? json_null() : json_integer((json_int_t)n);
}

static json_t *
position(const char *text)
{
	struct ps_error err = { 0 };
	json_t *j =
	    text == NULL ? NULL : js_parse(text, strlen(text), "", &err);

	return j == NULL ? json_null() : j;
}

static json_t *
original(const struct letter_context *c)
{
	json_t *out = json_pack("{s:o, s:o, s:o}", "topic", js_str(c->topic),
	    "partition", number(c->partition), "offset", number(c->offset));

	if (c->source_partition == NULL)
		return out;
	(void)json_object_set_new(out, "source_partition",
	    position(c->source_partition));
	(void)json_object_set_new(out, "source_offset",
	    position(c->source_offset));
	return out;
}

json_t *
letter_view(struct mask *m, struct ps_arena *a, const struct consumer_record *r,
    const struct letter_context *c)
{
	json_t *out = json_pack("{s:i, s:I, s:o}", "partition",
	    (int)r->partition, "offset", (json_int_t)r->offset, "timestamp",
	    number(r->timestamp == PS_NO_TIMESTAMP ? -1 : r->timestamp));

	put(out, m, a, "key", content_of(m, a, r->key, r->key_len));
	put(out, m, a, "value", content_of(m, a, r->value, r->value_len));
	(void)json_object_set_new(out, "headers", headers_of(m, a, r));
	(void)json_object_set_new(out, "original", original(c));
	(void)json_object_set_new(out, "connector", js_str(c->connector));
	(void)json_object_set_new(out, "task", number(c->task));
	(void)json_object_set_new(out, "stage", js_str(c->stage));
	(void)json_object_set_new(out, "class", js_str(c->class_name));
	(void)json_object_set_new(out, "exception", js_str(c->exception));
	(void)json_object_set_new(out, "message", js_str(c->message));
	(void)json_object_set_new(out, "replays", number(c->replays));
	return mask_json(m, out);
}
