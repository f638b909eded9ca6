#include "supervise/inventory.h"

#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/js.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "supervise/timer.h"

#define AREA     "inventory"
#define LIMIT_MS 30000
#define AGAIN_MS 5000
/* Of all connectors' names; a record has to hold them. */
#define NAMES_MAX 65536

struct asker {
	struct asker *next;
	inventory_fn *fn;
	void *ctx;
	size_t list; /* the number of the first that is new enough */
};

struct inventory {
	const struct errand_env *env;
	struct errand *errand;
	json_t *plugins, *names;
	struct asker *askers, watch;
	uint64_t stamp, asked_stamp; /* of the folders */
	size_t lists;                /* that were asked for */
	uv_timer_t again; /* while there is none that is new enough */
	uv_timer_cb on_again;
};

/* Changes when a file comes, goes or is replaced. */
static uint64_t
stamp_of(const json_t *dirs)
{
	const json_t *dir;
	struct stat st;
	uint64_t sum = 1;
	size_t i;

	json_array_foreach(dirs, i, dir)
	{
		if (stat(json_string_value(dir), &st) != 0)
			continue;
		sum = sum * 31 + (uint64_t)st.st_mtim.tv_sec * 1000000007 +
		      (uint64_t)st.st_mtim.tv_nsec;
	}
	return sum;
}

/* Takes one who need not wait for more than so many lists. */
static struct asker *
take_asker(struct inventory *i, size_t lists)
{
	struct asker *a;

	for (struct asker **at = &i->askers; (a = *at) != NULL; at = &a->next)
		if (a->list <= lists) {
			*at = a->next;
			return a;
		}
	return NULL;
}

static void
answer_all(struct inventory *i, const struct ps_error *err)
{
	size_t lists = i->lists;
	struct asker *a;

	while ((a = take_asker(i, lists)) != NULL) {
		if (a->fn != NULL)
			a->fn(a->ctx, err);
		free(a);
	}
	/* Who came when a folder had changed behind that list. */
	if (i->askers != NULL)
		timer_in(&i->again, i->on_again, 0);
}

static void
log_errors(const json_t *result)
{
	const json_t *list = json_object_get(result, "errors"), *one;
	const char *file, *text;
	size_t n;

	json_array_foreach(list, n, one)
	{
		file = js_opt_str(one, "file");
		text = js_opt_str(one, "error");
		log_warn(AREA, "plugin %s: %s", file == NULL ? "?" : file,
		    text == NULL ? "?" : text);
	}
}

static json_t *
names_of(const json_t *plugins)
{
	json_t *names = json_array();
	const json_t *plugin;
	size_t n;

	json_array_foreach(plugins, n, plugin)
	{
		const char *type = js_opt_str(plugin, "type");
		const char *const all[] = { js_opt_str(plugin, "name"),
			js_opt_str(plugin, "class") };

		for (size_t k = 0; k < sizeof all / sizeof *all; k++)
			if (type != NULL && all[k] != NULL)
				(void)json_array_append_new(names,
				    json_pack("[s, s]", type, all[k]));
	}
	return names;
}

static void
on_list(void *ctx, const json_t *result, const struct ps_error *err)
{
	struct inventory *i = ctx;
	json_t *plugins = json_object_get(result, "plugins");
	struct ps_error nonsense = { 0 };

	errand_free(&i->errand);
	if (result != NULL && json_is_array(plugins)) {
		log_errors(result);
		json_decref(i->plugins);
		json_decref(i->names);
		i->plugins = json_incref(plugins);
		i->names = names_of(plugins);
		i->stamp = i->asked_stamp;
		answer_all(i, NULL);
		if (i->watch.fn != NULL)
			i->watch.fn(i->watch.ctx, NULL);
		return;
	}
	if (result != NULL) {
		(void)ps_fail(&nonsense, PS_E_FATAL,
		    "the plugins' process gave no list of plugins");
		err = &nonsense;
	}
	log_warn(AREA, "cannot list the plugins: %s", err->text);
	if (i->plugins == NULL && err->code == PS_E_RETRY)
		timer_in(&i->again, i->on_again, AGAIN_MS);
	answer_all(i, err);
}

static void
ask(struct inventory *i)
{
	struct errand_spec spec = { .role = MSG_INSPECT };

	i->lists++;
	i->asked_stamp = stamp_of(i->env->options->plugins);
	i->errand = errand_new(i->env, &spec);
	errand_ask(i->errand, "list", NULL, LIMIT_MS, on_list, i);
}

static void
on_again(uv_timer_t *timer)
{
	struct inventory *i = (struct inventory *)timer->data;

	if (i->errand == NULL && (i->plugins == NULL || i->askers != NULL))
		ask(i);
}

struct inventory *
inventory_new(const struct errand_env *env)
{
	struct inventory *i = xcalloc(1, sizeof *i);

	i->env = env;
	i->again.data = i;
	i->on_again = on_again;
	(void)uv_timer_init(env->loop, &i->again);
	return i;
}

static void
on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void
inventory_free(struct inventory **ip)
{
	struct inventory *i = *ip;
	struct asker *a;

	if (i == NULL)
		return;
	*ip = NULL;
	errand_free(&i->errand);
	while ((a = i->askers) != NULL) {
		i->askers = a->next;
		free(a);
	}
	json_decref(i->plugins);
	json_decref(i->names);
	uv_close((uv_handle_t *)&i->again, on_closed);
}

void
inventory_refresh(struct inventory *i, inventory_fn *fn, void *ctx)
{
	uint64_t stamp = stamp_of(i->env->options->plugins);
	struct asker *a;

	if (i->plugins != NULL && stamp == i->stamp) {
		if (fn != NULL)
			fn(ctx, NULL);
		return;
	}
	a = xcalloc(1, sizeof *a);
	a->fn = fn;
	a->ctx = ctx;
	a->list = i->lists + (i->errand == NULL || stamp != i->asked_stamp);
	a->next = i->askers;
	i->askers = a;
	if (i->errand == NULL)
		ask(i);
}

void
inventory_forget(struct inventory *i, const void *ctx)
{
	for (struct asker *a = i->askers; a != NULL; a = a->next)
		if (a->ctx == ctx)
			a->fn = NULL;
}

void
inventory_watch(struct inventory *i, inventory_fn *fn, void *ctx)
{
	i->watch = (struct asker){ .fn = fn, .ctx = ctx };
}

const json_t *
inventory_plugins(const struct inventory *i)
{
	return i->plugins;
}

json_t *
inventory_names(const struct inventory *i)
{
	return i->names;
}

/* ---- names ------------------------------------------------------------- */

static const char *const suffixes[] = { "", "Connector", "Converter",
	"Transformation", "Predicate" };

static const char *
simple(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL ? name : dot + 1;
}

/* `name` stands for `full`: the same, its simple name, or that without the
 * type's suffix. */
static bool
stands_for(const char *name, const char *full)
{
	size_t len = strlen(name);
	const char *last = simple(full);

	if (strcmp(name, full) == 0)
		return true;
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
		if (strncmp(last, name, len) == 0 &&
		    strcmp(last + len, suffixes[i]) == 0)
			return true;
	return false;
}

/* All that stand for it. */
static void
add_names(struct buf *b, const char *full)
{
	const char *last = full == NULL ? "" : simple(full);
	size_t len = strlen(last), cut;

	if (full == NULL || full[0] == '\0')
		return;
	if (last != full)
		(void)buf_printf(b, "%s,", full);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		cut = strlen(suffixes[i]);
		if (cut < len && text_ends(last, suffixes[i]))
			(void)buf_printf(b, "%.*s,", (int)(len - cut), last);
	}
}

static bool
answers(const json_t *plugin, const char *name)
{
	const json_t *list = json_object_get(plugin, "aliases"), *alias;
	static const char *const members[] = { "class", "name" };
	const char *text;
	size_t i;

	for (i = 0; i < sizeof members / sizeof *members; i++) {
		text = js_opt_str(plugin, members[i]);
		if (text != NULL && stands_for(name, text))
			return true;
	}
	json_array_foreach(list, i,
	    alias) if (json_is_string(alias) &&
		       stands_for(name, json_string_value(alias))) return true;
	return false;
}

static bool
is_of(const json_t *plugin, const char *type)
{
	const char *own = js_opt_str(plugin, "type");

	if (type == NULL)
		return true;
	if (own == NULL)
		return false;
	if (strcmp(type, "connector") == 0)
		return strcmp(own, "source") == 0 || strcmp(own, "sink") == 0;
	return strcmp(own, type) == 0;
}

const json_t *
inventory_find_of(const struct inventory *i, const char *name, const char *type)
{
	const json_t *plugin;
	size_t n;

	if (name[0] == '\0')
		return NULL;
	json_array_foreach(i->plugins, n, plugin)
	{
		if (is_of(plugin, type) && answers(plugin, name))
			return plugin;
	}
	return NULL;
}

char *
inventory_connectors(const struct inventory *i, struct ps_arena *a)
{
	const json_t *plugin, *alias;
	struct buf b;
	char *names;
	size_t n, k;

	if (i == NULL || i->plugins == NULL)
		return NULL;
	buf_init(&b, NAMES_MAX);
	json_array_foreach(i->plugins, n, plugin)
	{
		if (!is_of(plugin, "connector"))
			continue;
		add_names(&b, js_opt_str(plugin, "class"));
		add_names(&b, js_opt_str(plugin, "name"));
		json_array_foreach(json_object_get(plugin, "aliases"), k, alias)
		    add_names(&b, json_string_value(alias));
	}
	names = b.overflow ? NULL : ps_strdup(a, buf_str(&b));
	buf_fini(&b);
	return names;
}

const json_t *
inventory_find(const struct inventory *i, const char *name)
{
	return inventory_find_of(i, name, NULL);
}

const char *
inventory_nearest_of(const struct inventory *i, struct ps_arena *a,
    const char *name, const char *type)
{
	size_t room = json_array_size(i->plugins) + 1, count = 0, n;
	const char **names = ps_calloc(a, room, sizeof *names);
	const char **lasts = ps_calloc(a, room, sizeof *lasts), *nearest;
	const json_t *plugin;

	json_array_foreach(i->plugins, n, plugin)
	{
		const char *class = js_opt_str(plugin, "class");

		if (class == NULL || !is_of(plugin, type))
			continue;
		names[count] = class;
		lasts[count++] = simple(class);
	}
	nearest = text_nearest(name, names, count);
	if (nearest != NULL)
		return nearest;
	nearest = text_nearest(simple(name), lasts, count);
	for (n = 0; nearest != NULL && n < count; n++)
		if (lasts[n] == nearest)
			return names[n];
	return NULL;
}

const char *
inventory_nearest(const struct inventory *i, struct ps_arena *a,
    const char *name)
{
	const char *nearest = inventory_nearest_of(i, a, name, NULL);

	return nearest == NULL ? ""
			       : ps_printf(a, ", the nearest is %s", nearest);
}

const char *
inventory_connector_type(const struct inventory *i, const char *class_name)
{
	const json_t *plugin =
	    class_name == NULL ? NULL : inventory_find(i, class_name);
	const char *type = plugin == NULL ? NULL : js_opt_str(plugin, "type");

	if (type != NULL &&
	    (strcmp(type, "source") == 0 || strcmp(type, "sink") == 0))
		return type;
	return "unknown";
}
