#include "cli/apply.h"

#include <stdio.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/documents.h"
#include "cli/params.h"
#include "cli/print.h"

struct run {
	const char *verb;
	struct ps_arena *a;
	const struct cli_args *args;
	struct cli_documents all;
	json_t *said; /* [{kind, name, result, …}] */
	bool changes, failed;
};

/* ---- what is said ------------------------------------------------------ */

static void
print_change(const json_t *c)
{
	const char *action = js_opt_str(c, "action");
	const json_t *creates = json_object_get(json_object_get(c, "topics"),
			 "creates"),
		     *one;
	size_t i;

	if (strcmp(action, "nothing") == 0)
		return;
	(void)printf("  %-12s %s (offsets: %s)\n", action,
	    js_opt_str(c, "connector"), js_opt_str(c, "offsets"));
	json_array_foreach(creates, i, one)
	{
		(void)printf("    new topic: %s\n", json_string_value(one));
	}
}

static void
say(struct run *r, enum document_is is, const char *name, const char *result,
    const json_t *plan)
{
	const json_t *changes = json_object_get(plan, "changes"), *c;
	json_t *line = json_pack("{s:s, s:s, s:s}", "kind", cli_kind_name(is),
	    "name", name, "result", result);
	size_t i;

	if (strcmp(result, "unchanged") != 0)
		r->changes = true;
	if (changes != NULL)
		(void)json_object_set_new(line, "changes",
		    json_deep_copy(changes));
	(void)json_array_append_new(r->said, line);
	if (r->args->output == CLI_JSON)
		return;
	/* A connector stands for itself, as it always did. */
	(void)printf("%s%s%s: %s\n",
	    is == IS_CONNECTOR ? "" : cli_kind_name(is),
	    is == IS_CONNECTOR ? "" : " ", name, result);
	json_array_foreach(changes, i, c)
	{
		print_change(c);
	}
}

static int
refuse(struct run *r, const char *where, const struct ps_error *err)
{
	(void)fprintf(stderr, "penstock %s: %s: %s\n", r->verb, where,
	    err->text);
	r->failed = true;
	return -1;
}

/* ---- one document ------------------------------------------------------ */

static char *
url(struct ps_arena *a, const char *kind, const char *name, const char *suffix)
{
	return ps_printf(a, "/%s/%s%s", kind, text_url_encode(a, name), suffix);
}

/* What is there, or NULL: nothing. -1: it cannot be asked. */
static int
present(struct run *r, const char *path, json_t **out, struct ps_error *err)
{
	struct client_answer answer;

	*out = NULL;
	if (client_call(r->a, "GET", path, NULL, &answer, err) == 0) {
		*out = answer.json;
		return 0;
	}
	if (answer.status != 404)
		return -1;
	ps_error_clear(err);
	return 0;
}

static bool
same_template(const json_t *x, const json_t *y)
{
	json_t *one = json_copy((json_t *)(uintptr_t)x);
	json_t *other = json_copy((json_t *)(uintptr_t)y);
	bool same;

	(void)json_object_del(one, "version");
	if (json_object_get(y, "version") != NULL &&
	    js_opt_int(x, "version", 0) != js_opt_int(y, "version", 0))
		(void)json_object_set_new(one, "version", json_null());
	(void)json_object_del(other, "version");
	same = json_equal(one, other) != 0;
	json_decref(one);
	json_decref(other);
	return same;
}

static int
apply_template(struct run *r, const struct cli_document *d,
    struct ps_error *err)
{
	const char *path = url(r->a, "templates", d->name, "");
	struct client_answer answer = { 0 };
	json_t *now;
	const char *result;

	if (present(r, path, &now, err) != 0)
		return -1;
	result = now == NULL                   ? "created"
		 : same_template(now, d->json) ? "unchanged"
					       : "updated";
	json_decref(now);
	if (!r->args->plan && strcmp(result, "unchanged") != 0 &&
	    client_call(r->a, "PUT", path, d->json, &answer, err) != 0)
		return -1;
	json_decref(answer.json);
	say(r, IS_TEMPLATE, d->name, result, NULL);
	return 0;
}

static bool
same_config(struct ps_arena *a, const json_t *now, const json_t *config,
    const char *name)
{
	struct ps_config wanted;
	struct ps_error err = { 0 };
	json_t *texts;
	bool same;

	if (now == NULL || js_to_config(a, config, &wanted, &err) != 0)
		return false;
	texts = js_from_config(&wanted);
	(void)json_object_set_new(texts, "name", js_str(name));
	same = json_equal(now, texts) != 0;
	json_decref(texts);
	return same;
}

static int
apply_connector(struct run *r, const struct cli_document *d,
    struct ps_error *err)
{
	const char *path = url(r->a, "connectors", d->name, "/config");
	const json_t *config = json_object_get(d->json, "config");
	struct client_answer answer = { 0 };
	const char *result;
	json_t *now;

	if (!json_is_object(config))
		config = d->json;
	if (present(r, path, &now, err) != 0)
		return -1;
	result = now == NULL                               ? "created"
		 : same_config(r->a, now, config, d->name) ? "unchanged"
							   : "configured";
	json_decref(now);
	if (r->args->force)
		path = ps_printf(r->a, "%s?force=true", path);
	if (!r->args->plan && strcmp(result, "unchanged") != 0 &&
	    client_call(r->a, "PUT", path, config, &answer, err) != 0)
		return -1;
	json_decref(answer.json);
	say(r, IS_CONNECTOR, d->name, result, NULL);
	return 0;
}

/* The template that is applied with it, while it is not stored. */
static json_t *
document_of(const struct run *r, const char *template)
{
	for (size_t i = 0; i < r->all.count; i++)
		if (r->all.items[i].is == IS_TEMPLATE && template != NULL &&
		    strcmp(r->all.items[i].name, template) == 0)
			return r->all.items[i].json;
	return NULL;
}

static int
get_plan(struct run *r, const struct cli_document *d,
    struct client_answer *answer, struct ps_error *err)
{
	json_t *want = json_deep_copy(d->json);
	json_t *doc = document_of(r, js_opt_str(want, "template"));
	int got;

	if (r->args->plan && doc != NULL)
		(void)json_object_set(want, "document", doc);
	got = client_call(r->a, "POST",
	    r->args->force ? "/plan?force=true" : "/plan", want, answer, err);
	json_decref(want);
	return got;
}

static const char *
result_of(const json_t *plan)
{
	if (json_is_true(json_object_get(plan, "empty")))
		return "unchanged";
	return strcmp(js_opt_str(plan, "pipeline"), "create") == 0 ? "created"
								   : "updated";
}

static int
apply_pipeline(struct run *r, const struct cli_document *d,
    struct ps_error *err)
{
	struct client_answer plan, answer = { 0 };
	const char *result, *path;
	int got = 0;

	if (get_plan(r, d, &plan, err) != 0)
		return -1;
	result = result_of(plan.json);
	path = ps_printf(r->a, "%s?plan=%s%s",
	    url(r->a, "pipelines", d->name, ""), js_opt_str(plan.json, "plan"),
	    r->args->force ? "&force=true" : "");
	if (!r->args->plan && strcmp(result, "unchanged") != 0)
		got = client_call(r->a, "PUT", path, d->json, &answer, err);
	if (got == 0)
		say(r, IS_PIPELINE, d->name, result, plan.json);
	json_decref(answer.json);
	json_decref(plan.json);
	return got;
}

/* ---- what is named nowhere --------------------------------------------- */

static bool
is_declared(const struct run *r, const char *name)
{
	for (size_t i = 0; i < r->all.count; i++)
		if (r->all.items[i].is == IS_PIPELINE &&
		    strcmp(r->all.items[i].name, name) == 0)
			return true;
	return false;
}

static int
prune(struct run *r)
{
	struct client_answer list, answer = { 0 };
	struct ps_error err = { 0 };
	const json_t *one;
	size_t i;

	if (client_call(r->a, "GET", "/pipelines", NULL, &list, &err) != 0)
		return refuse(r, "--prune", &err);
	json_array_foreach(list.json, i, one)
	{
		const char *name = js_opt_str(one, "name");

		if (is_declared(r, name))
			continue;
		if (!r->args->plan && client_call(r->a, "DELETE",
					  url(r->a, "pipelines", name, ""),
					  NULL, &answer, &err) != 0) {
			(void)refuse(r, name, &err);
			ps_error_clear(&err);
			continue;
		}
		say(r, IS_PIPELINE, name, "deleted", NULL);
	}
	json_decref(list.json);
	return 0;
}

/* ---- all of them ------------------------------------------------------- */

typedef int
apply_fn(struct run *r, const struct cli_document *d, struct ps_error *err);

static void
each(struct run *r, enum document_is is, apply_fn *fn)
{
	for (size_t i = 0; i < r->all.count; i++) {
		const struct cli_document *d = &r->all.items[i];
		struct ps_error err = { 0 };

		if (d->is == is && fn(r, d, &err) != 0)
			(void)refuse(r, d->path, &err);
	}
}

/* -1: nothing is to be done. */
static int
read_all(struct run *r)
{
	struct ps_error wrong = { 0 };

	for (size_t i = 0; i < r->args->count; i++) {
		struct ps_error err = { 0 };

		if (cli_documents_add(r->a, &r->all, r->args->names[i], &err) !=
		    0) {
			(void)fprintf(stderr, "penstock %s: %s\n", r->verb,
			    err.text);
			r->failed = true;
		}
	}
	if (cli_params_give(r->a, &r->all, r->args->params, &wrong) == 0)
		return 0;
	(void)fprintf(stderr, "penstock %s: %s\n", r->verb, wrong.text);
	r->failed = true;
	return -1;
}

static int
finish(struct run *r)
{
	if (r->args->output == CLI_JSON)
		print_json(r->said);
	json_decref(r->said);
	cli_documents_free(&r->all);
	if (r->failed)
		return CLI_REFUSED;
	return r->args->plan && r->changes ? CLI_CHANGES : CLI_DONE;
}

int
cli_apply(struct ps_arena *a, const struct cli_args *args)
{
	static apply_fn *const fns[IS_KINDS] = {
		[IS_TEMPLATE] = apply_template,
		[IS_CONNECTOR] = apply_connector,
		[IS_PIPELINE] = apply_pipeline,
	};
	struct run r = { .verb = "apply",
		.a = a,
		.args = args,
		.said = json_array() };

	if (read_all(&r) != 0)
		return finish(&r);
	for (size_t i = 0; i < IS_KINDS; i++)
		each(&r, (enum document_is)i, fns[i]);
	/* After a failure nobody knows what is declared. */
	if (args->prune && !r.failed)
		(void)prune(&r);
	return finish(&r);
}

/* ---- only checked ------------------------------------------------------ */

static int
check_template(struct run *r, const struct cli_document *d,
    struct ps_error *err)
{
	struct client_answer answer;

	if (client_call(r->a, "PUT",
		url(r->a, "templates", d->name, "?validate=true"), d->json,
		&answer, err) != 0)
		return -1;
	json_decref(answer.json);
	say(r, IS_TEMPLATE, d->name, "valid", NULL);
	return 0;
}

static void
print_faults(const char *path, const json_t *result)
{
	const json_t *list = json_object_get(result, "configs"), *one, *text;
	size_t i, k;

	json_array_foreach(list, i, one)
	{
		const json_t *value = json_object_get(one, "value");

		json_array_foreach(json_object_get(value, "errors"), k, text)
		{
			(void)fprintf(stderr, "%s: %s: %s\n", path,
			    js_opt_str(value, "name"), json_string_value(text));
		}
	}
}

static int
check_connector(struct run *r, const struct cli_document *d,
    struct ps_error *err)
{
	const json_t *given = json_object_get(d->json, "config");
	json_t *config = json_is_object(given) ? json_deep_copy(given)
					       : json_deep_copy(d->json);
	const char *class = js_opt_str(config, "connector.class");
	struct client_answer answer = { 0 };
	int got;

	(void)json_object_set_new(config, "name", js_str(d->name));
	got =
	    class == NULL
		? ps_fail(err, PS_E_CONFIG, "connector.class is missing")
		: client_call(r->a, "PUT",
		      url(r->a, "connector-plugins", class, "/config/validate"),
		      config, &answer, err);
	json_decref(config);
	if (got != 0)
		return -1;
	if (js_opt_int(answer.json, "error_count", 0) > 0) {
		print_faults(d->path, answer.json);
		r->failed = true;
	} else {
		say(r, IS_CONNECTOR, d->name, "valid", NULL);
	}
	json_decref(answer.json);
	return 0;
}

static int
check_pipeline(struct run *r, const struct cli_document *d,
    struct ps_error *err)
{
	struct client_answer plan;

	if (get_plan(r, d, &plan, err) != 0)
		return -1;
	say(r, IS_PIPELINE, d->name, "valid", NULL);
	json_decref(plan.json);
	return 0;
}

int
cli_validate(struct ps_arena *a, const struct cli_args *args)
{
	static apply_fn *const fns[IS_KINDS] = {
		[IS_TEMPLATE] = check_template,
		[IS_CONNECTOR] = check_connector,
		[IS_PIPELINE] = check_pipeline,
	};
	struct cli_args all = *args;
	struct run r = { .verb = "validate",
		.a = a,
		.args = &all,
		.said = json_array() };

	all.plan = true; /* with templates that are not stored */
	if (read_all(&r) != 0)
		return finish(&r);
	for (size_t i = 0; i < IS_KINDS; i++)
		each(&r, (enum document_is)i, fns[i]);
	r.changes = false;
	return finish(&r);
}
