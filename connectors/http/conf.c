#include "conf.h"

#include <stdlib.h>
#include <string.h>

#include <penstock/base64.h>
#include <penstock/pem.h>

static char *
copy(const char *text)
{
	char *p = strdup(text);

	if (p == NULL)
		abort();
	return p;
}

static char *
get(const struct ps_config *c, const char *key)
{
	return copy(ps_config_str(c, key));
}

static int
check_url(const char *key, const char *url, struct ps_error *err)
{
	if ((strncmp(url, "http://", 7) == 0 ||
		strncmp(url, "https://", 8) == 0) &&
	    strpbrk(url, " \r\n\t") == NULL && strstr(url, "://")[3] != '\0')
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "%s=%.200s is not an http:// or https:// URL", key, url);
}

/* What goes into a header may not end it. */
static int
check_header(const char *key, const char *value, struct ps_error *err)
{
	for (const char *p = value; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' && *p != '\t')
			return ps_fail(err, PS_E_CONFIG,
			    "%s holds a control character (0x%02x), which a "
			    "header cannot",
			    key, (unsigned char)*p);
	return 0;
}

static void
add_header(struct http_conf *conf, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
	size_t len = name_len + value_len + 3;
	char *line = malloc(len);

	conf->headers = realloc(conf->headers,
	    (conf->header_count + 1) * sizeof *conf->headers);
	if (line == NULL || conf->headers == NULL)
		abort();
	(void)snprintf(line, len, "%.*s: %.*s", (int)name_len, name,
	    (int)value_len, value);
	conf->headers[conf->header_count++] = line;
}

/* http.headers.additional: k:v,k:v */
static int
read_headers(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	static const char token[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "!#$%&'*+-.^_`|~";
	const char *p = ps_config_str(c, "http.headers.additional"), *colon;

	if (check_header("http.headers.additional", p, err) != 0)
		return -1;
	while (*p != '\0') {
		size_t len = strcspn(p, ","), skip = strspn(p, " "), name;

		colon = memchr(p, ':', len);
		name = strspn(p + skip, token);
		if (colon == NULL || name == 0 || p + skip + name != colon)
			return ps_fail(err, PS_E_CONFIG,
			    "http.headers.additional: %.*s is not "
			    "name:value",
			    (int)(len < 100 ? len : 100), p);
		colon += 1 + strspn(colon + 1, " ");
		add_header(conf, p + skip, name, colon,
		    p + len > colon ? (size_t)(p + len - colon) : 0);
		p += len + (p[len] == ',');
	}
	if (conf->header_count > ADDED_MAX)
		return ps_fail(err, PS_E_CONFIG,
		    "http.headers.additional: %zu headers, %d are possible",
		    conf->header_count, ADDED_MAX);
	return 0;
}

static void
set_authorization(struct http_conf *conf, const char *scheme, const char *text)
{
	size_t len = strlen(scheme) + strlen(text) + 1;

	conf->authorization = malloc(len);
	if (conf->authorization == NULL)
		abort();
	(void)snprintf(conf->authorization, len, "%s%s", scheme, text);
}

char *
http_conf_basic(const char *scheme, const char *user, const char *word)
{
	size_t len = strlen(user) + strlen(word) + 1, start = strlen(scheme);
	char *pair = malloc(len + 1);
	char *out = malloc(start + PS_BASE64_LEN(len) + 1);

	if (pair == NULL || out == NULL)
		abort();
	(void)snprintf(pair, len + 1, "%s:%s", user, word);
	memcpy(out, scheme, start);
	start += ps_base64_put(out + start, (const uint8_t *)pair, len);
	out[start] = '\0';
	free(pair);
	return out;
}

static void
read_auth_type(struct http_conf *conf, const struct ps_config *c)
{
	static const struct {
		const char *name;
		enum auth auth;
	} types[] = {
		{ "none", AUTH_NONE },
		{ "static", AUTH_STATIC },
		{ "basic", AUTH_BASIC },
		{ "bearer", AUTH_BEARER },
		{ "oauth2", AUTH_OAUTH2 },
	};
	const char *type = ps_config_str(c, "http.authorization.type");

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcasecmp(type, types[i].name) == 0)
			conf->auth = types[i].auth;
	conf->client_in_body =
	    strcasecmp(ps_config_str(c, "oauth2.client.authorization.mode"),
		"URL") == 0;
}

static int
need(const struct ps_config *c, const char *key, struct ps_error *err)
{
	if (ps_config_has(c, key))
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "%s is not set, http.authorization.type=%s needs it", key,
	    ps_config_str(c, "http.authorization.type"));
}

static void
read_batches(struct http_conf *conf, const struct ps_config *c)
{
	const char *format = ps_config_str(c, "batch.format");

	conf->format = strcmp(format, "json") == 0     ? FORMAT_JSON
		       : strcmp(format, "ndjson") == 0 ? FORMAT_NDJSON
						       : FORMAT_AS_IS;
	conf->batching = conf->format != FORMAT_AS_IS ||
			 ps_config_bool(c, "batching.enabled");
	conf->batch_max =
	    conf->batching ? (size_t)ps_config_int(c, "batch.max.size") : 1;
	conf->linger_ms =
	    conf->batching ? ps_config_int(c, "batch.linger.ms") : 0;
	conf->prefix = get(c, "batch.prefix");
	conf->suffix = get(c, "batch.suffix");
	conf->separator = get(c, "batch.separator");
	if (conf->format == FORMAT_AS_IS)
		return;
	free(conf->prefix);
	free(conf->suffix);
	free(conf->separator);
	conf->prefix = copy(conf->format == FORMAT_JSON ? "[" : "");
	conf->suffix = copy(conf->format == FORMAT_JSON ? "]" : "\n");
	conf->separator = copy(conf->format == FORMAT_JSON ? "," : "\n");
}

static void
read_tls(struct http_conf *conf, const struct ps_config *c)
{
	conf->trust_all = ps_config_bool(c, "http.ssl.trust.all.certs");
	conf->ca_file = get(c, "http.ssl.truststore.location");
	conf->client_file = get(c, "http.ssl.keystore.location");
	conf->client_word = get(c, "http.ssl.key.password");
	conf->allow_link_local = ps_config_bool(c, "http.allow.link.local");
}

static void
read_texts(struct http_conf *conf, const struct ps_config *c)
{
	conf->url = get(c, "http.url");
	conf->token_url = get(c, "oauth2.access.token.url");
	conf->client_id = get(c, "oauth2.client.id");
	conf->client_secret = get(c, "oauth2.client.secret");
	conf->scope = get(c, "oauth2.client.scope");
	conf->grant_type = get(c, "oauth2.grant.type");
	conf->grant_property = get(c, "oauth2.request.grant.type.property");
	conf->id_property = get(c, "oauth2.request.client.id.property");
	conf->secret_property = get(c, "oauth2.request.client.secret.property");
	conf->token_property = get(c, "oauth2.response.token.property");
	conf->content_type = get(c, "http.headers.content.type");
	conf->timeout_ms = ps_config_int(c, "http.timeout") * 1000;
	conf->backoff_ms = ps_config_int(c, "retry.backoff.ms");
	conf->retry_after_max_ms = ps_config_int(c, "retry.after.max.ms");
	if (conf->content_type[0] == '\0' && ps_config_has(c, "batch.format")) {
		free(conf->content_type);
		conf->content_type =
		    copy(strcmp(ps_config_str(c, "batch.format"), "json") == 0
			     ? "application/json"
			     : "application/x-ndjson");
	}
}

/* ---- What the key table cannot check: one key each ---- */

static int
check_target(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	(void)c;
	return check_url("http.url", conf->url, err);
}

/* The header's value, from the key that the kind of authorization needs. */
static int
read_authorization(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	const char *key = conf->auth == AUTH_STATIC
			      ? "http.headers.authorization"
			      : "http.bearer.token";

	if (conf->auth != AUTH_STATIC && conf->auth != AUTH_BEARER)
		return 0;
	if (need(c, key, err) != 0)
		return -1;
	set_authorization(conf, conf->auth == AUTH_STATIC ? "" : "Bearer ",
	    ps_config_str(c, key));
	return check_header(key, conf->authorization, err);
}

static int
read_basic(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	const char *user = ps_config_str(c, "http.basic.username");

	if (conf->auth != AUTH_BASIC)
		return 0;
	if (user[0] == '\0' || strchr(user, ':') != NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "http.basic.username=%s is empty or holds ':'", user);
	conf->authorization = http_conf_basic("Basic ", user,
	    ps_config_str(c, "http.basic.password"));
	return 0;
}

static int
check_token_url(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	if (conf->auth != AUTH_OAUTH2)
		return 0;
	if (need(c, "oauth2.access.token.url", err) != 0)
		return -1;
	return check_url("oauth2.access.token.url", conf->token_url, err);
}

static int
check_client_id(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	return conf->auth == AUTH_OAUTH2 ? need(c, "oauth2.client.id", err) : 0;
}

static int
check_client_secret(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	return conf->auth == AUTH_OAUTH2 ? need(c, "oauth2.client.secret", err)
					 : 0;
}

static int
read_renew_codes(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	const char *codes =
	    ps_config_str(c, "oauth2.token.renew.on.status.codes");
	char *end;

	while (conf->auth == AUTH_OAUTH2 && *codes != '\0' &&
	       conf->renew_count < RENEW_CODES) {
		long code = strtol(codes, &end, 10);

		if (end == codes || code < 100 || code > 599)
			return ps_fail(err, PS_E_CONFIG,
			    "oauth2.token.renew.on.status.codes: %.20s is no "
			    "status code",
			    codes);
		conf->renew_codes[conf->renew_count++] = (int)code;
		codes = end + strspn(end, ", ");
	}
	return 0;
}

static int
read_proxy(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	const char *host = ps_config_str(c, "http.proxy.host");
	long long port = (long long)ps_config_int(c, "http.proxy.port");
	char text[512] = "";

	conf->proxy = copy("");
	if (host[0] == '\0')
		return 0;
	if (port < 1)
		return ps_fail(err, PS_E_CONFIG,
		    "http.proxy.port=%lld is no port, http.proxy.host=%.200s "
		    "needs one",
		    port, host);
	(void)snprintf(text, sizeof text, "http://%s:%lld", host, port);
	free(conf->proxy);
	conf->proxy = copy(text);
	return 0;
}

static int
check_truststore(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	(void)conf;
	return ps_pem_check(c, "http.ssl.truststore.location", false, err);
}

static int
check_keystore(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	(void)conf;
	return ps_pem_check(c, "http.ssl.keystore.location", true, err);
}

static int
check_content_type(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	(void)c;
	return check_header("http.headers.content.type", conf->content_type,
	    err);
}

typedef int check_fn(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err);

static check_fn *const checks[] = { check_target, read_authorization,
	read_basic, check_token_url, check_client_id, check_client_secret,
	read_renew_codes, read_headers, read_proxy, check_truststore,
	check_keystore, check_content_type };

static void
read_what_is_right(struct http_conf *conf, const struct ps_config *c)
{
	*conf = (struct http_conf){ 0 };
	read_texts(conf, c);
	read_batches(conf, c);
	read_tls(conf, c);
	read_auth_type(conf, c);
}

int
http_conf_read(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err)
{
	read_what_is_right(conf, c);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++)
		if (checks[i](conf, c, err) != 0)
			return -1;
	return 0;
}

void
http_conf_validate(const struct ps_config *c, struct ps_report *rep)
{
	struct http_conf conf;
	struct ps_error err = { 0 };
	char key[128];

	read_what_is_right(&conf, c);
	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		if (checks[i](&conf, c, &err) == 0)
			continue;
		(void)snprintf(key, sizeof key, "%.*s",
		    (int)strcspn(err.text, "= :"), err.text);
		rep->error(rep, key, "%s", err.text);
		ps_error_clear(&err);
	}
	http_conf_fini(&conf);
}

void
http_conf_fini(struct http_conf *conf)
{
	char *all[] = { conf->url, conf->authorization, conf->content_type,
		conf->proxy, conf->ca_file, conf->client_file,
		conf->client_word, conf->token_url, conf->client_id,
		conf->client_secret, conf->scope, conf->grant_type,
		conf->grant_property, conf->id_property, conf->secret_property,
		conf->token_property, conf->prefix, conf->suffix,
		conf->separator };

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		free(all[i]);
	for (size_t i = 0; i < conf->header_count; i++)
		free(conf->headers[i]);
	free(conf->headers);
	*conf = (struct http_conf){ 0 };
}
