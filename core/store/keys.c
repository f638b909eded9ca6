#include "store/keys.h"

#include <assert.h>
#include <limits.h>
#include <string.h>

#include "base/js.h"
#include "base/text.h"

struct prefix {
	enum key_kind kind;
	const char *text;
};

/* In the order in which Connect tries them. */
static const struct prefix config_prefixes[] = {
	{ KEY_TARGET_STATE, "target-state-" },
	{ KEY_CONNECTOR, "connector-" },
	{ KEY_TASK, "task-" },
	{ KEY_COMMIT, "commit-" },
	{ KEY_RESTART, "restart-connector-" },
	{ KEY_FENCING, "tasks-fencing-" },
	{ KEY_SESSION, "session-key" },
	{ KEY_LOGGER, "logger-cluster-" },
	{ KEY_PENSTOCK, "penstock-" },
};

static const struct prefix status_prefixes[] = {
	{ KEY_STATUS_CONNECTOR, "status-connector-" },
	{ KEY_STATUS_TASK, "status-task-" },
	{ KEY_STATUS_TOPIC, "status-topic-" },
	{ KEY_PENSTOCK, "penstock-" },
};

#define TOPIC_SEPARATOR ":connector-"

/* "<name>-<n>": what stands behind the last dash is the number. */
static void
split_task(struct key *k, char *name)
{
	char *dash = strrchr(name, '-');
	int64_t n;

	if (dash == NULL || dash == name || dash[1] < '0' || dash[1] > '9' ||
	    text_int64(dash + 1, 0, INT_MAX, &n) != 0) {
		k->kind = KEY_UNKNOWN;
		return;
	}
	*dash = '\0';
	k->name = name;
	k->task = (int)n;
}

/* "<topic>:connector-<name>": a topic's name has no colon. */
static void
split_topic(struct key *k, char *rest)
{
	char *colon = strstr(rest, TOPIC_SEPARATOR);

	if (colon == NULL) {
		k->kind = KEY_UNKNOWN;
		return;
	}
	*colon = '\0';
	k->topic = rest;
	k->name = colon + strlen(TOPIC_SEPARATOR);
}

static struct key
parse(struct ps_arena *a, const struct prefix *list, size_t count,
    const char *text, size_t len)
{
	struct key k = { KEY_UNKNOWN, "", "", -1 };
	char *s = ps_strndup(a, text, len), *rest = NULL;

	for (size_t i = 0; i < count && k.kind == KEY_UNKNOWN; i++)
		if (text_starts(s, list[i].text)) {
			k.kind = list[i].kind;
			rest = s + strlen(list[i].text);
		}
	k.name = rest == NULL ? s : rest;
	if (strlen(s) != len || (k.kind == KEY_SESSION && k.name[0] != '\0'))
		k.kind = KEY_UNKNOWN;
	else if (k.kind == KEY_TASK || k.kind == KEY_STATUS_TASK)
		split_task(&k, rest);
	else if (k.kind == KEY_STATUS_TOPIC)
		split_topic(&k, rest);
	return k;
}

struct key
key_parse_config(struct ps_arena *a, const char *key, size_t len)
{
	return parse(a, config_prefixes,
	    sizeof config_prefixes / sizeof *config_prefixes, key, len);
}

struct key
key_parse_status(struct ps_arena *a, const char *key, size_t len)
{
	return parse(a, status_prefixes,
	    sizeof status_prefixes / sizeof *status_prefixes, key, len);
}

static const char *
prefix_of(enum key_kind kind)
{
	for (size_t i = 0; i < sizeof config_prefixes / sizeof *config_prefixes;
	     i++)
		if (config_prefixes[i].kind == kind)
			return config_prefixes[i].text;
	for (size_t i = 0; i < sizeof status_prefixes / sizeof *status_prefixes;
	     i++)
		if (status_prefixes[i].kind == kind)
			return status_prefixes[i].text;
	return "";
}

char *
key_build(struct ps_arena *a, const struct key *key)
{
	const char *prefix = prefix_of(key->kind);

	assert(key->kind != KEY_UNKNOWN);
	switch (key->kind) {
	case KEY_TASK:
	case KEY_STATUS_TASK:
		return ps_printf(a, "%s%s-%d", prefix, key->name, key->task);
	case KEY_STATUS_TOPIC:
		return ps_printf(a, "%s%s%s%s", prefix, key->topic,
		    TOPIC_SEPARATOR, key->name);
	case KEY_SESSION:
		return ps_strdup(a, prefix);
	case KEY_TARGET_STATE:
	case KEY_CONNECTOR:
	case KEY_COMMIT:
	case KEY_RESTART:
	case KEY_FENCING:
	case KEY_LOGGER:
	case KEY_PENSTOCK:
	case KEY_STATUS_CONNECTOR:
	case KEY_UNKNOWN:
		break;
	}
	return ps_printf(a, "%s%s", prefix, key->name);
}

int
key_parse_offset(struct ps_arena *a, const char *key, size_t len,
    const char **connector, json_t **partition, struct ps_error *err)
{
	json_t *j = js_parse(key, len, "key of an offset", err), *p, *name;

	if (j == NULL)
		return -1;
	name = json_array_get(j, 0);
	p = json_array_get(j, 1);
	if (json_array_size(j) != 2 || !json_is_string(name) ||
	    !(json_is_object(p) || json_is_null(p))) {
		json_decref(j);
		return ps_fail(err, PS_E_DATA,
		    "key of an offset: %.*s: [\"connector\",{partition}] is "
		    "expected",
		    (int)(len < 200 ? len : 200), key);
	}
	*connector =
	    ps_strndup(a, json_string_value(name), json_string_length(name));
	*partition = json_incref(p);
	json_decref(j);
	return 0;
}

char *
key_build_offset(struct ps_arena *a, const char *connector,
    const char *partition)
{
	json_t *name = json_string(connector);
	char *text = js_dump(a, name);

	json_decref(name);
	return ps_printf(a, "[%s,%s]", text, partition);
}
