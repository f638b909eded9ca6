#include <penstock/abi.h>

#include "sink.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The documentation comes last, with what differs from a plain key. */
/* NOLINTBEGIN(bugprone-macro-parentheses): designated initializers */
#define KEY(key_name, key_type, key_default, ...)                        \
	{                                                                \
		.name = (key_name), .type = PS_KEY_##key_type,           \
		.default_value = (key_default), .importance = PS_MEDIUM, \
		.doc = __VA_ARGS__                                       \
	}
#define AT_LEAST(n) .flags = PS_HAS_MIN, .min = (n)
/* NOLINTEND(bugprone-macro-parentheses) */

static const char *const auth_choices[] = { "none", "static", "basic", "bearer",
	"oauth2", NULL };
static const char *const format_choices[] = { "", "json", "ndjson", NULL };
static const char *const mode_choices[] = { "HEADER", "URL", NULL };

static const struct ps_key keys[] = {
	KEY("http.url", STRING, NULL, "Where to POST",
	    .flags = PS_REQUIRED | PS_NOT_EMPTY),
	KEY("http.authorization.type", STRING, NULL,
	    "none, static (http.headers.authorization), basic, bearer, oauth2",
	    .flags = PS_REQUIRED | PS_ANY_CASE, .choices = auth_choices),
	KEY("http.headers.authorization", PASSWORD, NULL,
	    "The header's value with http.authorization.type=static",
	    .flags = PS_RENEWABLE),
	KEY("http.basic.username", STRING, NULL, "With basic",
	    .flags = PS_RENEWABLE),
	KEY("http.basic.password", PASSWORD, NULL, "With basic",
	    .flags = PS_RENEWABLE),
	KEY("http.bearer.token", PASSWORD, NULL, "With bearer",
	    .flags = PS_RENEWABLE),
	KEY("http.headers.content.type", STRING, NULL,
	    "Content-Type; batch.format has one of its own"),
	KEY("http.headers.additional", LIST, "", "name:value, …",
	    .flags = PS_RENEWABLE),
	KEY("http.timeout", INT, "30",
	    "Seconds for one request, answer included",
	    .flags = PS_HAS_MIN | PS_HAS_MAX, .min = 1, .max = 86400),
	KEY("http.proxy.host", STRING, NULL,
	    "Proxy; the environment is not asked"),
	KEY("http.proxy.port", INT, "-1", "Its port",
	    .flags = PS_HAS_MIN | PS_HAS_MAX, .min = -1, .max = 65535),
	KEY("http.ssl.trust.all.certs", BOOLEAN, "false",
	    "No check of the server's certificate; logged as a warning"),
	KEY("http.ssl.truststore.location", STRING, NULL,
	    "PEM file of trusted certificates; default: the system's"),
	KEY("http.ssl.keystore.location", STRING, NULL,
	    "PEM file of a client certificate and its private key"),
	KEY("http.ssl.key.password", PASSWORD, NULL,
	    "Of that private key, when it is encrypted"),
	KEY("http.ssl.truststore.password", PASSWORD, NULL,
	    "PEM files have none", .flags = PS_UNSUPPORTED),
	KEY("http.allow.link.local", BOOLEAN, "false",
	    "Allow link-local and metadata addresses (169.254.0.0/16, "
	    "fe80::/10, fd00:ec2::254 and the like)"),
	KEY("oauth2.access.token.url", STRING, NULL, "Where to get tokens"),
	KEY("oauth2.client.id", STRING, NULL, "With oauth2",
	    .flags = PS_RENEWABLE),
	KEY("oauth2.client.secret", PASSWORD, NULL, "With oauth2",
	    .flags = PS_RENEWABLE),
	KEY("oauth2.client.scope", STRING, NULL, "Sent when set",
	    .flags = PS_RENEWABLE),
	KEY("oauth2.grant.type", STRING, "client_credentials", "The grant"),
	KEY("oauth2.request.grant.type.property", STRING, "grant_type",
	    "Name of the parameter"),
	KEY("oauth2.request.client.id.property", STRING, "client_id",
	    "Name of the parameter, mode URL"),
	KEY("oauth2.request.client.secret.property", STRING, "client_secret",
	    "Name of the parameter, mode URL"),
	KEY("oauth2.client.authorization.mode", STRING, "HEADER",
	    "HEADER: Basic; URL: in the form", .flags = PS_ANY_CASE,
	    .choices = mode_choices),
	KEY("oauth2.response.token.property", STRING, "access_token",
	    "Member of the answer that holds the token"),
	KEY("oauth2.token.renew.on.status.codes", LIST, "401",
	    "Answers that renew the token"),
	KEY("batching.enabled", BOOLEAN, "false",
	    "Several records per request, joined by the batch.* keys"),
	KEY("batch.format", STRING, "",
	    "json: an array; ndjson: a line each; both turn batching on",
	    .choices = format_choices),
	KEY("batch.max.size", INT, "500",
	    "Records per request; requests end at offsets that are multiples "
	    "of it, so that they repeat after a restart",
	    .flags = PS_HAS_MIN | PS_HAS_MAX, .min = 1, .max = 1000000),
	KEY("batch.linger.ms", LONG, "200",
	    "How long a request waits to become full", AT_LEAST(0)),
	KEY("batch.prefix", STRING, "", "Before the records"),
	KEY("batch.suffix", STRING, "\n", "After the records"),
	KEY("batch.separator", STRING, "\n", "Between records"),
	KEY("max.retries", INT, "1",
	    "Accepted; an outage is waited for however long it lasts",
	    AT_LEAST(0)),
	KEY("retry.backoff.ms", INT, "3000",
	    "First pause after an outage, doubled up to 5 s, with jitter",
	    AT_LEAST(1)),
	KEY("retry.after.max.ms", LONG, "300000",
	    "Longest pause a Retry-After header can ask for", AT_LEAST(1)),
	KEY("kafka.retry.backoff.ms", LONG, NULL,
	    "Accepted; see retry.backoff.ms"),
	KEY("decimal.format", STRING, "BASE64", "Decimals have no other form",
	    .flags = PS_UNSUPPORTED),
};

static const char *const aliases[] = {
	"io.aiven.kafka.connect.http.HttpSinkConnector", "HttpSinkConnector",
	NULL
};

static const struct ps_class classes[] = {
	{ .kind = PS_KIND_SINK,
	    .name = "HttpSink",
	    .aliases = aliases,
	    .doc = "Records are POSTed, alone or in batches",
	    .keys = keys,
	    .key_count = COUNT(keys),
	    .ops = &http_sink_ops,
	    .ops_size = sizeof http_sink_ops },
};

PS_PLUGIN("http", "1.0", classes);
