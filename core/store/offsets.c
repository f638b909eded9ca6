#include "store/offsets.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/xalloc.h"

#define CHUNK         ((size_t)4096)
#define FIRST_BUCKETS 64

/* What keys are compared by: connector and partition, members sorted. */
struct entry {
	struct entry *next; /* of its bucket */
	uint64_t hash;
	char *id; /* "<connector>\0<canonical partition>" */
	size_t id_len;
	char *key; /* as in the topic */
	size_t key_len;
	char *partition; /* its text */
	char *offset;    /* NULL: reset */
	struct offsets_entry pub;
};

struct offsets {
	struct entry **buckets; /* a power of two of them */
	size_t bucket_count, count;
	struct ps_arena *a; /* of one call */
};

struct offsets *
offsets_new(void)
{
	struct offsets *o = xcalloc(1, sizeof *o);

	o->a = arena_new(CHUNK);
	o->bucket_count = FIRST_BUCKETS;
	o->buckets = xcalloc(o->bucket_count, sizeof(void *));
	return o;
}

static void
free_entry(struct entry *e)
{
	free(e->id);
	free(e->key);
	free(e->partition);
	free(e->offset);
	free(e);
}

void
offsets_free(struct offsets **op)
{
	struct offsets *o = *op;
	struct entry *e, *next;

	*op = NULL;
	if (o == NULL)
		return;
	for (size_t i = 0; i < o->bucket_count; i++)
		for (e = o->buckets[i]; e != NULL; e = next) {
			next = e->next;
			free_entry(e);
		}
	free(o->buckets);
	arena_free(&o->a);
	free(o);
}

/* FNV-1a */
static uint64_t
hash_of(const char *data, size_t len)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)data[i]) * UINT64_C(1099511628211);
	return h;
}

static void
link_entry(struct offsets *o, struct entry *e)
{
	struct entry **bucket = &o->buckets[e->hash & (o->bucket_count - 1)];

	e->next = *bucket;
	*bucket = e;
}

static void
grow(struct offsets *o)
{
	struct entry **old = o->buckets, *e, *next;
	size_t count = o->bucket_count;

	o->bucket_count *= 2;
	o->buckets = xcalloc(o->bucket_count, sizeof(void *));
	for (size_t i = 0; i < count; i++)
		for (e = old[i]; e != NULL; e = next) {
			next = e->next;
			link_entry(o, e);
		}
	free(old);
}

/* A parsed key in the arena of the call. */
struct parsed {
	const char *connector;
	char *id;
	size_t id_len;
};

static void
make_id(struct ps_arena *a, struct parsed *p, const json_t *partition)
{
	size_t name = strlen(p->connector);
	size_t len = json_dumpb(partition, NULL, 0,
	    JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

	p->id_len = name + 1 + len;
	p->id = ps_alloc(a, p->id_len + 1);
	memcpy(p->id, p->connector, name + 1);
	(void)json_dumpb(partition, p->id + name + 1, len,
	    JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	p->id[p->id_len] = '\0';
}

static struct entry *
find(const struct offsets *o, const struct parsed *p)
{
	uint64_t hash = hash_of(p->id, p->id_len);
	struct entry *e = o->buckets[hash & (o->bucket_count - 1)];

	while (e != NULL && (e->hash != hash || e->id_len != p->id_len ||
				memcmp(e->id, p->id, p->id_len) != 0))
		e = e->next;
	return e;
}

static struct entry *
add(struct offsets *o, const struct parsed *p)
{
	struct entry *e = xcalloc(1, sizeof *e);

	e->id = xmalloc(p->id_len + 1);
	memcpy(e->id, p->id, p->id_len + 1);
	e->id_len = p->id_len;
	e->hash = hash_of(p->id, p->id_len);
	if (o->count++ == o->bucket_count)
		grow(o);
	link_entry(o, e);
	return e;
}

static void
replace(char **old, size_t *old_len, const char *data, size_t len)
{
	free(*old);
	*old = data == NULL ? NULL : xstrndup(data, len);
	if (old_len != NULL)
		*old_len = len;
}

static int
check_value(const struct store_pair *r, struct ps_error *err)
{
	json_t *value;
	int result = 0;

	if (r->value == NULL)
		return 0;
	value = js_parse(r->value, r->value_len, "value of an offset", err);
	if (value == NULL)
		return -1;
	if (!json_is_object(value) && !json_is_null(value))
		result = ps_fail(err, PS_E_DATA,
		    "value of an offset: %.*s: an object is expected",
		    (int)(r->value_len < 200 ? r->value_len : 200), r->value);
	json_decref(value);
	return result;
}

int
offsets_apply(struct offsets *o, const struct store_pair *record,
    struct ps_error *err)
{
	struct parsed p = { NULL, NULL, 0 };
	json_t *partition;
	struct entry *e;
	const char *text;

	arena_reset(o->a, CHUNK);
	if (key_parse_offset(o->a, record->key, record->key_len, &p.connector,
		&partition, err) != 0)
		return -1;
	make_id(o->a, &p, partition);
	if (check_value(record, err) != 0) {
		json_decref(partition);
		return -1;
	}
	e = find(o, &p);
	if (e == NULL)
		e = add(o, &p);
	text = js_dump(o->a, partition);
	replace(&e->partition, NULL, text, strlen(text));
	json_decref(partition);
	replace(&e->key, &e->key_len, record->key, record->key_len);
	replace(&e->offset, NULL, record->value, record->value_len);
	if (e->offset != NULL && strcmp(e->offset, "null") == 0)
		replace(&e->offset, NULL, NULL, 0);
	e->pub = (struct offsets_entry){ e->id, e->partition, e->offset };
	return 0;
}

void
offsets_each(const struct offsets *o, const char *connector, offsets_fn *fn,
    void *ctx)
{
	for (size_t i = 0; i < o->bucket_count; i++)
		for (const struct entry *e = o->buckets[i]; e != NULL;
		     e = e->next)
			if (e->offset != NULL &&
			    (connector == NULL ||
				strcmp(e->id, connector) == 0))
				fn(ctx, &e->pub);
}

static void
count_one(void *ctx, const struct offsets_entry *e)
{
	(void)e;
	++*(size_t *)ctx;
}

size_t
offsets_count(const struct offsets *o, const char *connector)
{
	size_t n = 0;

	offsets_each(o, connector, count_one, &n);
	return n;
}

/* The id of a partition given as text; NULL: it is no object. */
static int
identify(struct ps_arena *a, const char *connector, const char *text,
    struct parsed *p, struct ps_error *err)
{
	json_t *j = js_parse(text, strlen(text), "source partition", err);

	if (j == NULL)
		return -1;
	if (!json_is_object(j) && !json_is_null(j)) {
		json_decref(j);
		return ps_fail(err, PS_E_DATA,
		    "source partition %.200s: an object is expected", text);
	}
	p->connector = connector;
	make_id(a, p, j);
	json_decref(j);
	return 0;
}

const char *
offsets_find(const struct offsets *o, const char *connector,
    const char *partition)
{
	const struct offsets_entry *e = offsets_known(o, connector, partition);

	return e == NULL ? NULL : e->offset;
}

const struct offsets_entry *
offsets_known(const struct offsets *o, const char *connector,
    const char *partition)
{
	struct ps_error err = { PS_OK, "" };
	const struct entry *e;
	struct parsed p = { NULL, NULL, 0 };

	arena_reset(o->a, CHUNK);
	if (identify(o->a, connector, partition, &p, &err) != 0)
		return NULL;
	e = find(o, &p);
	return e == NULL ? NULL : &e->pub;
}

int
offsets_put(const struct offsets *o, struct ps_arena *a,
    const struct offsets_entry *e, struct store_pair *out, struct ps_error *err)
{
	const struct entry *known;
	struct parsed p = { NULL, NULL, 0 };

	if (identify(a, e->connector, e->partition, &p, err) != 0)
		return -1;
	out->value = e->offset;
	out->value_len = e->offset == NULL ? 0 : strlen(e->offset);
	if (check_value(out, err) != 0)
		return -1;
	known = find(o, &p);
	if (known != NULL) {
		out->key_len = known->key_len;
		out->key = ps_strndup(a, known->key, known->key_len);
		return 0;
	}
	out->key = key_build_offset(a, e->connector, e->partition);
	out->key_len = strlen(out->key);
	return 0;
}
