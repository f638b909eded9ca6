/*
 * conf: the connector's configuration, read once.
 */
#ifndef PENSTOCK_CONNECTORS_HTTP_CONF_H
#define PENSTOCK_CONNECTORS_HTTP_CONF_H

#include <penstock/config.h>
#include <penstock/error.h>

enum format { FORMAT_AS_IS, FORMAT_JSON, FORMAT_NDJSON };
enum auth { AUTH_NONE, AUTH_STATIC, AUTH_BASIC, AUTH_BEARER, AUTH_OAUTH2 };

#define RENEW_CODES 16
#define ADDED_MAX   60 /* headers of http.headers.additional */

struct http_conf {
	char *url;
	enum auth auth;
	char *authorization; /* the header's value; NULL with OAuth2 */
	char *content_type;
	char **headers; /* "Name: value", NULL ends */
	size_t header_count;
	int64_t timeout_ms;
	char *proxy;
	bool trust_all, allow_link_local;
	char *ca_file, *client_file, *client_word;

	char *token_url, *client_id, *client_secret, *scope;
	char *grant_type, *grant_property, *id_property, *secret_property;
	char *token_property;
	bool client_in_body;
	int renew_codes[RENEW_CODES];
	size_t renew_count;

	enum format format;
	bool batching;
	size_t batch_max;
	char *prefix, *suffix, *separator;
	int64_t linger_ms;
	int64_t backoff_ms, retry_after_max_ms;
};

/* Checks what the key table cannot; the first thing wrong is the error. */
int http_conf_read(struct http_conf *conf, const struct ps_config *c,
    struct ps_error *err);
/* As http_conf_read, but all that is wrong, each under the key that its text
 * begins with. */
void http_conf_validate(const struct ps_config *c, struct ps_report *rep);
/* The scheme with user:word behind it in base64; free() it. */
char *http_conf_basic(const char *scheme, const char *user, const char *word);
void http_conf_fini(struct http_conf *conf);

#endif
