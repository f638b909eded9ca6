#include "access/audit.h"
#include "base/js.h"
#include "rest/ask.h"
#include "rest/handlers.h"

static void
give_json(struct exchange *x, const struct answer *answer)
{
	exchange_json(x, 200, json_deep_copy(answer->json));
}

void
rest_offsets(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_READ_OFFSETS,
		.connector = x->param[0] };

	ask_worker(x, &spec, give_json);
}

static void
ask_altered(struct exchange *x, const struct request_spec *spec)
{
	audit_moved(x, spec->offsets);
	ask_worker(x, spec, give_json);
}

void
rest_alter_offsets(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_ALTER_OFFSETS,
		.connector = x->param[0] };
	json_t *body = exchange_object(x);

	if (body == NULL)
		return;
	spec.offsets = json_object_get(body, "offsets");
	if (json_array_size(spec.offsets) == 0)
		exchange_error(x, 400,
		    "Partitions / offsets need to be provided for an alter "
		    "offsets request");
	else
		ask_altered(x, &spec);
	json_decref(body);
}

void
rest_reset_offsets(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_RESET_OFFSETS,
		.connector = x->param[0] };

	ask_worker(x, &spec, give_json);
}

static void
sought(struct exchange *x, const struct answer *answer)
{
	if (!json_is_true(json_object_get(answer->json, "preview")))
		audit_moved(x, json_object_get(answer->json, "changes"));
	give_json(x, answer);
}

/* ?dry_run=true says what would be done. */
void
rest_seek(struct exchange *x)
{
	struct request_spec spec = { .op = REQUEST_SEEK,
		.connector = x->param[0],
		.flags =
		    exchange_query_bool(x, "dry_run") ? SEEK_PREVIEW : 0U };
	json_t *body = exchange_object(x);

	if (body == NULL)
		return;
	spec.doc = body;
	ask_worker(x, &spec, sought);
	json_decref(body);
}
