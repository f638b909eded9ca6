#include "rest/route.h"

#include <string.h>
#include <strings.h>

#include "access/audit.h"
#include "access/guard.h"
#include "base/buf.h"
#include "base/text.h"
#include "http/server.h"
#include "rest/ask.h"
#include "rest/forward.h"
#include "rest/handlers.h"
#include "worker/worker.h"

#define PATH_MAX_BYTES 8192
#define ALLOW_BYTES    256

typedef void route_fn(struct exchange *x);

enum route_flags {
	EARLY = 1 << 0,      /* needs no logs: answers while they are read */
	TEXT = 1 << 1,       /* answers text, not JSON */
	ASKS = 1 << 7,       /* changes nothing, whatever the method */
	LEADER = 1 << 2,     /* only the leader does it … */
	OWNER = 1 << 3,      /* … or the connector's owner … */
	TASK_OWNER = 1 << 4, /* … or the task's */
	SCOPED = 1 << 5,     /* the leader, when it is for the whole cluster */
	CLUSTERED = 1 << 6,  /* not in a standalone worker */
	FRESH = 1 << 8,      /* the task's owner, with ?freshness=true */
	LATE = 1 << 9,       /* answers while the worker ends */
};

struct route {
	const char *method;
	const char *pattern;
	route_fn *run;
	enum role needs;
	unsigned flags;
};

#define NOBODY   ROLE_NOBODY
#define VIEWER   ROLE_VIEWER
#define OPERATOR ROLE_OPERATOR
#define EDITOR   ROLE_EDITOR
#define ADMIN    ROLE_ADMIN

/* Rows of one pattern stand together: OPTIONS lists them. */
static const struct route routes[] = {
	{ "GET", "", rest_root, NOBODY, EARLY },
	{ "GET", "health", rest_health, NOBODY, EARLY | LATE },
	{ "GET", "metrics", rest_metrics, VIEWER, EARLY | TEXT },
	{ "GET", "connectors", rest_list, VIEWER, 0 },
	{ "POST", "connectors", rest_create, EDITOR, LEADER },
	{ "GET", "connectors/{}", rest_info, OPERATOR, 0 },
	{ "DELETE", "connectors/{}", rest_delete, EDITOR, LEADER },
	{ "GET", "connectors/{}/config", rest_config, OPERATOR, 0 },
	{ "PUT", "connectors/{}/config", rest_replace, EDITOR, LEADER },
	{ "PATCH", "connectors/{}/config", rest_patch, EDITOR, LEADER },
	{ "GET", "connectors/{}/status", rest_status, VIEWER, 0 },
	{ "POST", "connectors/{}/restart", rest_restart, OPERATOR, OWNER },
	{ "PUT", "connectors/{}/pause", rest_pause, OPERATOR, LEADER },
	{ "PUT", "connectors/{}/resume", rest_resume, OPERATOR, LEADER },
	{ "PUT", "connectors/{}/stop", rest_stop, OPERATOR, LEADER },
	{ "GET", "connectors/{}/topics", rest_topics, VIEWER, 0 },
	{ "PUT", "connectors/{}/topics/reset", rest_reset_topics, OPERATOR, 0 },
	{ "GET", "connectors/{}/offsets", rest_offsets, OPERATOR, 0 },
	{ "PATCH", "connectors/{}/offsets", rest_alter_offsets, EDITOR,
	    LEADER },
	{ "DELETE", "connectors/{}/offsets", rest_reset_offsets, EDITOR,
	    LEADER },
	{ "POST", "connectors/{}/seek", rest_seek, EDITOR, LEADER },
	{ "GET", "connectors/{}/revisions", rest_revisions, OPERATOR, 0 },
	{ "POST", "connectors/{}/revisions/{}/rollback", rest_rollback, EDITOR,
	    LEADER },
	{ "GET", "connectors/{}/dead-letters", rest_dead_letters, OPERATOR, 0 },
	{ "POST", "connectors/{}/dead-letters/replay", rest_replay, EDITOR, 0 },
	{ "GET", "connectors/{}/logs", rest_logs, OPERATOR, 0 },
	{ "GET", "connectors/{}/tasks", rest_tasks, OPERATOR, 0 },
	{ "POST", "connectors/{}/tasks", rest_put_tasks, NOBODY, CLUSTERED },
	{ "PUT", "connectors/{}/fence", rest_fence, NOBODY, CLUSTERED },
	{ "GET", "connectors/{}/tasks/{}/status", rest_task_status, VIEWER,
	    FRESH },
	{ "POST", "connectors/{}/tasks/{}/restart", rest_restart_task, OPERATOR,
	    TASK_OWNER },
	{ "GET", "labels/{}", rest_label, VIEWER, 0 },
	{ "POST", "labels/{}/restart", rest_restart_labelled, OPERATOR,
	    LEADER },
	{ "PUT", "labels/{}/pause", rest_pause_labelled, OPERATOR, LEADER },
	{ "PUT", "labels/{}/resume", rest_resume_labelled, OPERATOR, LEADER },
	{ "PUT", "labels/{}/stop", rest_stop_labelled, OPERATOR, LEADER },
	{ "GET", "templates", rest_templates, VIEWER, 0 },
	{ "GET", "templates/{}", rest_template, VIEWER, 0 },
	{ "PUT", "templates/{}", rest_put_template, EDITOR, LEADER },
	{ "DELETE", "templates/{}", rest_delete_template, EDITOR, LEADER },
	{ "GET", "templates/{}/versions", rest_template_versions, VIEWER, 0 },
	{ "GET", "templates/{}/upgrade", rest_upgrade, VIEWER, 0 },
	{ "POST", "templates/{}/upgrade", rest_begin_upgrade, EDITOR, LEADER },
	{ "DELETE", "templates/{}/upgrade", rest_stop_upgrade, EDITOR, LEADER },
	{ "POST", "templates/{}/rollback", rest_roll_back, EDITOR, LEADER },
	{ "GET", "pipelines", rest_pipelines, VIEWER, 0 },
	{ "GET", "pipelines/{}", rest_pipeline, OPERATOR, 0 },
	{ "PUT", "pipelines/{}", rest_put_pipeline, EDITOR, LEADER },
	{ "DELETE", "pipelines/{}", rest_delete_pipeline, EDITOR, LEADER },
	{ "GET", "pipelines/{}/status", rest_pipeline_status, VIEWER, 0 },
	{ "POST", "plan", rest_plan, EDITOR, ASKS },
	{ "POST", "transforms/preview", rest_preview, EDITOR, ASKS },
	{ "GET", "connector-plugins", rest_plugins, VIEWER, EARLY },
	{ "GET", "connector-plugins/{}/config", rest_plugin_config, VIEWER,
	    EARLY },
	{ "PUT", "connector-plugins/{}/config/validate", rest_validate, EDITOR,
	    EARLY | ASKS },
	{ "GET", "admin/cluster", rest_cluster, VIEWER, CLUSTERED },
	{ "POST", "admin/drain", rest_drain, ADMIN, CLUSTERED },
	{ "GET", "admin/loggers", rest_loggers, ADMIN, EARLY },
	{ "GET", "admin/loggers/{}", rest_logger, ADMIN, EARLY },
	{ "PUT", "admin/loggers/{}", rest_set_logger, ADMIN, EARLY | SCOPED },
};

#define ROUTES (sizeof routes / sizeof *routes)

/* ---- matching ---------------------------------------------------------- */

/* Both without slashes at their ends. */
static bool
matches(struct exchange *x, const char *pattern, const char *path)
{
	size_t params = 0, plen, len;

	for (;;) {
		plen = strcspn(pattern, "/");
		len = strcspn(path, "/");
		if (plen == 2 && memcmp(pattern, "{}", 2) == 0) {
			x->param[params++] = text_url_decode(x->a, path, len);
			if (len == 0 || x->param[params - 1] == NULL)
				return false;
		} else if (plen != len || memcmp(pattern, path, len) != 0) {
			return false;
		}
		pattern += plen;
		path += len;
		if (*pattern == '\0' || *path == '\0')
			return *pattern == *path;
		pattern++;
		path++;
	}
}

static const struct route *
find(struct exchange *x, const char *path, const char **allow)
{
	struct buf methods;
	const struct route *found = NULL;

	buf_init(&methods, ALLOW_BYTES);
	for (size_t i = 0; i < ROUTES && found == NULL; i++) {
		if (!matches(x, routes[i].pattern, path))
			continue;
		if (strcmp(routes[i].method, x->method) == 0)
			found = &routes[i];
		(void)buf_printf(&methods, "%s%s%s",
		    methods.len == 0 ? "" : ",", routes[i].method,
		    strcmp(routes[i].method, "GET") == 0 ? ",HEAD" : "");
	}
	*allow = methods.len == 0
		     ? NULL
		     : ps_printf(x->a, "%s,OPTIONS", buf_str(&methods));
	buf_fini(&methods);
	return found;
}

/* ---- the frame --------------------------------------------------------- */

/* Is one of them in an Accept header? (q values are not weighed) */
static bool
accepts(const struct exchange *x, const struct route *r)
{
	static const char *const types[] = { "*/*", "application/*",
		"application/json" };
	const char *p = x->accept;

	if ((r->flags & TEXT) != 0 || p == NULL || p[0] == '\0')
		return true;
	for (; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
		size_t len;

		p += strspn(p, " \t");
		len = strcspn(p, ";, \t");
		for (size_t i = 0; i < sizeof types / sizeof *types; i++)
			if (strlen(types[i]) == len &&
			    strncasecmp(types[i], p, len) == 0)
				return true;
	}
	return false;
}

/* No body needs no type, but a type that is said must be JSON. */
static bool
is_json(const struct exchange *x)
{
	static const char json[] = "application/json";
	const char *type = x->content_type;

	if (type == NULL)
		return x->body.len == 0;
	return strncasecmp(type, json, sizeof json - 1) == 0 &&
	       strchr("; \t", type[sizeof json - 1]) != NULL;
}

/* Without slashes at its ends, a fragment, and what stands behind a semicolon
 * in each segment. */
static const char *
trimmed(struct exchange *x)
{
	const char *path = x->path[0] == '/' ? x->path + 1 : x->path;
	char *out = ps_strndup(x->a, path, strcspn(path, "#")), *to = out;

	for (const char *p = out; *p != '\0';)
		if (*p == ';')
			p += strcspn(p, "/");
		else
			*to++ = *p++;
	if (to > out && to[-1] == '/')
		to--;
	*to = '\0';
	return out;
}

/* Are the escapes such, and do they make UTF-8 text? */
static bool
is_text(struct exchange *x)
{
	const char *path = text_url_decode(x->a, x->path, strlen(x->path));
	json_t *text = path == NULL ? NULL : json_string(path);

	json_decref(text);
	return text != NULL;
}

static bool
is_refused(struct exchange *x)
{
	if (x->too_large) {
		exchange_error(x, 413,
		    "The request's body is larger than "
		    "rest.body.max.bytes, %lld",
		    (long long)options_int(worker_options(x->worker),
			"rest.body.max.bytes"));
		return true;
	}
	if (strlen(x->path) > PATH_MAX_BYTES) {
		exchange_refuse(x, 414, "HTTP 414 URI Too Long");
		return true;
	}
	if (strstr(x->path, "//") != NULL) {
		exchange_refuse(x, 400, "HTTP 400 Ambiguous URI empty segment");
		return true;
	}
	if (!is_text(x)) {
		exchange_refuse(x, 400, "HTTP 400 Bad Request");
		return true;
	}
	return false;
}

static bool
is_hidden(const struct exchange *x, const char *path)
{
	unsigned kind = text_starts(path, "admin/") ? SERVES_ADMIN : SERVES_API;

	return (server_serves(x->server) & kind) == 0;
}

static enum forward_to
meant_for(const struct exchange *x)
{
	unsigned flags = x->route->flags;
	const char *scope = exchange_query(x, "scope");

	if ((flags & SCOPED) != 0)
		return scope != NULL && strcasecmp(scope, "cluster") == 0
			   ? FORWARD_LEADER
			   : FORWARD_NOWHERE;
	if ((flags & TASK_OWNER) != 0 ||
	    ((flags & FRESH) != 0 && exchange_query_bool(x, "freshness")))
		return FORWARD_TASK_OWNER;
	/* A restart of tasks is a record of the leader's. */
	if ((flags & OWNER) != 0 && !exchange_query_bool(x, "includeTasks") &&
	    !exchange_query_bool(x, "onlyFailed"))
		return FORWARD_OWNER;
	return (flags & (LEADER | OWNER)) != 0 ? FORWARD_LEADER
					       : FORWARD_NOWHERE;
}

static void
run_here(struct exchange *x)
{
	const struct route *r = x->route;

	if (strcmp(x->method, "GET") != 0 && (r->flags & ASKS) == 0)
		audit_begin(x);
	r->run(x);
}

static void
run_admitted(struct exchange *x)
{
	forward_origin(x);
	if (server_is_draining(x->server) && (x->route->flags & LATE) == 0)
		exchange_error(x, 503, "Worker is shutting down");
	else if (guard_admits(x, x->route->needs) &&
		 !forward_takes(x, meant_for(x), run_here))
		run_here(x);
}

static void
run_now(struct exchange *x, const struct answer *answer)
{
	(void)answer;
	run_admitted(x);
}

/* Has the worker come far enough at its start? Else `spec` says when. An
 * empty list that is not true would be worse than a late one, and who does not
 * know yet who leads cannot change anything. */
static bool
can_run(const struct exchange *x, struct request_spec *spec)
{
	if ((x->route->flags & EARLY) != 0 ||
	    worker_phase(x->worker) != WORKER_STARTING)
		return true;
	spec->op = REQUEST_READY;
	if (strcmp(x->method, "GET") != 0)
		return false;
	spec->op = REQUEST_LOGS;
	return worker_has_read(x->worker);
}

static void
run(struct exchange *x, const struct route *r)
{
	struct request_spec spec = { 0 };

	x->route = r;
	if (can_run(x, &spec))
		run_admitted(x);
	else
		ask_worker(x, &spec, run_now);
}

void
route_handle(struct exchange *x)
{
	const struct route *r;
	const char *path, *allow;

	if (is_refused(x))
		return;
	path = trimmed(x);
	r = find(x, path, &allow);
	if (allow == NULL || is_hidden(x, path) ||
	    (r != NULL && (r->flags & CLUSTERED) != 0 &&
		x->forwarder == NULL)) {
		exchange_refuse(x, 404, "HTTP 404 Not Found");
	} else if (r == NULL) {
		x->allow = allow;
		if (strcmp(x->method, "OPTIONS") == 0)
			exchange_text(x, 200, "text/plain", allow,
			    strlen(allow));
		else
			exchange_refuse(x, 405, "HTTP 405 Method Not Allowed");
	} else if (!accepts(x, r)) {
		exchange_refuse(x, 406, "HTTP 406 Not Acceptable");
	} else if (!is_json(x)) {
		exchange_refuse(x, 415, "HTTP 415 Unsupported Media Type");
	} else {
		run(x, r);
	}
}
