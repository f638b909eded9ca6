#include "rest/declare.h"

#include <stdlib.h>
#include <string.h>

#include "access/guard.h"
#include "access/users.h"
#include "base/text.h"
#include "config/template.h"
#include "worker/flow.h"
#include "worker/match.h"
#include "worker/worker.h"

void
declare_refuse(struct exchange *x, int status, const char *what, json_t *errors)
{
	size_t count = json_array_size(errors);
	const char **texts = ps_calloc(x->a, count + 1, sizeof *texts);
	const char *text;

	for (size_t i = 0; i < count; i++)
		texts[i] = json_string_value(json_array_get(errors, i));
	text = ps_printf(x->a, "%s: %s", what,
	    text_join(x->a, texts, count, "; "));
	exchange_json(x, status,
	    json_pack("{s:i, s:o, s:o}", "error_code", status, "message",
		js_str(text), "errors", errors));
}

void
declare_check_known(struct ps_arena *a, const json_t *body,
    const char *const *known, size_t count, json_t *errors)
{
	const json_t *value;
	const char *key;

	JS_EACH(body, key, value)
	{
		size_t i = 0;

		while (i < count && strcmp(known[i], key) != 0)
			i++;
		if (i == count && value != NULL)
			template_fault(errors, "%s is not known, expected %s",
			    key, text_join(a, known, count, ", "));
	}
}

static int
by_name(const void *x, const void *y)
{
	const char *const *a = x, *const *b = y;

	return strcmp(*a, *b);
}

const char **
declare_names(struct ps_arena *a, const json_t *all)
{
	const char **names =
	    ps_calloc(a, json_object_size(all) + 1, sizeof *names);
	const char *name;
	const json_t *one;
	size_t n = 0;

	JS_EACH(all, name, one)
	{
		names[n] = name;
		n += one != NULL;
	}
	if (n > 1)
		qsort(names, n, sizeof *names, by_name);
	return names;
}

bool
declare_owns(struct exchange *x, const char *name,
    const struct ps_config *given)
{
	const struct configs_connector *present =
	    configs_find(journal_configs(worker_journal(x->worker)), name);
	const char *owner = present == NULL ? NULL : flow_of(&present->config);
	const char *wanted = given == NULL ? NULL : flow_of(given);

	if (exchange_query_bool(x, "force"))
		return false;
	if (owner != NULL) {
		exchange_error(x, 409,
		    "Connector %s belongs to pipeline %s: change the "
		    "pipeline, or do it all the same with ?force=true",
		    name, owner);
		return true;
	}
	if (wanted != NULL) {
		exchange_error(x, 409,
		    "%s: only PUT /pipelines/%s makes a connector of that "
		    "pipeline",
		    FLOW_KEY, wanted);
		return true;
	}
	return false;
}

bool
declare_sees(const struct exchange *x, const char *pipeline)
{
	const struct configs *all = journal_configs(worker_journal(x->worker));

	for (size_t i = 0; i < configs_count(all); i++) {
		const char *owner = flow_of(&configs_at(all, i)->config);

		if (owner != NULL && strcmp(owner, pipeline) == 0 &&
		    !guard_sees(x, configs_at(all, i)))
			return false;
	}
	return true;
}

void
declare_tag(struct exchange *x, enum document_kind k)
{
	x->etag = match_tag(x->a,
	    documents_offset(worker_documents(x->worker), k, x->param[0]));
}

bool
declare_is_limited(struct exchange *x)
{
	if (x->who == NULL || x->who->labels == NULL)
		return false;
	exchange_error(x, 403,
	    "%s has rights to connectors with certain labels, templates are "
	    "everybody's",
	    x->who->name);
	return true;
}
