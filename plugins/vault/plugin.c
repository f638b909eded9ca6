#include "vault.h"

#define TEXT(key, text)                                                        \
	{                                                                      \
		.name = (key), .type = PS_KEY_STRING, .importance = PS_MEDIUM, \
		.doc = (text)                                                  \
	}
#define NUMBER(key, value, from, to, text)                                    \
	{                                                                     \
		.name = (key), .type = PS_KEY_LONG, .default_value = (value), \
		.importance = PS_LOW, .doc = (text),                          \
		.flags = PS_HAS_MIN | PS_HAS_MAX, .min = (from), .max = (to)  \
	}

static const struct ps_key keys[] = {
	{ .name = "address",
	    .type = PS_KEY_STRING,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .importance = PS_HIGH,
	    .doc = "Where the server is: https://vault.example.org:8200." },
	{ .name = "token",
	    .type = PS_KEY_PASSWORD,
	    .importance = PS_HIGH,
	    .doc = "The token that is sent." },
	TEXT("token.file",
	    "A file with the token, read anew for each request: for tokens "
	    "that another program renews."),
	TEXT("namespace", "The namespace, if the server has such."),
	TEXT("tls.ca.file", "Authorities that are trusted, a PEM file."),
	TEXT("allowed.paths",
	    "A comma separated list: only these paths and what is below them "
	    "are asked for; if not set, all."),
	{ .name = "allow.link.local",
	    .type = PS_KEY_BOOLEAN,
	    .default_value = "false",
	    .importance = PS_LOW,
	    .doc = "Allow link-local and metadata addresses (169.254.0.0/16, "
		   "fe80::/10, fd00:ec2::254 and the like)." },
	NUMBER("timeout.ms", "5000", 1, 60000, "How long an answer may take."),
	NUMBER("max.bytes", "1048576", 1, 16777216,
	    "A larger answer is refused."),
	NUMBER("ttl.ms", "0", 0, INT64_MAX,
	    "How long an answer without a lease holds, before it is asked for "
	    "again; 0: as long as config.reload.interval.ms says."),
};

static const char *const names[] = { "VaultConfigProvider", NULL };

static const struct ps_class classes[] = {
	{ .kind = PS_KIND_PROVIDER,
	    .name = "vault",
	    .aliases = names,
	    .doc = "secrets of a server with Vault's HTTP API: "
		   "${vault:secret/data/db:password}",
	    .keys = keys,
	    .key_count = sizeof keys / sizeof *keys,
	    .ops = &vault_ops,
	    .ops_size = sizeof vault_ops },
};

PS_PLUGIN("vault", "1.0", classes);
