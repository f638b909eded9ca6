#include "cli/args.h"

#include <string.h>

#include "base/text.h"

struct option {
	const char *name, *alias;
	/* NULL: a flag. -1: the value is wrong. */
	int (*take)(struct ps_arena *a, struct cli_args *out, const char *value,
	    struct ps_error *err);
	size_t flag; /* offset of a bool */
};

static int
take_output(struct ps_arena *a, struct cli_args *out, const char *value,
    struct ps_error *err)
{
	static const char *const names[] = {
		[CLI_TEXT] = "text",
		[CLI_JSON] = "json",
		[CLI_NAMES] = "name",
	};

	(void)a;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(value, names[i]) == 0) {
			out->output = (enum cli_output)i;
			return 0;
		}
	return ps_fail(err, PS_E_CONFIG,
	    "-o %s: text, json or name is expected", value);
}

static int
take_version(struct ps_arena *a, struct cli_args *out, const char *value,
    struct ps_error *err)
{
	(void)a;
	if (text_int64(value, 1, INT64_MAX, &out->version) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "--version %s: a whole number of at least 1 is expected",
		    value);
	return 0;
}

static int
take_param(struct ps_arena *a, struct cli_args *out, const char *value,
    struct ps_error *err)
{
	const char *equals = strchr(value, '=');

	if (equals == NULL || equals == value)
		return ps_fail(err, PS_E_CONFIG,
		    "-p %s: name=value is expected", value);
	(void)json_object_set_new(out->params,
	    ps_strndup(a, value, (size_t)(equals - value)),
	    json_string(equals + 1));
	return 0;
}

static int
take_name(struct ps_arena *a, struct cli_args *out, const char *value,
    struct ps_error *err)
{
	(void)a;
	(void)err;
	out->names[out->count++] = value;
	return 0;
}

static int
take_label(struct ps_arena *a, struct cli_args *out, const char *value,
    struct ps_error *err)
{
	(void)a;
	(void)err;
	out->label = value;
	return 0;
}

#define FLAG(member) NULL, offsetof(struct cli_args, member)

static const struct option options[] = {
	{ "-f", "--file", take_name, 0 },
	{ "-o", "--output", take_output, 0 },
	{ "-p", "--param", take_param, 0 },
	{ "-l", "--label", take_label, 0 },
	{ "--plan", "--plan", FLAG(plan) },
	{ "--prune", "--prune", FLAG(prune) },
	{ "--force", "--force", FLAG(force) },
	{ "--clean", "--clean", FLAG(clean) },
	{ "--version", "--version", take_version, 0 },
	{ "--wait", "--wait", FLAG(wait) },
};

static const struct option *
find(const char *text)
{
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (strcmp(options[i].name, text) == 0 ||
		    strcmp(options[i].alias, text) == 0)
			return &options[i];
	return NULL;
}

int
cli_args_parse(struct ps_arena *a, int count, char **texts,
    struct cli_args *out, struct ps_error *err)
{
	*out = (struct cli_args){ .params = json_object() };
	out->names = ps_calloc(a, (size_t)count + 1, sizeof *out->names);
	for (int i = 0; i < count; i++) {
		const struct option *o = find(texts[i]);

		if (o == NULL && texts[i][0] == '-')
			return ps_fail(err, PS_E_CONFIG, "%s is not known",
			    texts[i]);
		if (o == NULL) {
			(void)take_name(a, out, texts[i], err);
		} else if (o->take == NULL) {
			*(bool *)((char *)out + o->flag) = true;
		} else if (++i == count) {
			return ps_fail(err, PS_E_CONFIG,
			    "%s: a value is expected", texts[i - 1]);
		} else if (o->take(a, out, texts[i], err) != 0) {
			return -1;
		}
	}
	return 0;
}
