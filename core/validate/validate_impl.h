/*
 * validate_impl: one validation inside, for validate*.c.
 */
#ifndef PENSTOCK_VALIDATE_VALIDATE_IMPL_H
#define PENSTOCK_VALIDATE_VALIDATE_IMPL_H

#include "child/settings.h"
#include "config/def.h"
#include "plugin/catalog.h"
#include "validate/validate_groups.h"
#include "validate/versions.h"

struct validation {
	struct settings *s;
	struct ps_arena *a;
	struct redact *redact;
	struct ps_config raw, config; /* as given, resolved */
	const struct catalog_class *class;
	struct def_set *set;
	struct def_result *result;
	struct group_list groups;
	struct versions versions;
	/* Errors found before there is a result: key and text. */
	struct {
		const char *key, *text;
	} early[64];
	size_t early_count;
	/* Keys whose values are classes, and how these are called. */
	struct {
		const char *key, *class; /* NULL: there is none */
	} classes[64];
	size_t class_count;
};

/* Keys behind `prefix` belong to the class that `key` names. */
struct converter_key {
	const char *key, *version, *prefix;
	enum ps_kind kind;
	const char *type; /* what it is told it is for */
};

/* validate.c: in the answer's order. */
#define CONVERTER_KEYS 3
extern const struct converter_key converter_keys[CONVERTER_KEYS];

/* validate_rules.c: what no row of a table can say. */
void validate_rules(struct validation *v);
/* validate_clients.c: client settings of the connector's own. */
void validate_clients(struct validation *v);
/* Errors at settings that name files where none may be; true: there are. */
bool validate_paths(struct validation *v);
/* validate_unknown.c: logs what is given and not defined. */
void validate_unknown(const struct validation *v);

#endif
