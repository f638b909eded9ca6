#include "plugin/partition.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/dict.h"
#include "base/xalloc.h"
#include "record/json.h"

enum { SCRATCH = 4096 };

struct partition_set {
	char *connector;
	struct ps_arena *scratch, *maps; /* maps: those asked for */
	struct dict *table;              /* by canonical */
	struct ps_source_partition *first, *last;
};

struct partition_set *
partition_set_new(const char *connector)
{
	struct partition_set *s = xcalloc(1, sizeof *s);

	s->connector = xstrdup(connector);
	s->scratch = arena_new(SCRATCH);
	s->maps = arena_new(0);
	s->table = dict_new();
	return s;
}

static void
free_partition(struct ps_source_partition *p)
{
	arena_free(&p->safe_arena);
	free(p->canonical);
	free(p->key);
	free(p->stored);
	free(p);
}

void
partition_set_free(struct partition_set **sp)
{
	struct partition_set *s = *sp;
	struct ps_source_partition *p, *next;

	if (s == NULL)
		return;
	for (p = s->first; p != NULL; p = next) {
		next = p->next;
		free_partition(p);
	}
	dict_free(&s->table);
	arena_free(&s->scratch);
	arena_free(&s->maps);
	free(s->connector);
	free(s);
	*sp = NULL;
}

static int
by_key(const void *x, const void *y)
{
	const struct ps_pair *p = (const struct ps_pair *)x;
	const struct ps_pair *q = (const struct ps_pair *)y;
	uint32_t len = p->key.len < q->key.len ? p->key.len : q->key.len;
	int order = memcmp(p->key.s, q->key.s, len);

	if (order != 0)
		return order;
	return p->key.len < q->key.len ? -1 : p->key.len > q->key.len;
}

/* The map's JSON with its members sorted; NULL without a form. */
static const char *
canonical(struct partition_set *s, const struct ps_value *map, size_t *len)
{
	struct ps_value sorted = *map;
	struct ps_pair *pairs;

	if (map->type != PS_MAP && map->type != PS_NULL)
		return NULL;
	if (map->type == PS_MAP && map->len > 1) {
		pairs = (struct ps_pair *)ps_alloc(s->scratch,
		    map->len * sizeof *pairs);
		memcpy(pairs, map->pairs, map->len * sizeof *pairs);
		for (uint32_t i = 0; i < map->len; i++)
			if (pairs[i].key.type != PS_STRING)
				return NULL;
		qsort(pairs, map->len, sizeof *pairs, by_key);
		sorted.pairs = pairs;
	}
	return value_to_json(s->scratch, &sorted, len, NULL);
}

static char *
make_key(struct partition_set *s, const struct ps_value *map)
{
	struct ps_value name = ps_text(s->connector), both[2];
	struct ps_value list;
	char *json;
	size_t len;

	both[0] = name;
	both[1] = *map;
	list = ps_array(both, 2);
	json = value_to_json(s->scratch, &list, &len, NULL);
	return json == NULL ? NULL : xstrndup(json, len);
}

static struct ps_source_partition *
find(struct partition_set *s, const struct ps_value *map)
{
	size_t len;
	const char *text = canonical(s, map, &len);

	return text == NULL ? NULL : dict_get(s->table, text, len);
}

/* Known from here on; `key` NULL: made of the map. */
static struct ps_source_partition *
intern(struct partition_set *s, const struct ps_value *map, const char *key)
{
	struct ps_source_partition *p;
	const char *text;
	size_t len;

	text = canonical(s, map, &len);
	if (text == NULL)
		return NULL;
	p = (struct ps_source_partition *)dict_get(s->table, text, len);
	if (p != NULL)
		return p;
	p = xcalloc(1, sizeof *p);
	p->canonical = xstrndup(text, len);
	p->key = key == NULL ? make_key(s, map) : xstrdup(key);
	p->safe = ps_null();
	(void)dict_put(s->table, text, len, p);
	if (s->last == NULL)
		s->first = p;
	else
		s->last->next = p;
	s->last = p;
	return p;
}

struct ps_source_partition *
partition_find(struct partition_set *s, const struct ps_value *map)
{
	struct ps_source_partition *p = intern(s, map, NULL);

	arena_reset(s->scratch, SCRATCH);
	return p;
}

void
partition_set_offset(struct ps_source_partition *p, const char *json)
{
	free(p->stored);
	p->stored = json == NULL ? NULL : xstrdup(json);
}

/* The map of the partition that the key is of. */
static int
read_key(struct partition_set *s, const char *key, size_t len,
    struct ps_value *map, struct ps_error *err)
{
	struct ps_value list;

	if (value_from_json(s->scratch, key, len, &list, err) != 0)
		return -1;
	if (list.type != PS_ARRAY || list.len != 2 ||
	    !ps_is_text(&list.items[0], s->connector) ||
	    (list.items[1].type != PS_MAP && list.items[1].type != PS_NULL))
		return ps_fail(err, PS_E_DATA,
		    "stored offset key %.*s: expected [\"%s\",{...}]", (int)len,
		    key, s->connector);
	*map = list.items[1];
	return 0;
}

static int
read_stored(struct partition_set *s, const char *key, const char *value,
    struct ps_error *err)
{
	struct ps_source_partition *p;
	struct ps_value map;

	if (read_key(s, key, strlen(key), &map, err) != 0)
		return -1;
	p = intern(s, &map, key);
	if (p == NULL)
		return ps_fail(err, PS_E_DATA,
		    "stored offset key %s: its partition has no JSON form",
		    key);
	partition_set_offset(p, value);
	return 0;
}

int
partition_set_stored(struct partition_set *s, const char *key,
    const char *value, struct ps_error *err)
{
	int result = read_stored(s, key, value, err);

	arena_reset(s->scratch, SCRATCH);
	return result;
}

bool
partition_is_key(struct partition_set *s, const char *key, size_t len,
    struct ps_source_partition **p)
{
	struct ps_value map = ps_null();
	bool is_key = read_key(s, key, len, &map, NULL) == 0;

	*p = is_key ? find(s, &map) : NULL;
	arena_reset(s->scratch, SCRATCH);
	return is_key;
}

const struct ps_value *
partition_map(struct partition_set *s, const struct ps_source_partition *p)
{
	struct ps_value *map =
	    (struct ps_value *)ps_calloc(s->maps, 1, sizeof *map);

	/* It borrows the text. */
	(void)value_from_json(s->maps, p->canonical, strlen(p->canonical), map,
	    NULL);
	return map;
}

int
partition_offset(const struct ps_source_partition *p, struct ps_arena *a,
    struct ps_value *offset)
{
	char *text;

	*offset = ps_null();
	if (p->stored == NULL)
		return 0;
	/* The value borrows the text. */
	text = ps_strdup(a, p->stored);
	if (value_from_json(a, text, strlen(text), offset, NULL) != 0)
		return 0;
	return offset->type == PS_MAP;
}

struct ps_source_partition *
partition_first(struct partition_set *s)
{
	return s->first;
}

struct ps_source_partition *
partition_next(struct ps_source_partition *p)
{
	return p->next;
}
