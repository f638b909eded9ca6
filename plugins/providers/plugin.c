#include "providers.h"

#define PACKAGE "org.apache.kafka.common.config.provider."

static const struct ps_key path_keys[] = {
	{ .name = "allowed.paths",
	    .type = PS_KEY_STRING,
	    .importance = PS_MEDIUM,
	    .doc = "A comma separated list of absolute paths that this config "
		   "provider is allowed to access; if not set, all paths." },
	{ .name = "ttl.ms",
	    .type = PS_KEY_LONG,
	    .importance = PS_LOW,
	    .flags = PS_HAS_MIN,
	    .min = 1,
	    .doc = "How long an answer holds before running tasks look again; "
		   "if not set, config.reload.interval.ms." },
};

static const struct ps_key env_keys[] = {
	{ .name = "allowlist.pattern",
	    .type = PS_KEY_STRING,
	    .default_value = ".*",
	    .importance = PS_MEDIUM,
	    .flags = PS_REGEX,
	    .doc = "A pattern that the whole name of an environment variable "
		   "must match." },
};

static const char *const env_names[] = { PACKAGE "EnvVarConfigProvider",
	"EnvVarConfigProvider", NULL };
static const char *const file_names[] = { PACKAGE "FileConfigProvider",
	"FileConfigProvider", NULL };
static const char *const directory_names[] = { PACKAGE
	"DirectoryConfigProvider",
	"DirectoryConfigProvider", NULL };

#define ROW(class_name, names, text, table, table_ops)              \
	{                                                           \
		.kind = PS_KIND_PROVIDER, .name = (class_name),     \
		.aliases = (names), .doc = (text), .keys = (table), \
		.key_count = sizeof(table) / sizeof *(table),       \
		.ops = &(table_ops), .ops_size = sizeof(table_ops)  \
	}

static const struct ps_class classes[] = {
	ROW("env", env_names, "environment variables: ${env:NAME}", env_keys,
	    env_ops),
	ROW("file", file_names, "keys of .properties files: ${file:/path:key}",
	    path_keys, file_ops),
	ROW("directory", directory_names,
	    "files of a directory: ${directory:/path:name}", path_keys,
	    directory_ops),
};

PS_PLUGIN("providers", "1.0", classes);
