#include "pack.h"

#include <assert.h>
#include <stdlib.h>

#include <penstock/json.h>

static void *
grow(void *p, size_t *room, size_t need, size_t size)
{
	if (need <= *room)
		return p;
	*room = 2 * *room > need ? 2 * *room : need + 16;
	p = realloc(p, *room * size);
	if (p == NULL)
		abort();
	return p;
}

void
text_add(struct text *t, const char *data, size_t len)
{
	t->data = grow(t->data, &t->room, t->len + len + 1, 1);
	if (len > 0)
		memcpy(t->data + t->len, data, len);
	t->len += len;
	t->data[t->len] = '\0';
}

struct pack *
pack_new(int64_t now_ms)
{
	struct pack *p = calloc(1, sizeof *p);

	if (p == NULL)
		abort();
	p->since_ms = now_ms;
	return p;
}

void
pack_free(struct pack **pp)
{
	free((*pp)->items);
	free((*pp)->data);
	free(*pp);
	*pp = NULL;
}

static size_t
keep(struct pack *p, const void *data, size_t len)
{
	size_t at = p->len;

	p->data = grow(p->data, &p->data_room, p->len + len + 1, 1);
	if (data != NULL && len > 0)
		memcpy(p->data + p->len, data, len);
	p->len += len;
	return at;
}

/* What the JSON string at `s` says. */
static void
keep_string(struct pack *p, const char *s, size_t len)
{
	struct ps_json_cursor c = { s, s + len };
	struct ps_json v = ps_json_value(&c);
	size_t at = keep(p, NULL, len);

	p->len = at + ps_json_unescape(p->data + at, v.text, v.len);
}

/* Line breaks between a document's tokens would end its line too early. */
static void
keep_line(struct pack *p, const char *s, size_t len)
{
	size_t at = keep(p, s, len);

	if (memchr(s, '\n', len) == NULL && memchr(s, '\r', len) == NULL)
		return;
	for (size_t i = at; i < p->len; i++)
		if (p->data[i] == '\n' || p->data[i] == '\r')
			p->data[i] = ' ';
}

static int
keep_value(struct pack *p, const struct http_conf *conf, const char *s,
    size_t len, struct ps_error *err)
{
	size_t i = 0;

	while (i < len && strchr(" \t\r\n", s[i]) != NULL && s[i] != '\0')
		i++;
	while (len > i && strchr(" \t\r\n", s[len - 1]) != NULL &&
	       s[len - 1] != '\0')
		len--;
	if (i == len || (len - i == 4 && memcmp(s + i, "null", 4) == 0))
		return ps_fail(err, PS_E_DATA, "Record value must not be null");
	if (conf->format != FORMAT_AS_IS)
		keep_line(p, s, len);
	else if (s[i] == '"')
		keep_string(p, s + i, len - i);
	else if (s[i] == '{')
		(void)keep(p, s, len);
	else
		return ps_fail(err, PS_E_DATA,
		    "Record value must be a String, a Schema Struct or "
		    "implement `java.util.Map`, but %.40s is given",
		    s[i] == '['                  ? "an array"
		    : s[i] == 't' || s[i] == 'f' ? "a boolean"
						 : "a number");
	return 0;
}

static void
keep_headers(struct pack *p, struct item *it, const struct ps_consumed *r)
{
	it->headers = p->len;
	it->header_count = r->header_count;
	for (size_t i = 0; i < r->header_count; i++) {
		const struct ps_header *h = &r->headers[i];
		size_t sizes[] = { h->name_len, h->raw.len,
			h->raw.data != NULL };

		(void)keep(p, sizes, sizeof sizes);
		(void)keep(p, h->name, h->name_len);
		(void)keep(p, h->raw.data, h->raw.len);
	}
}

int
pack_add(struct pack *p, const struct http_conf *conf,
    const struct ps_record *r, struct ps_error *err)
{
	const struct ps_consumed from = ps_record_consumed(r);
	struct item it = { .offset = r->origin_offset,
		.timestamp = from.timestamp,
		.has_key = from.key.data != NULL,
		.key_len = from.key.len,
		.has_raw = from.value.data != NULL,
		.raw_len = from.value.len };
	size_t before = p->len;

	if (r->raw_value.data == NULL)
		return ps_fail(err, PS_E_DATA, "Record value must not be null");
	it.value = p->len;
	if (keep_value(p, conf, (const char *)r->raw_value.data,
		r->raw_value.len, err) != 0) {
		p->len = before;
		return -1;
	}
	it.value_len = p->len - it.value;
	it.raw = conf->format == FORMAT_AS_IS && it.value_len == it.raw_len &&
			 from.value.data == r->raw_value.data
		     ? it.value
		     : keep(p, from.value.data, from.value.len);
	it.key = keep(p, from.key.data, from.key.len);
	keep_headers(p, &it, &from);
	p->items = grow(p->items, &p->room, p->count + 1, sizeof *p->items);
	p->items[p->count++] = it;
	p->to = p->count;
	return 0;
}

void
pack_body(const struct pack *p, const struct http_conf *conf, struct text *out)
{
	const struct item *it;

	if (conf->batching)
		text_add(out, conf->prefix, strlen(conf->prefix));
	for (size_t i = p->from; i < p->to; i++) {
		it = &p->items[i];
		if (i > p->from)
			text_add(out, conf->separator, strlen(conf->separator));
		text_add(out, p->data + it->value, it->value_len);
	}
	if (conf->batching)
		text_add(out, conf->suffix, strlen(conf->suffix));
}

struct ps_record
pack_record(const struct pack *p, size_t i, const char *topic,
    int32_t partition, struct ps_header *headers)
{
	const struct item *it = &p->items[i];
	const char *at = p->data + it->headers;
	size_t sizes[3];
	struct ps_record r = { .topic = topic,
		.origin_topic = topic,
		.partition = partition,
		.origin_partition = partition,
		.origin_offset = it->offset,
		.timestamp = it->timestamp,
		.headers = headers,
		.header_count = it->header_count };

	if (it->has_key)
		r.raw_key =
		    (struct ps_slice){ (const uint8_t *)p->data + it->key,
			    it->key_len };
	if (it->has_raw)
		r.raw_value =
		    (struct ps_slice){ (const uint8_t *)p->data + it->raw,
			    it->raw_len };
	for (size_t k = 0; k < it->header_count; k++) {
		memcpy(sizes, at, sizeof sizes);
		at += sizeof sizes;
		headers[k] =
		    (struct ps_header){ .name = at, .name_len = sizes[0] };
		if (sizes[2] != 0)
			headers[k].raw =
			    (struct ps_slice){ (const uint8_t *)at + sizes[0],
				    sizes[1] };
		at += sizes[0] + sizes[1];
	}
	return r;
}

bool
pack_next(struct pack *p)
{
	assert(p->from < p->to);
	p->from = p->to;
	p->to = p->count;
	return p->from < p->count;
}

bool
pack_halve(struct pack *p)
{
	if (p->to - p->from < 2)
		return false;
	p->to = p->from + (p->to - p->from) / 2;
	return true;
}
