#include "cli/params.h"

#include <stdbool.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "cli/client.h"

/* The template's document; new reference, NULL: it cannot be known. */
static json_t *
template_of(struct ps_arena *a, const struct cli_documents *all,
    const json_t *pipeline)
{
	const char *name = js_opt_str(pipeline, "template");
	struct client_answer answer;
	struct ps_error err = { 0 };

	if (name == NULL)
		return NULL;
	for (size_t i = 0; i < all->count; i++)
		if (all->items[i].is == IS_TEMPLATE &&
		    strcmp(all->items[i].name, name) == 0)
			return json_incref(all->items[i].json);
	if (client_call(a, "GET",
		ps_printf(a, "/templates/%s", text_url_encode(a, name)), NULL,
		&answer, &err) != 0)
		return NULL;
	return answer.json;
}

/* Which were taken is noted in `used`. */
static void
give(const json_t *template, json_t *pipeline, const json_t *given,
    json_t *used)
{
	const json_t *known = json_object_get(template, "parameters"), *value;
	const char *name;

	if (!json_is_object(json_object_get(pipeline, "parameters")))
		(void)json_object_set_new(pipeline, "parameters",
		    json_object());
	JS_EACH(given, name, value)
	{
		if (template != NULL && json_object_get(known, name) == NULL)
			continue;
		(void)json_object_set(json_object_get(pipeline, "parameters"),
		    name, (json_t *)(uintptr_t)value);
		(void)json_object_set_new(used, name, json_true());
	}
}

static int
check_used(const json_t *given, const json_t *used, struct ps_error *err)
{
	const json_t *value;
	const char *name;

	JS_EACH(given, name, value)
	{
		if (json_object_get(used, name) == NULL && value != NULL)
			return ps_fail(err, PS_E_CONFIG,
			    "-p %s: no template of these pipelines has such a "
			    "parameter",
			    name);
	}
	return 0;
}

int
cli_params_give(struct ps_arena *a, struct cli_documents *all,
    const json_t *given, struct ps_error *err)
{
	json_t *used = json_object();
	int got;

	for (size_t i = 0; i < all->count && json_object_size(given) > 0; i++) {
		json_t *template;

		if (all->items[i].is != IS_PIPELINE)
			continue;
		template = template_of(a, all, all->items[i].json);
		give(template, all->items[i].json, given, used);
		json_decref(template);
	}
	got = check_used(given, used, err);
	json_decref(used);
	return got;
}
