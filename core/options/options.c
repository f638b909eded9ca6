#include "options/options.h"

#include <assert.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/log.h"
#include "base/props.h"
#include "base/text.h"
#include "config/common.h"
#include "config/def.h"
#include "config/expand.h"
#include "options/javaonly.h"
#include "options/plugin_path.h"

#define AREA         "worker"
#define ARENA_BYTES  16384
#define DEFAULT_HOST "127.0.0.1"
#define DEFAULT_PORT 8083

/* Prefixes of keys that belong to others: clients, converters, topics. */
static const char *const passed_on[] = { "producer.", "consumer.", "admin.",
	"config.storage.", "offset.storage.", "status.storage.",
	"config.providers.", "key.converter.", "value.converter.",
	"header.converter.", "listeners.https.", "admin.listeners.https.",
	"ssl.", "sasl.", "metrics.", "socket.", "internal.", "plugin." };

struct options *
options_load(const char *path, enum worker_kind kind, struct ps_error *err)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	struct options *o = ps_calloc(a, 1, sizeof *o);

	o->a = a;
	o->kind = kind;
	if (props_load(a, path, &o->raw, err) == 0)
		return o;
	arena_free(&a);
	return NULL;
}

bool
options_need_resolving(const struct options *o)
{
	for (size_t i = 0; i < o->raw.count; i++)
		if (o->raw.settings[i].value != NULL &&
		    expand_has(o->raw.settings[i].value))
			return true;
	return false;
}

/* ---- keys -------------------------------------------------------------- */

/* Of connectors that say nothing; what they are called stays their own. */
static void
add_limits(struct def_set *set)
{
	const struct key_table *t = &common_penstock_keys;

	for (size_t i = 0; i < t->count; i++)
		if (!text_starts(t->keys[i].name, "penstock."))
			def_set_add(set, &t->keys[i], 1, NULL, NULL);
}

static struct def_set *
tables(const struct options *o)
{
	const struct key_table *own = o->kind == WORKER_STANDALONE
					  ? &worker_standalone_keys
					  : &worker_distributed_keys;
	const struct key_table *const all[] = { &worker_common_keys, own,
		&worker_penstock_keys };
	struct def_set *set = def_set_new(o->a);

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		def_set_add(set, all[i]->keys, all[i]->count, NULL, NULL);
	add_limits(set);
	return set;
}

static bool
is_passed_on(const char *key)
{
	for (size_t i = 0; i < sizeof passed_on / sizeof *passed_on; i++)
		if (text_starts(key, passed_on[i]))
			return true;
	return false;
}

static void
warn_unknown(const struct options *o, const struct def_set *set)
{
	for (size_t i = 0; i < o->raw.count; i++) {
		const char *key = o->raw.settings[i].key;

		if (def_set_find(set, key) == NULL && !is_passed_on(key))
			log_warn(AREA,
			    "The configuration '%s' was supplied but isn't a "
			    "known config",
			    key);
	}
}

static const char *
all_errors(struct ps_arena *a, const struct def_result *r)
{
	const char *text = "";

	for (size_t i = 0; i < r->count; i++)
		for (size_t j = 0; j < r->values[i].error_count; j++)
			text = ps_printf(a, "%s%s%s", text,
			    text[0] == '\0' ? "" : "; ",
			    r->values[i].errors[j]);
	return text;
}

static int
check_keys(struct options *o, const struct ps_config *given,
    struct ps_error *err)
{
	struct def_set *set = tables(o);
	struct def_result *r = def_validate(o->a, set, given);

	warn_unknown(o, set);
	if (def_error_count(r) > 0)
		return ps_fail(err, PS_E_CONFIG, "%s", all_errors(o->a, r));
	o->all = def_complete(o->a, set, given, NULL);
	return 0;
}

/* ---- listeners --------------------------------------------------------- */

static int
bad_listener(const char *key, const char *text, struct ps_error *err)
{
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration %s: expected http://HOST:PORT "
	    "or https://HOST:PORT",
	    text, key);
}

/* http[s]://HOST:PORT, the host may be empty or in brackets. */
static int
parse_listener(struct options *o, const char *text, struct listener *l,
    struct ps_error *err)
{
	const char *host, *end;
	int64_t port;
	size_t len;

	l->tls = strncasecmp(text, "https://", 8) == 0;
	if (!l->tls && strncasecmp(text, "http://", 7) != 0)
		return bad_listener(l->key, text, err);
	host = text + (l->tls ? 8 : 7);
	end = strrchr(host, ':');
	if (end == NULL || text_int64(end + 1, 0, 65535, &port) != 0)
		return bad_listener(l->key, text, err);
	len = (size_t)(end - host);
	if (len >= 2 && host[0] == '[' && host[len - 1] == ']') {
		host++;
		len -= 2;
	}
	l->host = ps_strndup(o->a, host, len);
	l->port = (int)port;
	return 0;
}

static const char *
own_host_name(struct options *o)
{
	const char *host = o->listeners[0].host;
	char name[256];

	if (host[0] != '\0' && strcmp(host, "0.0.0.0") != 0 &&
	    strcmp(host, "::") != 0)
		return host;
	if (gethostname(name, sizeof name) != 0)
		return "localhost";
	name[sizeof name - 1] = '\0';
	return ps_strdup(o->a, name);
}

static int
parse_listeners(struct options *o, const struct ps_list *list,
    const struct listener *like, struct listener *out, struct ps_error *err)
{
	for (size_t i = 0; i < list->count; i++) {
		out[i] = *like;
		if (parse_listener(o, list->items[i], &out[i], err) != 0)
			return -1;
	}
	return 0;
}

/* /admin is where all else is; admin.listeners: only there, empty: nowhere. */
static int
take_listeners(struct options *o, struct ps_error *err)
{
	struct ps_list main = ps_config_list(&o->all, "listeners", o->a);
	struct ps_list own = ps_config_list(&o->all, "admin.listeners", o->a);
	bool has_own = ps_config_get(&o->all, "admin.listeners") != NULL;
	const struct listener all = { .key = "listeners",
		.host = DEFAULT_HOST,
		.port = DEFAULT_PORT,
		.serves = SERVES_API | (has_own ? 0 : SERVES_ADMIN) };
	const struct listener admin = { .key = "admin.listeners",
		.host = "",
		.serves = SERVES_ADMIN };
	struct listener *l =
	    ps_calloc(o->a, main.count + own.count + 1, sizeof *l);

	l[0] = all;
	o->listeners = l;
	o->listener_count = main.count > 0 ? main.count : 1;
	if (parse_listeners(o, &main, &all, l, err) != 0 ||
	    parse_listeners(o, &own, &admin, l + o->listener_count, err) != 0)
		return -1;
	o->listener_count += own.count;
	o->advertised_host =
	    ps_config_get(&o->all, "rest.advertised.host.name");
	if (o->advertised_host == NULL)
		o->advertised_host = own_host_name(o);
	o->advertised_port = (int)options_int(o, "rest.advertised.port");
	return 0;
}

/* ---- plugins ----------------------------------------------------------- */

/* Where they are beside a program: as built, and as installed. */
static const char *const own_places[] = { "plugins", "../lib/penstock" };

const char *
options_own_plugins(struct ps_arena *a)
{
	char exe[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
	const char *path, *first = NULL;
	char *slash;

	if (n <= 0)
		return NULL;
	exe[n] = '\0';
	slash = strrchr(exe, '/');
	if (slash == NULL)
		return NULL;
	*slash = '\0';
	for (size_t i = 0; i < sizeof own_places / sizeof *own_places; i++) {
		path = ps_printf(a, "%s/%s", exe, own_places[i]);
		if (access(path, R_OK | X_OK) == 0)
			return path;
		if (first == NULL)
			first = path;
	}
	return first;
}

int
options_take_plugins(struct options *o, struct ps_error *err)
{
	struct ps_list list = ps_config_list(&o->raw, "plugin.path", o->a);
	const char *own = options_own_plugins(o->a);

	if (expand_has(ps_config_str(&o->raw, "plugin.path")))
		return ps_fail(err, PS_E_CONFIG,
		    "Invalid value %s for configuration plugin.path: what "
		    "answers ${...} is a plugin itself, expected folders",
		    ps_config_str(&o->raw, "plugin.path"));
	o->plugins = json_array();
	for (size_t i = 0; i < list.count; i++) {
		if (list.items[i][0] == '\0')
			continue;
		if (plugin_path_check(list.items[i], err) != 0)
			return -1;
		(void)json_array_append_new(o->plugins,
		    json_string(list.items[i]));
	}
	if (json_array_size(o->plugins) == 0 && own != NULL)
		(void)json_array_append_new(o->plugins, json_string(own));
	return 0;
}

/* ---- all of it --------------------------------------------------------- */

int
options_apply(struct options *o, const struct ps_config *resolved,
    struct ps_error *err)
{
	if (check_keys(o, resolved == NULL ? &o->raw : resolved, err) != 0 ||
	    javaonly_check(o, err) != 0)
		return -1;
	o->given = resolved == NULL ? o->raw : *resolved;
	o->worker = js_from_config(&o->given);
	o->group = ps_config_str(&o->all, "group.id");
	o->offsets_file =
	    ps_config_get(&o->all, "offset.storage.file.filename");
	return take_listeners(o, err);
}

void
options_free(struct options **op)
{
	struct ps_arena *a;

	if (*op == NULL)
		return;
	a = (*op)->a;
	json_decref((*op)->worker);
	json_decref((*op)->plugins);
	*op = NULL;
	arena_free(&a);
}

int64_t
options_int(const struct options *o, const char *key)
{
	const char *text = ps_config_get(&o->all, key);
	int64_t value = 0;

	if (text != NULL)
		(void)text_int64(text, INT64_MIN, INT64_MAX, &value);
	return value;
}

static const struct ps_key *
row_of(const char *key)
{
	const struct key_table *t = &common_penstock_keys;

	for (size_t i = 0; i < t->count; i++)
		if (strcmp(t->keys[i].name, key) == 0)
			return &t->keys[i];
	assert(false && "a key of the table");
	return NULL;
}

const char *
options_text(const struct options *o, const struct ps_config *connector,
    const char *key)
{
	const char *text = ps_config_get(connector, key);

	if (text == NULL)
		text = ps_config_get(&o->all, key);
	return text == NULL ? row_of(key)->default_value : text;
}

int64_t
options_limit(const struct options *o, const struct ps_config *connector,
    const char *key)
{
	const struct ps_key *row = row_of(key);
	int64_t min = (row->flags & PS_HAS_MIN) != 0 ? row->min : INT64_MIN;
	int64_t max = (row->flags & PS_HAS_MAX) != 0 ? row->max : INT64_MAX;
	int64_t value;

	/* ${…} is resolved in the task alone, which refuses what is out of
	 * the row's range. */
	if (text_int64(options_text(o, connector, key), min, max, &value) == 0)
		return value;
	(void)text_int64(row->default_value, INT64_MIN, INT64_MAX, &value);
	return value;
}
