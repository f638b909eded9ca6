#include "store/revisions.h"

#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "store/stored.h"

#define PREFIX "revision-"

struct revisions {
	json_t *all; /* arrays by connector, oldest first */
};

struct revisions *
revisions_new(void)
{
	struct revisions *r = xcalloc(1, sizeof *r);

	r->all = json_object();
	return r;
}

void
revisions_free(struct revisions **rp)
{
	struct revisions *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	json_decref(r->all);
	free(r);
}

static int64_t
number_of(const json_t *doc)
{
	return js_opt_int(doc, "revision", 0);
}

const json_t *
revisions_of(const struct revisions *r, const char *connector)
{
	return json_object_get(r->all, connector);
}

const json_t *
revisions_find(const struct revisions *r, const char *connector,
    int64_t revision)
{
	const json_t *list = revisions_of(r, connector), *doc;
	size_t i;

	json_array_foreach(list, i, doc)
	{
		if (number_of(doc) == revision)
			return doc;
	}
	return NULL;
}

/* ---- reading ----------------------------------------------------------- */

static void
drop_slot(json_t *list, int64_t slot)
{
	for (size_t i = json_array_size(list); i > 0; i--)
		if (number_of(json_array_get(list, i - 1)) % REVISIONS_KEPT ==
		    slot)
			(void)json_array_remove(list, i - 1);
}

static void
insert(json_t *list, json_t *doc)
{
	size_t at = json_array_size(list);

	while (
	    at > 0 && number_of(json_array_get(list, at - 1)) > number_of(doc))
		at--;
	(void)json_array_insert_new(list, at, doc);
}

/* "<slot>-<connector>" */
static const char *
split(const char *text, int64_t *slot)
{
	const char *dash = strchr(text, '-');
	char digits[4];

	if (dash == NULL || dash == text ||
	    (size_t)(dash - text) >= sizeof digits)
		return NULL;
	memcpy(digits, text, (size_t)(dash - text));
	digits[dash - text] = '\0';
	if (text_int64(digits, 0, REVISIONS_KEPT - 1, slot) != 0)
		return NULL;
	return dash + 1;
}

static int
parse(const void *value, size_t len, int64_t slot, json_t **out,
    struct ps_error *err)
{
	*out = js_parse(value, len, "revision", err);
	if (*out == NULL)
		return -1;
	if (number_of(*out) > 0 && number_of(*out) % REVISIONS_KEPT == slot &&
	    json_is_object(json_object_get(*out, "config")))
		return 0;
	json_decref(*out);
	return ps_fail(err, PS_E_DATA,
	    "a revision of slot %lld with a config is expected",
	    (long long)slot);
}

int
revisions_apply(struct revisions *r, const char *name, const void *value,
    size_t len, struct ps_error *err)
{
	json_t *list, *doc = NULL;
	const char *connector;
	int64_t slot;

	if (!text_starts(name, PREFIX))
		return 0;
	connector = split(name + strlen(PREFIX), &slot);
	if (connector == NULL)
		return ps_fail(err, PS_E_DATA,
		    "a slot below %d and a connector are expected",
		    REVISIONS_KEPT);
	if (value != NULL && parse(value, len, slot, &doc, err) != 0)
		return -1;
	list = json_object_get(r->all, connector);
	if (list == NULL && doc == NULL)
		return 0;
	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(r->all, connector, list);
	}
	drop_slot(list, slot);
	if (doc != NULL)
		insert(list, doc);
	if (json_array_size(list) == 0)
		(void)json_object_del(r->all, connector);
	return 0;
}

/* ---- writing ----------------------------------------------------------- */

static struct store_pair
pair(struct ps_arena *a, const char *connector, int64_t slot, const char *value)
{
	struct key key = { KEY_PENSTOCK,
		ps_printf(a, PREFIX "%lld-%s", (long long)slot, connector), "",
		-1 };
	struct store_pair p = { .key = key_build(a, &key), .value = value };

	p.key_len = strlen(p.key);
	p.value_len = value == NULL ? 0 : strlen(value);
	return p;
}

static struct store_pair
put(struct ps_arena *a, const char *connector, int64_t number,
    const struct ps_config *config, const struct revision_note *note)
{
	json_t *doc = json_pack("{s:I, s:I, s:s?, s:s, s:o}", "revision",
	    (json_int_t)number, "at", (json_int_t)note->at_ms, "by", note->by,
	    "how", note->how, "config", js_from_config(config));
	const char *text = js_dump(a, doc);

	json_decref(doc);
	return pair(a, connector, number % REVISIONS_KEPT, text);
}

static bool
is_same(const json_t *doc, const struct ps_config *config)
{
	json_t *other = js_from_config(config);
	bool same = json_equal(json_object_get(doc, "config"), other) != 0;

	json_decref(other);
	return same;
}

size_t
revisions_add(const struct revisions *r, struct ps_arena *a,
    const struct revision_change *c, struct store_pair out[REVISIONS_ADDED])
{
	static const struct revision_note found = { NULL, "found", 0 };
	const json_t *list = revisions_of(r, c->connector);
	const json_t *newest = json_array_get(list, json_array_size(list) - 1);
	int64_t number = number_of(newest);
	size_t n = 0;

	if (c->before != NULL &&
	    (newest == NULL || !is_same(newest, c->before)))
		out[n++] = put(a, c->connector, ++number, c->before, &found);
	if (c->before != NULL && stored_equal(c->before, c->after))
		return n;
	out[n++] = put(a, c->connector, number + 1, c->after, &c->note);
	return n;
}

size_t
revisions_forget(const struct revisions *r, struct ps_arena *a,
    const char *connector, struct store_pair out[REVISIONS_KEPT])
{
	const json_t *list = revisions_of(r, connector), *doc;
	size_t i, n = 0;

	json_array_foreach(list, i, doc)
	{
		out[n++] =
		    pair(a, connector, number_of(doc) % REVISIONS_KEPT, NULL);
	}
	return n;
}
