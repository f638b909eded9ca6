#include "cli/places.h"

#include <stdio.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/print.h"

/* A number or a list as such, all else as text. */
static json_t *
value_of(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	return value != NULL ? value : json_string(text);
}

static json_t *
place_of(const struct cli_args *args)
{
	json_t *place = json_object();
	const char *name;
	const json_t *value;

	JS_EACH(args->params, name, value)
	{
		(void)json_object_set_new(place, name,
		    value_of(json_string_value(value)));
	}
	return place;
}

static void
print_change(struct ps_arena *a, const json_t *change)
{
	const char *to = js_dump(a, json_object_get(change, "to"));

	(void)printf("  %s: %s -> %s\n",
	    js_dump(a, json_object_get(change, "partition")),
	    js_dump(a, json_object_get(change, "from")), to);
}

static void
print_sought(struct ps_arena *a, const json_t *answer, bool as_json)
{
	const json_t *list = json_object_get(answer, "changes"), *one;
	const json_t *undo = json_object_get(answer, "undo");
	bool preview = json_is_true(json_object_get(answer, "preview"));
	size_t i;

	if (as_json) {
		print_json(answer);
		return;
	}
	(void)printf("%s: %s\n", js_opt_str(answer, "name"),
	    preview ? "would be moved" : "moved");
	json_array_foreach(list, i, one)
	{
		print_change(a, one);
	}
	(void)printf("  undo: -p offsets='%s'\n",
	    js_dump(a, json_object_get(undo, "offsets")));
}

int
cli_seek(struct ps_arena *a, const struct cli_args *args)
{
	json_t *place = place_of(args);
	int code = CLI_DONE;

	for (size_t i = 0; i < args->count; i++) {
		const char *path = ps_printf(a, "/connectors/%s/seek%s",
		    text_url_encode(a, args->names[i]),
		    args->plan ? "?dry_run=true" : "");
		struct ps_error err = { 0 };
		struct client_answer answer;

		if (client_call(a, "POST", path, place, &answer, &err) == 0) {
			print_sought(a, answer.json, args->output == CLI_JSON);
			json_decref(answer.json);
			continue;
		}
		(void)fprintf(stderr, "penstock seek: %s\n", err.text);
		code = CLI_REFUSED;
	}
	json_decref(place);
	return code;
}

int
cli_revert(struct ps_arena *a, const struct cli_args *args)
{
	const char *to = js_opt_str(args->params, "revision");
	int code = CLI_DONE;

	if (to == NULL) {
		(void)fprintf(stderr,
		    "penstock revert: -p revision=N is missing\n");
		return CLI_USAGE;
	}
	for (size_t i = 0; i < args->count; i++) {
		const char *path = ps_printf(a,
		    "/connectors/%s/revisions/%s/rollback",
		    text_url_encode(a, args->names[i]), text_url_encode(a, to));
		struct ps_error err = { 0 };
		struct client_answer answer;

		if (client_call(a, "POST", path, NULL, &answer, &err) == 0) {
			if (args->output == CLI_JSON)
				print_json(answer.json);
			else
				(void)printf("%s: back to revision %s\n",
				    args->names[i], to);
			json_decref(answer.json);
			continue;
		}
		(void)fprintf(stderr, "penstock revert: %s\n", err.text);
		code = CLI_REFUSED;
	}
	return code;
}
