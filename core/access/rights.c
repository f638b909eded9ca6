#include "access/rights.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#include "access/users.h"
#include "base/text.h"
#include "http/exchange.h"
#include "http/server.h"
#include "worker/worker.h"

#define HOST_MAX 256

/* ---- labels ------------------------------------------------------------ */

static bool
has_one_of(struct ps_arena *a, const char *list, const char *const *labels)
{
	size_t count;
	char **items = text_list(a, list == NULL ? "" : list, &count);

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; labels[j] != NULL; j++)
			if (strcmp(items[i], labels[j]) == 0)
				return true;
	return false;
}

static bool
is_labelled(const struct configs_connector *cfg, const char *const *labels)
{
	struct ps_arena *a = arena_new(512);
	bool has =
	    has_one_of(a, ps_config_get(&cfg->config, RIGHTS_LABELS), labels);

	arena_free(&a);
	return has;
}

bool
rights_is_labelled(const struct configs_connector *cfg, const char *label)
{
	const char *const labels[] = { label, NULL };

	return is_labelled(cfg, labels);
}

bool
rights_of_connector(const struct principal *who,
    const struct configs_connector *cfg)
{
	return who->labels == NULL || is_labelled(cfg, who->labels);
}

/* The settings that the body gives a connector; NULL: none. */
static const json_t *
given_config(const struct exchange *x, const json_t *body)
{
	bool creates = strcmp(x->method, "POST") == 0 && x->param[0] == NULL &&
		       text_starts(x->path, "/connectors");
	bool puts = strcmp(x->method, "PUT") == 0 && x->param[0] != NULL &&
		    text_ends(x->path, "/config");
	bool patches =
	    strcmp(x->method, "PATCH") == 0 && text_ends(x->path, "/config");

	if (creates)
		return json_object_get(body, "config");
	if (puts || (patches && json_object_get(body, RIGHTS_LABELS) != NULL))
		return body;
	return NULL;
}

/* A body that is none is for the handler to refuse. */
static bool
gives_right_labels(struct exchange *x)
{
	struct ps_error err = { 0 };
	json_t *body = js_parse(x->body.data, x->body.len, "body", &err);
	const json_t *config = given_config(x, body);
	bool right =
	    config == NULL ||
	    has_one_of(x->a, js_opt_str(config, RIGHTS_LABELS), x->who->labels);

	json_decref(body);
	return right;
}

bool
rights_of_request(struct exchange *x)
{
	const struct configs *all = journal_configs(worker_journal(x->worker));
	const struct configs_connector *cfg = NULL;
	bool named = text_starts(x->path, "/connectors/");

	if (x->who->labels == NULL)
		return true;
	if (named)
		cfg = configs_find(all, x->param[0]);
	if (cfg != NULL && !rights_of_connector(x->who, cfg))
		return false;
	if (x->body.len > 0 && !gives_right_labels(x))
		return false;
	/* Whether there is one of that name is not theirs to know. */
	return !named || cfg != NULL || x->body.len > 0;
}

/* ---- browsers ---------------------------------------------------------- */

/* The host in `text`, without its port and brackets. */
static const char *
host_of(const char *text, char out[HOST_MAX])
{
	const char *end = strrchr(text, ':');
	size_t len = strlen(text);

	if (end != NULL && strchr(end, ']') == NULL)
		len = (size_t)(end - text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	(void)snprintf(out, HOST_MAX, "%.*s", (int)len, text);
	return out;
}

static bool
is_address(const char *host)
{
	unsigned char room[16];

	return inet_pton(AF_INET, host, room) == 1 ||
	       inet_pton(AF_INET6, host, room) == 1;
}

/* Names that lead here because we, and not a foreign resolver, say so. */
static bool
is_our_name(const struct exchange *x, const char *host)
{
	const struct options *o = worker_options(x->worker);
	struct ps_list names =
	    ps_config_list(&o->all, "rest.allowed.hosts", x->a);

	if (is_address(host) || strcasecmp(host, "localhost") == 0 ||
	    strcasecmp(host, o->advertised_host) == 0)
		return true;
	for (size_t i = 0; i < names.count; i++)
		if (strcasecmp(names.items[i], host) == 0)
			return true;
	return false;
}

static bool
is_cors_allowed(const struct exchange *x)
{
	const struct options *o = worker_options(x->worker);
	struct ps_list origins =
	    ps_config_list(&o->all, "access.control.allow.origin", x->a);

	for (size_t i = 0; i < origins.count; i++)
		if (strcmp(origins.items[i], "*") == 0 ||
		    strcasecmp(origins.items[i], x->origin) == 0)
			return true;
	return false;
}

bool
rights_of_origin(const struct exchange *x, bool open)
{
	char host[HOST_MAX];
	const char *site;

	if (open && x->host != NULL && server_is_local(x->server) &&
	    !is_our_name(x, host_of(x->host, host)))
		return false;
	if (x->origin == NULL || strcmp(x->method, "GET") == 0)
		return true;
	site = strstr(x->origin, "://");
	return (site != NULL && x->host != NULL &&
		   strcasecmp(site + 3, x->host) == 0) ||
	       is_cors_allowed(x);
}
