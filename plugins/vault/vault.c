#include "vault.h"

#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "request.h"

enum { TEXT_MAX = 64 };
/* One configuration asks for several keys of a secret. */
#define SHORTEST_MS 1000
#define LONGEST_S   ((json_int_t)100 * 365 * 86400)

/* What the server said of a path. */
struct secret {
	struct secret *next;
	char *path;
	json_t *data;     /* an object */
	int64_t until_ms; /* monotonic: asked for again after that */
	bool is_leased;
};

struct vault {
	struct request_conf conf;
	const char *allowed; /* a comma list; NULL: everything is */
	int64_t ttl_ms;
	struct secret *secrets;
};

static int64_t
now_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- life -------------------------------------------------------------- */

static const char *
given(const struct ps_config *c, const char *key)
{
	const char *value = ps_config_get(c, key);

	return value == NULL || value[0] == '\0' ? NULL : value;
}

static int
check(const struct vault *v, struct ps_error *err)
{
	const char *address = v->conf.address;
	size_t len = strlen(address);

	if (strncmp(address, "http://", 7) != 0 &&
	    strncmp(address, "https://", 8) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "address: expected http:// or https:// and a host");
	if (strchr(address, '@') != NULL || strchr(address, '?') != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "address: expected no more than scheme, host, port and "
		    "path");
	if (len > 0 && address[len - 1] == '/')
		return ps_fail(err, PS_E_CONFIG,
		    "address %s: expected no slash at its end", address);
	if ((v->conf.token == NULL) == (v->conf.token_file == NULL))
		return ps_fail(err, PS_E_CONFIG,
		    "give either token or token.file");
	return 0;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	struct vault *v = (struct vault *)calloc(1, sizeof *v);

	(void)self;
	assert(v != NULL);
	v->conf = (struct request_conf){ .host = h,
		.address = ps_config_str(c, "address"),
		.name_space = given(c, "namespace"),
		.token = given(c, "token"),
		.token_file = given(c, "token.file"),
		.ca_file = given(c, "tls.ca.file"),
		.timeout_ms = ps_config_int(c, "timeout.ms"),
		.max_bytes = (size_t)ps_config_int(c, "max.bytes"),
		.allow_link_local = ps_config_bool(c, "allow.link.local") };
	v->allowed = given(c, "allowed.paths");
	v->ttl_ms = ps_config_int(c, "ttl.ms");
	if (check(v, err) == 0)
		return v;
	free(v);
	return NULL;
}

static void
destroy(void *state)
{
	struct vault *v = (struct vault *)state;

	while (v->secrets != NULL) {
		struct secret *s = v->secrets;

		v->secrets = s->next;
		json_decref(s->data);
		free(s->path);
		free(s);
	}
	free(v);
}

/* ---- answers ----------------------------------------------------------- */

/* The path itself, or what is below it. */
static bool
is_allowed(const struct vault *v, const char *path)
{
	const char *p = v->allowed;

	if (p == NULL)
		return true;
	for (; *p != '\0'; p += strcspn(p, ","), p += *p == ',') {
		size_t len;

		p += strspn(p, " ");
		len = strcspn(p, ", ");
		while (len > 0 && p[len - 1] == '/')
			len--;
		if (len > 0 && strncmp(path, p, len) == 0 &&
		    (path[len] == '\0' || path[len] == '/'))
			return true;
	}
	return false;
}

/* Of version 2 of the key-value store, or of all others. NULL: neither. */
static json_t *
data_of(const json_t *answer)
{
	json_t *data = json_object_get(answer, "data");
	json_t *inner = json_object_get(data, "data");

	if (json_is_object(inner) &&
	    json_is_object(json_object_get(data, "metadata")))
		return inner;
	return json_is_object(data) ? data : NULL;
}

static void
set_lease(const struct vault *v, struct secret *s, const json_t *answer)
{
	json_int_t lease =
	    json_integer_value(json_object_get(answer, "lease_duration"));
	int64_t ms = v->ttl_ms;

	if (lease > LONGEST_S)
		lease = LONGEST_S;
	s->is_leased = lease > 0 || ms > 0;
	if (lease > 0)
		ms = lease * 1000 * 2 / 3;
	s->until_ms = now_ms() + (ms < SHORTEST_MS ? SHORTEST_MS : ms);
}

static int
take(struct vault *v, struct secret *s, const char *body, size_t len,
    struct ps_error *err)
{
	json_t *answer = json_loadb(body, len, 0, NULL);
	json_t *data = data_of(answer);

	if (data == NULL) {
		json_decref(answer);
		return ps_fail(err, PS_E_CONFIG,
		    "what stands at %s is no secret: expected a JSON object "
		    "with data",
		    s->path);
	}
	json_decref(s->data);
	s->data = json_incref(data);
	set_lease(v, s, answer);
	json_decref(answer);
	return 0;
}

static struct secret *
secret_of(struct vault *v, const char *path)
{
	struct secret *s = v->secrets;

	while (s != NULL && strcmp(s->path, path) != 0)
		s = s->next;
	if (s != NULL)
		return s;
	s = (struct secret *)calloc(1, sizeof *s);
	assert(s != NULL);
	s->path = strdup(path);
	assert(s->path != NULL);
	s->next = v->secrets;
	v->secrets = s;
	return s;
}

static int
ask(struct vault *v, struct secret *s, struct ps_error *err)
{
	char *body;
	size_t len;
	int result;

	if (s->data != NULL && now_ms() < s->until_ms)
		return 0;
	if (request_get(&v->conf, s->path, &body, &len, err) != 0)
		return -1;
	result = take(v, s, body, len, err);
	request_wipe(&body, len);
	return result;
}

static const char *
text_of(struct ps_arena *a, const json_t *value)
{
	char text[TEXT_MAX];

	if (json_is_string(value))
		return ps_strndup(a, json_string_value(value),
		    json_string_length(value));
	if (json_is_boolean(value))
		return json_is_true(value) ? "true" : "false";
	if (json_is_integer(value))
		(void)snprintf(text, sizeof text, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
	else if (json_is_real(value))
		(void)snprintf(text, sizeof text, "%.17g",
		    json_real_value(value));
	else
		return NULL;
	return ps_strdup(a, text);
}

static int
get(void *state, struct ps_arena *a, const char *path, const char *key,
    const char **value, struct ps_error *err)
{
	struct vault *v = (struct vault *)state;
	struct secret *s;

	if (path[0] == '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "%s: expected ${vault:path:key}", key);
	if (!is_allowed(v, path))
		return ps_fail(err, PS_E_CONFIG,
		    "path %s is not among allowed.paths", path);
	s = secret_of(v, path);
	if (ask(v, s, err) != 0)
		return ps_fail_in(err, "vault %s", v->conf.address);
	*value = text_of(a, json_object_get(s->data, key));
	if (*value == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "vault %s: the secret at %s has no text under %s",
		    v->conf.address, path, key);
	return 1;
}

static int64_t
ttl_ms(void *state)
{
	const struct vault *v = (const struct vault *)state;
	int64_t now = now_ms(), soonest = -1;

	for (const struct secret *s = v->secrets; s != NULL; s = s->next) {
		int64_t left = s->until_ms > now ? s->until_ms - now : 0;

		if (s->is_leased && (soonest < 0 || left < soonest))
			soonest = left;
	}
	return soonest;
}

const struct ps_provider_ops vault_ops = {
	.create = create,
	.get = get,
	.destroy = destroy,
	.ttl_ms = ttl_ms,
};
