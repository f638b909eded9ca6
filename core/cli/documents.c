#include "cli/documents.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/js.h"
#include "base/text.h"
#include "base/xalloc.h"

const char *
cli_kind_name(enum document_is is)
{
	static const char *const names[IS_KINDS] = {
		[IS_TEMPLATE] = "template",
		[IS_CONNECTOR] = "connector",
		[IS_PIPELINE] = "pipeline",
	};

	return names[is];
}

static int
add(struct cli_documents *d, const char *path, json_t *json,
    struct ps_error *err)
{
	const char *name = js_opt_str(json, "name");
	enum document_is is =
	    json_is_array(json_object_get(json, "connectors")) ? IS_TEMPLATE
	    : json_object_get(json, "template") != NULL        ? IS_PIPELINE
							       : IS_CONNECTOR;

	if (name == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s: name is missing", path);
	if (d->count == d->room) {
		d->room = d->room * 2 + 8;
		d->items = xrealloc(d->items, d->room * sizeof *d->items);
	}
	d->items[d->count++] =
	    (struct cli_document){ is, path, name, json_incref(json) };
	return 0;
}

static int
add_file(struct cli_documents *d, const char *path, struct ps_error *err)
{
	json_error_t why;
	json_t *file = json_load_file(path, 0, &why), *one;
	int got = 0;
	size_t i;

	if (file == NULL)
		return ps_fail(err, PS_E_CONFIG, "%s: line %d: %s", path,
		    why.line, why.text);
	if (!json_is_array(file))
		got = add(d, path, file, err);
	json_array_foreach(file, i, one)
	{
		got = got != 0 ? got : add(d, path, one, err);
	}
	json_decref(file);
	return got;
}

static int
is_json_file(const struct dirent *e)
{
	return text_ends(e->d_name, ".json");
}

int
cli_documents_add(struct ps_arena *a, struct cli_documents *d, const char *path,
    struct ps_error *err)
{
	struct dirent **entries;
	struct stat st;
	int count, got = 0;

	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return add_file(d, path, err);
	count = scandir(path, &entries, is_json_file, alphasort);
	if (count < 0)
		return ps_fail(err, PS_E_CONFIG, "%s: cannot be read", path);
	for (int i = 0; i < count; i++) {
		const char *file =
		    ps_printf(a, "%s/%s", path, entries[i]->d_name);

		got = got != 0 ? got : add_file(d, file, err);
		free(entries[i]);
	}
	free(entries);
	return got;
}

void
cli_documents_free(struct cli_documents *d)
{
	for (size_t i = 0; i < d->count; i++)
		json_decref(d->items[i].json);
	free(d->items);
	*d = (struct cli_documents){ 0 };
}
