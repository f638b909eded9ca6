#include <assert.h>
#include <stdlib.h>

#include "format.h"
#include "frame.h"
#include "http.h"
#include "lru.h"

#define FORGET_MS 10000
#define PROBE_MS  5000
#define KEY_LEN   24 /* what stands before the topic in a cache's key */
#define TOPIC_MAX 249

/* How one topic's values of one schema are written. */
struct writing {
	struct pool pool;
	const struct format *format;
	void *plan;
	uint8_t head[HEAD_LEN];
};

/* How one topic's values of one id are read. */
struct reading {
	struct pool pool;
	const struct format *format;
	void *plan;
	int32_t version; /* of the subject, for schemas that have none */
	/* The host's schema of the last draft, good for one batch. */
	const struct ps_schema *draft, *schema;
	uint64_t turn;
};

/* A cache's key: digest or id, then the topic. */
struct cache_key {
	size_t len;
	unsigned char bytes[KEY_LEN + TOPIC_MAX + 1];
};

struct converter {
	struct pool pool;
	struct registry_conf conf;
	const struct format *format;
	const void *options;
	struct client *client;
	struct lru *writings, *readings;
	uint64_t turn;
	/* Most records have topic and schema of the one before. */
	struct {
		const char *topic;
		uint64_t digest[2];
		const struct writing *w;
	} last_out;
	struct {
		const char *topic;
		uint8_t head[HEAD_LEN];
		struct reading *r;
	} last_in;
	/* What failed last: the same is not asked at once again. */
	struct cache_key bad_key;
	int64_t bad_until;
	struct ps_error bad;
};

/* What encode and decode do to one key or value. */
struct side {
	struct ps_value *value;
	const struct ps_schema **schema;
	struct ps_slice *raw;
	const char *topic;
	enum ps_stage stage;
	struct ps_slice head; /* reading: the id, where it stands */
};

static struct side
side_of(struct ps_record *r, enum ps_part part, bool reads)
{
	const char *topic =
	    reads && r->origin_topic != NULL ? r->origin_topic : r->topic;

	if (part == PS_PART_KEY)
		return (struct side){ &r->key, &r->key_schema, &r->raw_key,
			topic, PS_STAGE_KEY_CONVERTER, { NULL, 0 } };
	return (struct side){ &r->value, &r->value_schema, &r->raw_value, topic,
		PS_STAGE_VALUE_CONVERTER, { NULL, 0 } };
}

/* ---- Making and ending ---- */

static const struct format *const formats[] = {
	[FORMAT_AVRO] = &avro_format,
	[FORMAT_JSON] = &json_schema_format,
	[FORMAT_PROTOBUF] = &protobuf_format,
};

static void
writing_free(void *object)
{
	struct writing *w = (struct writing *)object;

	if (w->plan != NULL && w->format->writer_end != NULL)
		w->format->writer_end(w->plan);
	pool_fini(&w->pool);
	free(w);
}

static void
reading_free(void *object)
{
	struct reading *r = (struct reading *)object;

	if (r->plan != NULL && r->format->reader_end != NULL)
		r->format->reader_end(r->plan);
	pool_fini(&r->pool);
	free(r);
}

static void
destroy(void *state)
{
	struct converter *c = (struct converter *)state;

	lru_free(&c->writings);
	lru_free(&c->readings);
	client_free(&c->client);
	conf_fini(&c->conf);
	pool_fini(&c->pool);
	free(c);
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *config, struct ps_error *err)
{
	struct converter *c = (struct converter *)xzalloc(sizeof *c);
	struct ps_arena *a = &c->pool.arena;

	pool_init(&c->pool);
	c->format = formats[self->variant];
	if (conf_read(&c->conf, h, config, a, err) == 0)
		c->options = c->format->options(h, config, a, err);
	if (c->options == NULL) {
		destroy(c);
		return NULL;
	}
	c->conf.kind = c->format->kind;
	c->conf.cache_size =
	    (size_t)ps_config_int(config, "schemas.cache.config");
	c->client = client_new(&c->conf);
	client_differs(c->client, c->format->differs);
	c->writings = lru_new(c->conf.cache_size, writing_free);
	c->readings = lru_new(c->conf.cache_size, reading_free);
	return c;
}

static int
reconfigure(void *state, const struct ps_config *config, struct ps_error *err)
{
	struct converter *c = (struct converter *)state;

	if (conf_renew(&c->conf, config, err) != 0)
		return -1;
	client_renew(c->client);
	return 0;
}

/* ---- What was refused a moment ago ---- */

static bool
is_bad(const struct converter *c, const struct cache_key *k,
    struct ps_error *err)
{
	if (c->bad.code == PS_OK || c->bad_key.len != k->len ||
	    memcmp(c->bad_key.bytes, k->bytes, k->len) != 0 ||
	    http_now() >= c->bad_until)
		return false;
	*err = c->bad;
	return true;
}

static void
be_bad(struct converter *c, const struct cache_key *k,
    const struct ps_error *err)
{
	if (err->code != PS_E_DATA)
		return; /* an outage: the client knows when to try again */
	c->bad = *err;
	c->bad_key = *k;
	c->bad_until = http_now() + FORGET_MS;
}

static void
key_of(struct cache_key *k, const void *what, size_t len, const char *topic)
{
	size_t n = strnlen(topic, TOPIC_MAX);

	memset(k->bytes, 0, KEY_LEN);
	memcpy(k->bytes, what, len);
	memcpy(k->bytes + KEY_LEN, topic, n);
	k->len = KEY_LEN + n;
}

/* ---- Writing ---- */

/* The schema that values are written with. */
static int
writers_schema(struct converter *c, struct ps_arena *a, const char *subject,
    const char *text, struct registered *out, struct ps_error *err)
{
	const struct registered *found;

	if (!c->conf.auto_register && c->conf.use_id >= 0) {
		if (client_by_id(c->client, (int32_t)c->conf.use_id, subject,
			&found, err) < 0)
			return ps_fail_in(err, "use.schema.id=%lld",
			    (long long)c->conf.use_id);
		*out = *found;
		return 0;
	}
	if (!c->conf.auto_register && c->conf.use_latest)
		return client_latest(c->client, subject, a, out, err);
	*out = (struct registered){ .text = text };
	return client_id(c->client, subject, text, &out->id, err);
}

static bool
is_strict(const struct converter *c)
{
	if (c->conf.auto_register)
		return true;
	return c->conf.use_id >= 0  ? c->conf.id_strict
	       : c->conf.use_latest ? c->conf.latest_strict
				    : true;
}

static int
fill_writing(struct converter *c, struct writing *w, const struct side *s,
    struct ps_error *err)
{
	struct ps_arena *a = &w->pool.arena;
	const char *text, *record, *subject;
	struct registered r = { 0 };

	if (c->format->text(c->options, a, *s->schema, &text, &record, err) <
		0 ||
	    client_subject(c->client, a, s->topic, record, &subject, err) < 0 ||
	    writers_schema(c, a, subject, text, &r, err) < 0)
		return -1;
	w->plan =
	    c->format->writer(c->options, a, *s->schema, &r, is_strict(c), err);
	if (w->plan == NULL)
		return ps_fail_in(err, "subject %s", subject);
	w->head[0] = MAGIC_ID;
	for (int i = 0; i < 4; i++)
		w->head[1 + i] = (uint8_t)((uint32_t)r.id >> (24 - 8 * i));
	return 0;
}

static const struct writing *
new_writing(struct converter *c, const struct cache_key *k,
    const struct side *s, struct ps_error *err)
{
	struct writing *w;

	if (is_bad(c, k, err))
		return NULL;
	w = (struct writing *)xzalloc(sizeof *w);
	pool_init(&w->pool);
	w->format = c->format;
	if (fill_writing(c, w, s, err) < 0) {
		writing_free(w);
		(void)ps_fail_in(err,
		    "Failed to serialize %s data from topic %s",
		    c->format->title, s->topic);
		be_bad(c, k, err);
		return NULL;
	}
	lru_put(c->writings, k->bytes, k->len, w);
	return w;
}

static const struct writing *
find_writing(struct converter *c, const struct side *s, struct ps_error *err)
{
	static const uint64_t none[2];
	const uint64_t *digest =
	    *s->schema == NULL ? none : (*s->schema)->digest;
	const struct writing *w = c->last_out.w;
	struct cache_key k;

	if (w != NULL && c->last_out.topic == s->topic &&
	    c->last_out.digest[0] == digest[0] &&
	    c->last_out.digest[1] == digest[1])
		return w;
	key_of(&k, digest, sizeof none, s->topic);
	w = (const struct writing *)lru_get(c->writings, k.bytes, k.len);
	if (w == NULL)
		w = new_writing(c, &k, s, err);
	/* A topic's text may go and another come to its place: only within
	 * one batch is the pointer the topic. */
	c->last_out.topic = s->topic;
	memcpy(c->last_out.digest, digest, sizeof none);
	c->last_out.w = w;
	return w;
}

static int
encode_one(struct converter *c, struct ps_arena *a, const struct side *s,
    struct ps_error *err)
{
	const struct writing *w;
	struct bytes out;

	*s->raw = (struct ps_slice){ NULL, 0 };
	if (s->value->type == PS_NULL &&
	    (*s->schema == NULL || (*s->schema)->optional))
		return 0;
	w = find_writing(c, s, err);
	if (w == NULL)
		return -1;
	bytes_begin(&out, a);
	bytes_put(&out, w->head, HEAD_LEN);
	if (c->format->write(w->plan, &out, s->value, err) < 0)
		return ps_fail_in(err,
		    "Failed to serialize %s data from topic %s",
		    c->format->title, s->topic);
	*s->raw = bytes_end(&out);
	return 0;
}

static void
encode(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct converter *c = (struct converter *)state;
	struct ps_error err = { 0 };

	c->last_out.w = NULL;
	for (size_t i = 0; i < count; i++) {
		struct side s = side_of(records[i], part, false);

		if (encode_one(c, b->arena, &s, &err) == 0)
			continue;
		ps_record_fail(b, records[i], s.stage, c->format->java_name,
		    &err);
		ps_error_clear(&err);
	}
}

/* ---- Reading ---- */

static int
registered_of(struct converter *c, const uint8_t *head, const char *subject,
    const struct registered **out, struct ps_error *err)
{
	char guid[40];
	size_t n = 0;

	if (head[0] == MAGIC_ID)
		return client_by_id(c->client,
		    (int32_t)((uint32_t)head[1] << 24 |
			      (uint32_t)head[2] << 16 | (uint32_t)head[3] << 8 |
			      head[4]),
		    subject, out, err);
	for (int i = 1; i < GUID_HEAD; i++)
		n += (size_t)snprintf(guid + n, sizeof guid - n, "%s%02x",
		    i == 5 || i == 7 || i == 9 || i == 11 ? "-" : "", head[i]);
	return client_by_guid(c->client, guid, out, err);
}

static int
fill_reading(struct converter *c, struct reading *r, const struct side *s,
    struct ps_error *err)
{
	struct ps_arena *a = &r->pool.arena;
	bool by_topic = c->conf.strategy == SUBJECT_TOPIC;
	const char *subject = NULL, *record = NULL;
	const struct registered *found;

	if (by_topic &&
	    client_subject(c->client, a, s->topic, NULL, &subject, err) < 0)
		return -1;
	if (registered_of(c, s->head.data, subject, &found, err) < 0)
		return -1;
	r->plan = c->format->reader(c->options, a, found, err);
	if (r->plan == NULL)
		return -1;
	if (!by_topic && c->format->record_of != NULL)
		record = c->format->record_of(r->plan);
	if (!by_topic &&
	    (record == NULL || client_subject(c->client, a, s->topic, record,
				   &subject, err) < 0))
		return record == NULL ? 0 : -1;
	return client_version(c->client, subject, found, &r->version, err);
}

static struct reading *
new_reading(struct converter *c, const struct cache_key *k,
    const struct side *s, struct ps_error *err)
{
	struct reading *r;

	if (is_bad(c, k, err))
		return NULL;
	r = (struct reading *)xzalloc(sizeof *r);
	pool_init(&r->pool);
	r->format = c->format;
	if (fill_reading(c, r, s, err) < 0) {
		reading_free(r);
		(void)ps_fail_in(err,
		    "Failed to deserialize data for topic %s to %s", s->topic,
		    c->format->title);
		be_bad(c, k, err);
		return NULL;
	}
	lru_put(c->readings, k->bytes, k->len, r);
	return r;
}

static struct reading *
find_reading(struct converter *c, const struct side *s, struct ps_error *err)
{
	const uint8_t *head = s->head.data;
	struct reading *r = c->last_in.r;
	struct cache_key k;

	if (r != NULL && c->last_in.topic == s->topic && head[0] == MAGIC_ID &&
	    memcmp(c->last_in.head, head, HEAD_LEN) == 0)
		return r;
	key_of(&k, head, head[0] == MAGIC_ID ? HEAD_LEN : GUID_HEAD, s->topic);
	r = (struct reading *)lru_get(c->readings, k.bytes, k.len);
	if (r == NULL)
		r = new_reading(c, &k, s, err);
	c->last_in.topic = s->topic;
	memcpy(c->last_in.head, head, HEAD_LEN);
	c->last_in.r = r;
	return r;
}

/* The host's schema of a draft, with the subject's version if it has none;
 * asked for once a batch. */
static const struct ps_schema *
schema_of(struct converter *c, struct reading *r, const struct ps_schema *draft)
{
	struct ps_schema copy;

	if (draft == NULL)
		return NULL;
	if (r->turn == c->turn && r->draft == draft)
		return r->schema;
	copy = *draft;
	if (copy.version == 0)
		copy.version = r->version;
	r->draft = draft;
	r->schema = conf_intern(&c->conf, &copy);
	r->turn = c->turn;
	return r->schema;
}

static int
decode_one(struct converter *c, struct ps_arena *a, const struct ps_record *of,
    struct side *s, struct ps_error *err)
{
	const struct ps_schema *draft = NULL;
	const struct frame f = { s->raw, s->stage == PS_STAGE_KEY_CONVERTER,
		c->format->kind == SCHEMA_PROTOBUF };
	struct ps_slice payload;
	struct reading *r;

	*s->schema = NULL;
	*s->value = ps_null();
	if (s->raw->data == NULL)
		return 0;
	if (frame_split(&f, a, of, &s->head, &payload, err) < 0)
		return ps_fail_in(err,
		    "Failed to deserialize data for topic %s to %s", s->topic,
		    c->format->title);
	r = find_reading(c, s, err);
	if (r == NULL)
		return -1;
	if (c->format->read(r->plan, a, payload, s->value, &draft, err) < 0) {
		*s->value = ps_null();
		return ps_fail_in(err,
		    "Failed to deserialize data for topic %s to %s", s->topic,
		    c->format->title);
	}
	*s->schema = schema_of(c, r, draft);
	return 0;
}

static void
decode(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count, enum ps_part part)
{
	struct converter *c = (struct converter *)state;
	struct ps_error err = { 0 };

	c->turn++; /* schemas of the batch before are not used again */
	c->last_in.r = NULL;
	for (size_t i = 0; i < count; i++) {
		struct side s = side_of(records[i], part, true);

		if (decode_one(c, b->arena, records[i], &s, &err) == 0)
			continue;
		ps_record_fail(b, records[i], s.stage, c->format->java_name,
		    &err);
		ps_error_clear(&err);
	}
}

static bool
looks_at_headers(void *state)
{
	(void)state;
	return true;
}

/* ---- Before it runs ---- */

static void
validate(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *config, struct ps_report *rep)
{
	struct ps_error err = { 0 };
	struct converter *c = (struct converter *)create(h, self, config, &err);
	const char *key = strstr(err.text, "basic.auth.user.info") != NULL
			      ? "basic.auth.user.info"
			      : "schema.registry.url";

	if (c == NULL) {
		rep->error(rep, key, "%s", err.text);
		return;
	}
	if (client_probe(c->client, PROBE_MS, &err) < 0)
		rep->error(rep, "schema.registry.url",
		    "Invalid value %s for configuration schema.registry.url: "
		    "%s",
		    ps_config_str(config, "schema.registry.url"), err.text);
	destroy(c);
}

const struct ps_converter_ops registry_ops = {
	.create = create,
	.encode = encode,
	.decode = decode,
	.destroy = destroy,
	.reconfigure = reconfigure,
	.validate = validate,
	.headers = looks_at_headers,
};
