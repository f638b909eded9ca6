#include "validate/versions.h"

const struct catalog_class *
versions_find(struct versions *v, const char *key, enum ps_kind kind,
    const char *name, const char *range, struct ps_error *err)
{
	if (v->count < VERSIONS_KEYS)
		v->items[v->count++] = (struct versioned){ key, kind, name };
	return catalog_find_version(v->catalog, kind, name, range, err);
}

void
versions_define(const struct versions *v, struct def_set *s)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct versioned *one = &v->items[i];
		struct ps_error err = { 0 };
		const struct catalog_class *newest =
		    catalog_find(v->catalog, one->kind, one->name, &err);

		if (newest != NULL && def_set_find(s, one->key) != NULL)
			def_set_default(s, one->key, newest->plugin->version);
	}
}

void
versions_recommend(const struct versions *v, struct def_result *r)
{
	for (size_t i = 0; i < v->count; i++) {
		const struct versioned *one = &v->items[i];
		struct def_value *value = def_result_find(r, one->key);

		if (value != NULL)
			value->recommended = catalog_versions(v->catalog,
			    one->kind, one->name, &value->recommended_count);
	}
}
