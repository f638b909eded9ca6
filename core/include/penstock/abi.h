/*
 * abi: the one symbol a plugin exports.
 *
 * A shared object defines `const struct ps_plugin penstock_plugin`. Magic and
 * versions come first and never move. The host refuses another major and a
 * newer minor by name; ops structs grow only at their end and are copied
 * into a zeroed struct of full size, so a missing tail reads as NULL.
 */
#ifndef PENSTOCK_ABI_H
#define PENSTOCK_ABI_H

#include <stddef.h>
#include <stdint.h>

#include <penstock/config.h>

#define PS_ABI_MAGIC UINT64_C(0x6b636f74736e6570) /* "penstock" */
#define PS_ABI_MAJOR 1u
#define PS_ABI_MINOR 0u

enum ps_kind {
	PS_KIND_SOURCE,
	PS_KIND_SINK,
	PS_KIND_TRANSFORM,
	PS_KIND_PREDICATE,
	PS_KIND_CONVERTER,
	PS_KIND_HEADER_CONVERTER,
	PS_KIND_PROVIDER,
};

struct ps_class {
	enum ps_kind kind;
	int variant;                /* the class's own: $Key or $Value, say */
	const char *name;           /* ours, and the simple name */
	const char *const *aliases; /* Java class names, NULL-terminated */
	const char *doc;            /* one line */
	const struct ps_key *keys;
	size_t key_count;
	const void *ops; /* struct ps_<kind>_ops */
	size_t ops_size;
};

struct ps_plugin {
	uint64_t magic;
	uint32_t abi_major, abi_minor;
	const char *name;
	const char *version;
	const struct ps_class *classes;
	size_t class_count;
};

/* A row of the class table; `key_table` and `op_struct` are the things
 * themselves. */
#define PS_CLASS(its_kind, its_name, java_names, line, key_table, op_struct) \
	{                                                                    \
		.kind = (its_kind), .name = (its_name),                      \
		.aliases = (java_names), .doc = (line), .keys = (key_table), \
		.key_count = sizeof(key_table) / sizeof *(key_table),        \
		.ops = &(op_struct), .ops_size = sizeof(op_struct)           \
	}

#define PS_EXPORT __attribute__((visibility("default")))

#define PS_PLUGIN(plugin_name, plugin_version, class_table)               \
	PS_EXPORT extern const struct ps_plugin penstock_plugin;          \
	const struct ps_plugin penstock_plugin = { .magic = PS_ABI_MAGIC, \
		.abi_major = PS_ABI_MAJOR,                                \
		.abi_minor = PS_ABI_MINOR,                                \
		.name = (plugin_name),                                    \
		.version = (plugin_version),                              \
		.classes = (class_table),                                 \
		.class_count = sizeof(class_table) / sizeof *(class_table) }

#endif
