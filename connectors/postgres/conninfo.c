#include "conninfo.h"

#include <stdbool.h>
#include <stdlib.h>
#include <strings.h>

enum how {
	SAME,     /* the value as it is, under libpq's name */
	HARMLESS, /* nothing that changes what arrives */
	SSL,      /* ssl=true is sslmode=verify-full */
	SWITCH,   /* true and false are 1 and 0 */
	SECONDS,  /* libpq wants milliseconds */
	SCHEMA,   /* a search_path */
	TARGET,   /* primary, secondary … */
};

static const struct param {
	const char *name, *libpq;
	enum how how;
} params[] = {
	{ "user", "user", SAME },
	{ "password", "password", SAME },
	{ "host", "host", SAME },
	{ "hostaddr", "hostaddr", SAME },
	{ "port", "port", SAME },
	{ "dbname", "dbname", SAME },
	{ "passfile", "passfile", SAME },
	{ "options", "options", SAME },
	{ "application_name", "application_name", SAME },
	{ "ApplicationName", "application_name", SAME },
	{ "connect_timeout", "connect_timeout", SAME },
	{ "connectTimeout", "connect_timeout", SAME },
	{ "loginTimeout", "connect_timeout", SAME },
	{ "tcp_user_timeout", "tcp_user_timeout", SAME },
	{ "socketTimeout", "tcp_user_timeout", SECONDS },
	{ "keepalives", "keepalives", SAME },
	{ "keepalives_idle", "keepalives_idle", SAME },
	{ "keepalives_interval", "keepalives_interval", SAME },
	{ "keepalives_count", "keepalives_count", SAME },
	{ "tcpKeepAlive", "keepalives", SWITCH },
	{ "ssl", "sslmode", SSL },
	{ "sslmode", "sslmode", SAME },
	{ "sslcert", "sslcert", SAME },
	{ "sslkey", "sslkey", SAME },
	{ "sslpassword", "sslpassword", SAME },
	{ "sslrootcert", "sslrootcert", SAME },
	{ "sslcrl", "sslcrl", SAME },
	{ "sslcrldir", "sslcrldir", SAME },
	{ "sslsni", "sslsni", SAME },
	{ "ssl_min_protocol_version", "ssl_min_protocol_version", SAME },
	{ "ssl_max_protocol_version", "ssl_max_protocol_version", SAME },
	{ "channel_binding", "channel_binding", SAME },
	{ "channelBinding", "channel_binding", SAME },
	{ "gssencmode", "gssencmode", SAME },
	{ "gssEncMode", "gssencmode", SAME },
	{ "krbsrvname", "krbsrvname", SAME },
	{ "kerberosServerName", "krbsrvname", SAME },
	{ "target_session_attrs", "target_session_attrs", SAME },
	{ "targetServerType", "target_session_attrs", TARGET },
	{ "currentSchema", "options", SCHEMA },
	{ "adaptiveFetch", NULL, HARMLESS },
	{ "autosave", NULL, HARMLESS },
	{ "binaryTransfer", NULL, HARMLESS },
	{ "cleanupSavepoints", NULL, HARMLESS },
	{ "databaseMetadataCacheFields", NULL, HARMLESS },
	{ "databaseMetadataCacheFieldsMiB", NULL, HARMLESS },
	{ "defaultRowFetchSize", NULL, HARMLESS },
	{ "disableColumnSanitiser", NULL, HARMLESS },
	{ "escapeSyntaxCallMode", NULL, HARMLESS },
	{ "hostRecheckSeconds", NULL, HARMLESS },
	{ "loadBalanceHosts", NULL, HARMLESS },
	{ "logUnclosedConnections", NULL, HARMLESS },
	{ "loggerFile", NULL, HARMLESS },
	{ "loggerLevel", NULL, HARMLESS },
	{ "maxResultBuffer", NULL, HARMLESS },
	{ "preferQueryMode", NULL, HARMLESS },
	{ "prepareThreshold", NULL, HARMLESS },
	{ "preparedStatementCacheQueries", NULL, HARMLESS },
	{ "preparedStatementCacheSizeMiB", NULL, HARMLESS },
	{ "reWriteBatchedInserts", NULL, HARMLESS },
	{ "readOnly", NULL, HARMLESS },
	{ "readOnlyMode", NULL, HARMLESS },
	{ "receiveBufferSize", NULL, HARMLESS },
	{ "sendBufferSize", NULL, HARMLESS },
	{ "stringtype", NULL, HARMLESS },
	{ "tcpNoDelay", NULL, HARMLESS },
	{ "unknownLength", NULL, HARMLESS },
};

static const struct target {
	const char *jdbc, *libpq;
} targets[] = {
	{ "any", "any" },
	{ "primary", "primary" },
	{ "master", "primary" },
	{ "secondary", "standby" },
	{ "slave", "standby" },
	{ "preferSecondary", "prefer-standby" },
	{ "preferSlave", "prefer-standby" },
	{ "preferPrimary", "any" },
};

const char *
conninfo_get(const struct conninfo *c, const char *key)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->keys[i], key) == 0)
			return c->values[i];
	return NULL;
}

int
conninfo_set(struct conninfo *c, const char *key, const char *value,
    struct ps_error *err)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->keys[i], key) == 0) {
			c->values[i] = value;
			return 0;
		}
	if (c->count == CONNINFO_MAX)
		return ps_fail(err, PS_E_CONFIG,
		    "connection.url has more than %u parameters", CONNINFO_MAX);
	c->keys[c->count] = key;
	c->values[c->count++] = value;
	return 0;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* A copy of s[0..len) with %XX decoded, or NULL. */
static const char *
decoded(struct ps_arena *a, const char *s, size_t len, struct ps_error *err)
{
	char *out = ps_alloc(a, len + 1), *to = out;

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (s[i] != '%') {
			*to++ = s[i];
			continue;
		}
		high = i + 1 < len ? hex_digit(s[i + 1]) : -1;
		low = i + 2 < len ? hex_digit(s[i + 2]) : -1;
		if (high < 0 || low < 0 || high + low == 0) {
			(void)ps_fail(err, PS_E_CONFIG,
			    "connection.url: a %% is not followed by two "
			    "hexadecimal digits (write %% as %%25)");
			return NULL;
		}
		*to++ = (char)(high * 16 + low);
		i += 2;
	}
	*to = '\0';
	return out;
}

static const char *
target_value(const char *value, struct ps_error *err)
{
	for (size_t i = 0; i < sizeof targets / sizeof *targets; i++)
		if (strcasecmp(targets[i].jdbc, value) == 0)
			return targets[i].libpq;
	(void)ps_fail(err, PS_E_CONFIG,
	    "connection.url: targetServerType=%s is none of any, primary, "
	    "secondary, preferSecondary",
	    value);
	return NULL;
}

/* search_path as an option of the start packet: spaces need a backslash. */
static const char *
search_path_option(struct ps_arena *a, const char *schema)
{
	char *escaped = ps_alloc(a, 2 * strlen(schema) + 1), *to = escaped;

	for (const char *p = schema; *p != '\0'; p++) {
		if (*p == ' ' || *p == '\\')
			*to++ = '\\';
		*to++ = *p;
	}
	*to = '\0';
	return ps_printf(a, "-c search_path=%s", escaped);
}

static int
set_param(struct ps_arena *a, struct conninfo *c, const struct param *p,
    const char *value, struct ps_error *err)
{
	bool on = strcasecmp(value, "true") == 0 || value[0] == '\0';

	switch (p->how) {
	case HARMLESS:
		return 0;
	case SAME:
		break;
	case SSL:
		if (!on || conninfo_get(c, "sslmode") != NULL)
			return 0;
		value = "verify-full";
		break;
	case SWITCH:
		value = on ? "1" : "0";
		break;
	case SECONDS:
		value = ps_printf(a, "%ld000", strtol(value, NULL, 10));
		break;
	case SCHEMA:
		value = search_path_option(a, value);
		break;
	case TARGET:
		value = target_value(value, err);
		break;
	}
	return value == NULL ? -1 : conninfo_set(c, p->libpq, value, err);
}

static int
parse_param(struct ps_arena *a, struct conninfo *c, const char *s, size_t len,
    struct ps_error *err)
{
	const char *eq = memchr(s, '=', len);
	size_t name_len = eq == NULL ? len : (size_t)(eq - s);
	const char *name = decoded(a, s, name_len, err);
	const char *value =
	    eq == NULL ? "" : decoded(a, eq + 1, len - name_len - 1, err);

	if (name == NULL || value == NULL)
		return -1;
	for (size_t i = 0; i < sizeof params / sizeof *params; i++)
		if (strcmp(params[i].name, name) == 0)
			return set_param(a, c, &params[i], value, err);
	return ps_fail(err, PS_E_CONFIG,
	    "connection.url: parameter %s is not supported", name);
}

static int
parse_params(struct ps_arena *a, struct conninfo *c, const char *s,
    struct ps_error *err)
{
	while (*s != '\0') {
		size_t len = strcspn(s, "&");

		if (len > 0 && parse_param(a, c, s, len, err) != 0)
			return -1;
		s += len + (s[len] == '&');
	}
	return 0;
}

/* Appends to the comma lists that libpq takes for several servers. */
static void
add_host(struct ps_arena *a, const char **list, bool first, const char *s,
    size_t len)
{
	const char *item = ps_strndup(a, s, len);

	*list = first ? item : ps_printf(a, "%s,%s", *list, item);
}

/* One of host, host:port, [v6], [v6]:port; n bytes. */
static void
parse_host(struct ps_arena *a, const char *s, size_t n, const char **hosts,
    const char **ports, bool first)
{
	const char *stop = s[0] == '[' ? memchr(s, ']', n) : NULL;
	const char *from = stop == NULL ? s : stop;
	const char *colon = memchr(from, ':', n - (size_t)(from - s));
	size_t host_len = colon == NULL ? n : (size_t)(colon - s);

	if (stop != NULL)
		add_host(a, hosts, first, s + 1, (size_t)(stop - s) - 1);
	else
		add_host(a, hosts, first, s, host_len);
	if (colon == NULL)
		add_host(a, ports, first, "5432", 4);
	else
		add_host(a, ports, first, colon + 1, n - host_len - 1);
}

/* host[:port],[v6]:port… */
static int
parse_hosts(struct ps_arena *a, struct conninfo *c, const char *s, size_t len,
    struct ps_error *err)
{
	const char *list = ps_strndup(a, s, len), *hosts = "", *ports = "";

	for (const char *p = list; *p != '\0';) {
		size_t n = strcspn(p, ",");

		parse_host(a, p, n, &hosts, &ports, p == list);
		p += n + (p[n] == ',');
	}
	hosts = decoded(a, hosts, strlen(hosts), err);
	if (hosts == NULL)
		return -1;
	if (ports[strspn(ports, "0123456789,")] != '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "connection.url: port %s is not a number", ports);
	if (conninfo_set(c, "host", hosts, err) != 0)
		return -1;
	return conninfo_set(c, "port", ports, err);
}

/* [user[:password]@]hosts */
static int
parse_authority(struct ps_arena *a, struct conninfo *c, const char *s,
    size_t len, struct ps_error *err)
{
	const char *at = memrchr(s, '@', len), *colon, *user, *password;
	size_t n = at == NULL ? 0 : (size_t)(at - s);

	if (at != NULL) {
		colon = memchr(s, ':', n);
		user =
		    decoded(a, s, colon == NULL ? n : (size_t)(colon - s), err);
		password = colon == NULL ? ""
					 : decoded(a, colon + 1,
					       (size_t)(at - colon) - 1, err);
		if (user == NULL || password == NULL)
			return -1;
		if (conninfo_set(c, "user", user, err) != 0 ||
		    conninfo_set(c, "password", password, err) != 0)
			return -1;
		s += n + 1;
		len -= n + 1;
	}
	return len == 0 ? 0 : parse_hosts(a, c, s, len, err);
}

static const char *
skip_scheme(const char *url)
{
	static const char *const schemes[] = { "jdbc:postgresql:",
		"postgresql:", "postgres:" };

	for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
		if (strncmp(url, schemes[i], strlen(schemes[i])) == 0)
			return url + strlen(schemes[i]);
	return NULL;
}

static int
parse_url(struct ps_arena *a, const char *url, struct conninfo *c,
    struct ps_error *err)
{
	const char *s = skip_scheme(url), *db;
	size_t len;

	if (s == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "connection.url: \"%.*s\" is no Postgres URL: it begins "
		    "with jdbc:postgresql: or postgresql:",
		    (int)strcspn(url, ":/?@"), url);
	if (strncmp(s, "//", 2) == 0) {
		s += 2;
		len = strcspn(s, "/?");
		if (parse_authority(a, c, s, len, err) != 0)
			return -1;
		s += len;
		s += *s == '/';
	}
	len = strcspn(s, "?");
	db = decoded(a, s, len, err);
	if (db == NULL)
		return -1;
	if (db[0] != '\0' && conninfo_set(c, "dbname", db, err) != 0)
		return -1;
	return s[len] == '?' ? parse_params(a, c, s + len + 1, err) : 0;
}

int
conninfo_parse(struct ps_arena *a, const char *url, const char *user,
    const char *password, struct conninfo *out, struct ps_error *err)
{
	static const char *const defaults[][2] = {
		{ "host", "localhost" },
		{ "port", "5432" },
		{ "application_name", "penstock" },
		{ "connect_timeout", "10" },
		{ "keepalives_idle", "30" },
		{ "keepalives_interval", "10" },
		{ "keepalives_count", "3" },
		{ "client_encoding", "UTF8" },
	};

	*out = (struct conninfo){ .count = 0 };
	if (parse_url(a, url, out, err) != 0)
		return -1;
	if (user[0] != '\0' && conninfo_set(out, "user", user, err) != 0)
		return -1;
	if (password[0] != '\0' &&
	    conninfo_set(out, "password", password, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
		if (conninfo_get(out, defaults[i][0]) == NULL &&
		    conninfo_set(out, defaults[i][0], defaults[i][1], err) != 0)
			return -1;
	if (conninfo_get(out, "dbname") == NULL &&
	    conninfo_get(out, "user") != NULL)
		return conninfo_set(out, "dbname", conninfo_get(out, "user"),
		    err);
	return 0;
}
