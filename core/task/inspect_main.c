#include <stdlib.h>
#include <string.h>

#include "base/js.h"
#include "child/child.h"
#include "child/paths.h"
#include "child/roles.h"
#include "child/settings.h"
#include "config/def.h"
#include "plugin/guard.h"
#include "plugin/host.h"
#include "plugin/load.h"

enum { REQUEST_MS = 60000 };

struct inspection {
	struct settings settings;
	struct host *host;
	const struct child *child;
};

static json_t *
strings(const char *const *list)
{
	json_t *out = json_array();

	for (; list != NULL && *list != NULL; list++)
		(void)json_array_append_new(out, json_string(*list));
	return out;
}

static json_t *
keys_json(const struct ps_class *class)
{
	json_t *out = json_array();

	for (size_t i = 0; i < class->key_count; i++)
		if ((class->keys[i].flags & (PS_INTERNAL | PS_REMOVED)) == 0)
			(void)json_array_append_new(out,
			    def_key_json(&class->keys[i]));
	return out;
}

/* {"<key>": "value", "list" or "set"}: what stored positions are about. */
static json_t *
places_json(const struct ps_class *class)
{
	json_t *out = json_object();

	for (size_t i = 0; i < class->key_count; i++) {
		const struct ps_key *key = &class->keys[i];
		const char *how = (key->flags & PS_PLACE_IF_SET) != 0 ? "set"
				  : key->type == PS_KEY_LIST          ? "list"
								      : "value";

		if ((key->flags & (PS_PLACE | PS_PLACE_IF_SET)) != 0)
			(void)json_object_set_new(out, key->name,
			    json_string(how));
	}
	return out;
}

static json_t *
class_json(const struct catalog_class *c)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}",
	    "class", catalog_java_name(c->class), "name", c->class->name,
	    "type", kind_name(c->class->kind), "version", c->plugin->version,
	    "plugin", c->plugin->name, "file", c->file, "doc",
	    c->class->doc == NULL ? "" : c->class->doc, "aliases",
	    strings(c->class->aliases), "keys", keys_json(c->class), "places",
	    places_json(c->class));
}

/* A guard_alone_fn. */
static int
confine(void *ctx, struct ps_error *err)
{
	struct inspection *in = (struct inspection *)ctx;

	child_close_jail(in->child, JAIL_ALONE);
	return paths_enclose_all(&in->settings,
	    in->child->config.config.plugins, err);
}

static json_t *
do_list(struct inspection *in, struct ps_error *err)
{
	struct catalog *c = in->settings.catalog;
	json_t *plugins, *errors;

	if (guard_load_all(c, confine, in, err) != 0)
		return NULL;
	plugins = json_array();
	errors = json_array();
	for (size_t i = 0; i < catalog_count(c); i++)
		(void)json_array_append_new(plugins,
		    class_json(catalog_at(c, i)));
	for (size_t i = 0; i < catalog_error_count(c); i++) {
		const struct catalog_error *e = catalog_error_at(c, i);

		(void)json_array_append_new(errors,
		    json_pack("{s:o, s:o}", "file", js_str(e->file), "error",
			js_str(e->text)));
	}
	return json_pack("{s:o, s:o}", "plugins", plugins, "errors", errors);
}

static json_t *
do_resolve(struct inspection *in, const json_t *args, struct ps_error *err)
{
	struct settings *s = &in->settings;
	const json_t *given = json_object_get(args, "config");
	struct ps_config raw = s->worker, resolved;
	struct providers *p;
	int result;

	if (given != NULL && js_to_config(s->arena, given, &raw, err) != 0)
		return NULL;
	/* Providers are the worker's own; they read what they must. */
	child_close_jail(in->child, JAIL_ALONE);
	p = providers_new(s->catalog, host_abi(in->host), &raw,
	    uplink_redact(in->child->uplink));
	result = providers_expand(p, s->arena, &raw, &resolved, err);
	providers_free(&p);
	if (result != 0)
		return NULL;
	return json_pack("{s:o}", "config", js_from_config(&resolved));
}

static int
serve_request(struct inspection *in, const struct msg_request *q,
    struct ps_error *err)
{
	struct msg m = { .type = MSG_TYPE_REPLY };
	struct ps_error why = { 0 };
	int sent;

	m.reply.id = q->id;
	if (strcmp(q->op, "list") == 0)
		m.reply.result = do_list(in, &why);
	else if (strcmp(q->op, "resolve") == 0)
		m.reply.result = do_resolve(in, q->args, &why);
	else
		(void)ps_fail(&why, PS_E_DATA, "unknown request %s", q->op);
	if (m.reply.result == NULL) {
		m.reply.code = uplink_code_name(why.code);
		m.reply.error = why.text;
	}
	sent = uplink_send(in->child->uplink, &m, err);
	json_decref(m.reply.result);
	return sent;
}

/* Requests until the worker closes the channel. */
static void
loop(struct inspection *in)
{
	struct ps_error ended = { 0 };
	struct msg m;

	while (uplink_wait(in->child->uplink, REQUEST_MS, &m, &ended) == 1) {
		int result = m.type == MSG_TYPE_REQUEST
				 ? serve_request(in, &m.request, &ended)
				 : 0;

		msg_fini(&m);
		if (result != 0)
			return;
		uplink_flush(in->child->uplink, REQUEST_MS);
	}
}

int
inspect_main(int argc, char **argv)
{
	struct host_options o = { .connector = "inspect",
		.task = -1,
		.wake_fd = -1,
		.schemas = 1 };
	static const struct host_hooks none = { 0 };
	struct inspection in = { 0 };
	struct child child;
	struct ps_error err = { 0 };

	(void)argc;
	(void)argv;
	if (child_begin(&child, MSG_INSPECT) != 0)
		return EXIT_FAILURE;
	in.child = &child;
	o.hooks = &none;
	in.host = host_new(&o);
	if (settings_begin(&in.settings, &child.config.config, &err) == 0)
		loop(&in);
	settings_fini(&in.settings);
	host_free(&in.host);
	return child_end(&child, &err);
}
