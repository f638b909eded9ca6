#include "cli/kinds.h"

#include <string.h>

#include "base/js.h"
#include "base/text.h"

static const struct {
	const char *name, *all;
} kinds[CLI_KINDS] = {
	[CLI_CONNECTOR] = { "connector", "connectors" },
	[CLI_PIPELINE] = { "pipeline", "pipelines" },
	[CLI_TEMPLATE] = { "template", "templates" },
};

enum cli_kind
kinds_of(const char **name)
{
	for (size_t i = 0; i < CLI_KINDS; i++) {
		size_t len = strlen(kinds[i].name);

		if (text_starts(*name, kinds[i].name) && (*name)[len] == '/') {
			*name += len + 1;
			return (enum cli_kind)i;
		}
	}
	return CLI_CONNECTOR;
}

int
kinds_list(const char *name, enum cli_kind *out)
{
	for (size_t i = 0; i < CLI_KINDS; i++)
		if (strcmp(name, kinds[i].all) == 0) {
			*out = (enum cli_kind)i;
			return 0;
		}
	return -1;
}

const char *
kinds_name(enum cli_kind k)
{
	return kinds[k].name;
}

const char *
kinds_all(enum cli_kind k)
{
	return kinds[k].all;
}

char *
kinds_path(struct ps_arena *a, const char *name, const char *suffix)
{
	enum cli_kind k = kinds_of(&name);

	return ps_printf(a, "/%s/%s%s", kinds[k].all, text_url_encode(a, name),
	    suffix);
}

int
kinds_names(struct ps_arena *a, enum cli_kind k, json_t **out,
    struct ps_error *err)
{
	struct client_answer answer;
	const json_t *one;
	size_t i;

	if (client_call(a, "GET", ps_printf(a, "/%s", kinds[k].all), NULL,
		&answer, err) != 0)
		return -1;
	*out = json_array();
	json_array_foreach(answer.json, i, one)
	{
		const json_t *name =
		    json_is_object(one) ? json_object_get(one, "name") : one;

		(void)json_array_append(*out, (json_t *)(uintptr_t)name);
	}
	json_decref(answer.json);
	return 0;
}

/* ---- what is not there ------------------------------------------------- */

/* The nearest of a kind's names, or NULL. */
static const char *
nearest(struct ps_arena *a, enum cli_kind k, const char *name)
{
	struct ps_error err = { 0 };
	const char **texts, *found;
	json_t *names;
	size_t count;

	if (kinds_names(a, k, &names, &err) != 0)
		return NULL;
	count = json_array_size(names);
	texts = ps_calloc(a, count + 1, sizeof *texts);
	for (size_t i = 0; i < count; i++)
		texts[i] = json_string_value(json_array_get(names, i));
	found = text_nearest(name, texts, count);
	found = found == NULL ? NULL : ps_strdup(a, found);
	json_decref(names);
	return found;
}

/* "; did you mean pipeline/shop?", "" when nothing is near. */
static const char *
advice(struct ps_arena *a, enum cli_kind k, const char *name)
{
	const char *near = nearest(a, k, name);

	if (near != NULL && strcmp(near, name) != 0)
		return ps_printf(a, "; did you mean %s%s%s?",
		    k == CLI_CONNECTOR ? "" : kinds[k].name,
		    k == CLI_CONNECTOR ? "" : "/", near);
	for (size_t i = 0; i < CLI_KINDS; i++) {
		near = i == k ? NULL : nearest(a, (enum cli_kind)i, name);
		if (near != NULL && strcmp(near, name) == 0)
			return ps_printf(a, "; did you mean %s/%s?",
			    kinds[i].name, near);
	}
	return "";
}

int
kinds_call(struct ps_arena *a, const char *method, const char *name,
    const char *suffix, struct client_answer *out, struct ps_error *err)
{
	const char *bare = name;
	enum cli_kind k = kinds_of(&bare);
	struct ps_error said;

	if (client_call(a, method, kinds_path(a, name, suffix), NULL, out,
		err) == 0)
		return 0;
	if (out->status != 404)
		return -1;
	said = *err;
	ps_error_clear(err);
	return ps_fail(err, said.code, "%s%s", said.text, advice(a, k, bare));
}
