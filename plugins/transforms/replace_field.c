#include "prune.h"

#define PURPOSE "field replacement"

struct replace {
	struct common common;
	struct prune prune;
};

typedef void
prune_fn(struct prune *p, struct common *t, const struct path *path);

static int
read_list(struct replace *t, const struct ps_config *c, const char *key,
    prune_fn *fn, struct ps_error *err)
{
	struct names names = common_names(&t->common, c, key);
	struct path path;

	for (size_t i = 0; i < names.count; i++) {
		if (path_read(&t->common, names.items[i], path_is_nested(c),
			&path, err) < 0)
			return -1;
		fn(&t->prune, &t->common, &path);
	}
	return 0;
}

/* "a:b": a becomes b, "a.b:c": b of a becomes c of a */
static int
read_rename(struct replace *t, const char *text, bool nested,
    struct ps_error *err)
{
	char *from = common_strdup(&t->common, text);
	char *colon = strchr(from, ':');
	struct path path, to;

	if (colon == NULL || strchr(colon + 1, ':') != NULL)
		return ps_fail(err, PS_E_CONFIG, "Invalid rename mapping: %s",
		    text);
	*colon = '\0';
	if (path_read(&t->common, from, nested, &path, err) < 0 ||
	    path_read(&t->common, colon + 1, nested, &to, err) < 0)
		return -1;
	if (to.count > 1)
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid rename mapping: %s: %s is a path, a field gets "
		    "another name where it is",
		    text, colon + 1);
	prune_rename(&t->prune, &t->common, &path, &to.steps[0]);
	return 0;
}

static int
read_renames(struct replace *t, const struct ps_config *c, struct ps_error *err)
{
	struct names names = common_names(&t->common, c, "renames");

	for (size_t i = 0; i < names.count; i++)
		if (read_rename(t, names.items[i], path_is_nested(c), err) < 0)
			return ps_fail_in(err,
			    "Invalid value [%s] for configuration renames",
			    ps_config_str(c, "renames"));
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct replace *t = (struct replace *)common_new(sizeof *t, h, self, c);

	t->prune.only_text_keys = true;
	if (read_list(t, c, "include", prune_include, err) == 0 &&
	    read_list(t, c, "exclude", prune_exclude, err) == 0 &&
	    read_renames(t, c, err) == 0)
		return t;
	common_free(t);
	return NULL;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	struct replace *t = (struct replace *)state;
	struct operand o = operand_of(r, t->common.side);

	if (o.value->type == PS_NULL)
		return 0;
	if (operand_check(&o, PURPOSE, w->err) < 0)
		return -1;
	return prune_apply(&t->prune, &t->common, w, &o);
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops replace_field_ops = { create, apply,
	common_free };

const struct ps_key replace_field_keys[REPLACE_FIELD_KEYS] = {
	{ .name = "exclude",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "Fields to exclude. This takes precedence over the fields "
		   "to include." },
	{ .name = "include",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "Fields to include. If specified, only these fields will be "
		   "used." },
	{ .name = "renames",
	    .type = PS_KEY_LIST,
	    .default_value = "",
	    .importance = PS_MEDIUM,
	    .doc = "Field rename mappings: a list of old:new. "
		   "A nested field gets its new name where it is." },
	NULL_DEFAULT_KEY,
	PATH_KEY,
};
