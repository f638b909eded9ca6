#include "kafka/hidden.h"

#include <stdlib.h>
#include <string.h>

#include "base/dict.h"
#include "base/xalloc.h"

/* The last records of a key. */
struct last {
	int32_t partition;
	bool is_elsewhere; /* too: it is in two partitions */
	int64_t offset;
	int64_t settled; /* of those that hold, -1: none */
	int64_t null;    /* of those, the last without a value, -1: none */
	char *value;     /* of that, NULL: null */
	size_t value_len;
	size_t newest_len; /* of the last record, 0: none, or too long */
	char newest[HIDDEN_SHORT];
};

struct hidden {
	hidden_wants_fn *wants;
	void *ctx;
	struct dict *keys; /* struct last */
	struct hidden_record *records;
	size_t count;
};

struct hidden *
hidden_new(hidden_wants_fn *wants, void *ctx)
{
	struct hidden *h = xcalloc(1, sizeof *h);

	h->wants = wants;
	h->ctx = ctx;
	h->keys = dict_new();
	return h;
}

void
hidden_free(struct hidden **hp)
{
	struct hidden *h = *hp;

	*hp = NULL;
	if (h == NULL)
		return;
	for (const struct dict_entry *e = dict_first(h->keys); e != NULL;
	     e = dict_next(e)) {
		struct last *last = dict_value(e);

		free(last->value);
		free(last);
	}
	dict_free(&h->keys);
	free(h->records);
	free(h);
}

void
hidden_take_any(void *ctx, const struct topiclog_record *r)
{
	struct hidden *h = ctx;
	struct last *last;

	if (r->key == NULL || !h->wants(h->ctx, r->key, r->key_len))
		return;
	last = dict_get(h->keys, r->key, r->key_len);
	if (last == NULL) {
		last = xcalloc(1, sizeof *last);
		last->partition = r->partition;
		last->settled = last->null = -1;
		(void)dict_put(h->keys, r->key, r->key_len, last);
	}
	last->is_elsewhere |= r->partition != last->partition;
	last->offset = r->offset;
	last->newest_len = 0;
	if (r->value == NULL || r->value_len > HIDDEN_SHORT)
		return;
	memcpy(last->newest, r->value, r->value_len);
	last->newest_len = r->value_len;
}

void
hidden_take_settled(void *ctx, const struct topiclog_record *r)
{
	struct hidden *h = ctx;
	struct last *last =
	    r->key == NULL ? NULL : dict_get(h->keys, r->key, r->key_len);

	if (last == NULL)
		return;
	last->is_elsewhere |= r->partition != last->partition;
	last->settled = r->offset;
	if (r->value == NULL)
		last->null = r->offset;
	free(last->value);
	last->value = NULL;
	last->value_len = r->value_len;
	if (r->value != NULL && r->offset < last->offset) {
		last->value = xmalloc(r->value_len + 1);
		memcpy(last->value, r->value, r->value_len);
		last->value[r->value_len] = '\0';
	}
}

static int
by_offset(const void *a, const void *b)
{
	const struct hidden_record *x = a, *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return (x->aborted > y->aborted) - (x->aborted < y->aborted);
}

static void
collect(struct hidden *h)
{
	h->records = xcalloc(dict_count(h->keys) + 1, sizeof *h->records);
	for (const struct dict_entry *e = dict_first(h->keys); e != NULL;
	     e = dict_next(e)) {
		const struct last *last = dict_value(e);
		struct hidden_record *r = &h->records[h->count];

		if (last->is_elsewhere || last->settled >= last->offset)
			continue;
		*r = (struct hidden_record){ .value = last->value,
			.value_len = last->value_len,
			.partition = last->partition,
			.settled = last->settled,
			.aborted = last->offset,
			.newest = last->newest_len == 0 ? NULL : last->newest,
			.newest_len = last->newest_len };
		r->key = dict_key(e, &r->key_len);
		h->count++;
	}
	qsort(h->records, h->count, sizeof *h->records, by_offset);
}

size_t
hidden_count(struct hidden *h)
{
	if (h->records == NULL)
		collect(h);
	return h->count;
}

const struct hidden_record *
hidden_at(const struct hidden *h, size_t i)
{
	return &h->records[i];
}

int64_t
hidden_last_null(const struct hidden *h, const char *key)
{
	const struct last *last = dict_get_str(h->keys, key);

	return last == NULL ? -1 : last->null;
}
