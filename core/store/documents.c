#include "store/documents.h"

#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "base/xalloc.h"

struct documents {
	json_t *all[DOCUMENT_KINDS];     /* by name */
	json_t *offsets[DOCUMENT_KINDS]; /* the same names */
};

static const char *const prefixes[DOCUMENT_KINDS] = {
	[DOCUMENT_TEMPLATE] = "template-",
	[DOCUMENT_PIPELINE] = "pipeline-",
	[DOCUMENT_UPGRADE] = "upgrade-",
};

struct documents *
documents_new(void)
{
	struct documents *d = xcalloc(1, sizeof *d);

	for (size_t i = 0; i < DOCUMENT_KINDS; i++) {
		d->all[i] = json_object();
		d->offsets[i] = json_object();
	}
	return d;
}

void
documents_free(struct documents **dp)
{
	struct documents *d = *dp;

	*dp = NULL;
	if (d == NULL)
		return;
	for (size_t i = 0; i < DOCUMENT_KINDS; i++) {
		json_decref(d->all[i]);
		json_decref(d->offsets[i]);
	}
	free(d);
}

static bool
is_sound(enum document_kind k, const json_t *doc)
{
	if (k == DOCUMENT_TEMPLATE)
		return json_array_size(json_object_get(doc, "versions")) > 0;
	if (js_opt_str(doc, "template") == NULL ||
	    js_opt_int(doc, "version", 0) <= 0)
		return false;
	return k == DOCUMENT_PIPELINE ||
	       json_is_array(json_object_get(doc, "pipelines"));
}

static int
take(struct documents *d, enum document_kind k, const char *name,
    const struct store_pair *record, int64_t offset, struct ps_error *err)
{
	json_t *doc;

	if (record->value == NULL) {
		(void)json_object_del(d->all[k], name);
		(void)json_object_del(d->offsets[k], name);
		return 0;
	}
	doc = js_parse(record->value, record->value_len, name, err);
	if (doc == NULL)
		return -1;
	if (!is_sound(k, doc)) {
		json_decref(doc);
		return ps_fail(err, PS_E_DATA, "%s%s: members are missing",
		    prefixes[k], name);
	}
	(void)json_object_set_new(d->all[k], name, doc);
	(void)json_object_set_new(d->offsets[k], name, json_integer(offset));
	return 0;
}

int
documents_apply(struct documents *d, const char *name, int64_t offset,
    const void *value, size_t len, struct ps_error *err)
{
	struct store_pair record = { .value = value, .value_len = len };

	for (size_t i = 0; i < DOCUMENT_KINDS; i++)
		if (text_starts(name, prefixes[i]))
			return take(d, (enum document_kind)i,
			    name + strlen(prefixes[i]), &record, offset, err);
	return 0;
}

const json_t *
documents_find(const struct documents *d, enum document_kind k,
    const char *name)
{
	return json_object_get(d->all[k], name);
}

int64_t
documents_offset(const struct documents *d, enum document_kind k,
    const char *name)
{
	return js_opt_int(d->offsets[k], name, -1);
}

const json_t *
documents_all(const struct documents *d, enum document_kind k)
{
	return d->all[k];
}

const json_t *
documents_template(const struct documents *d, const char *name, int64_t version)
{
	const json_t *list = json_object_get(
	    documents_find(d, DOCUMENT_TEMPLATE, name), "versions");
	const json_t *doc;

	for (size_t i = json_array_size(list); i > 0; i--) {
		doc = json_array_get(list, i - 1);
		if (version == 0 || js_opt_int(doc, "version", 0) == version)
			return doc;
	}
	return NULL;
}

bool
documents_same(const json_t *x, const json_t *y)
{
	json_t *one = json_copy((json_t *)(uintptr_t)x);
	json_t *other = json_copy((json_t *)(uintptr_t)y);
	bool same;

	(void)json_object_del(one, "version");
	(void)json_object_del(other, "version");
	same = json_equal(one, other) != 0;
	json_decref(one);
	json_decref(other);
	return same;
}

int64_t
documents_version(const struct documents *d, const json_t *doc)
{
	int64_t own = js_opt_int(doc, "version", 0);
	const char *name = js_opt_str(doc, "name");
	const json_t *newest =
	    name == NULL ? NULL : documents_template(d, name, 0);
	int64_t top = js_opt_int(newest, "version", 0);

	if (own != 0)
		return own;
	return newest != NULL && documents_same(newest, doc) ? top : top + 1;
}

struct store_pair
documents_put(struct ps_arena *a, enum document_kind k, const char *name,
    const char *value)
{
	struct key key = { KEY_PENSTOCK,
		ps_printf(a, "%s%s", prefixes[k], name), "", -1 };
	struct store_pair p = { .key = key_build(a, &key), .value = value };

	p.key_len = strlen(p.key);
	p.value_len = value == NULL ? 0 : strlen(value);
	return p;
}
