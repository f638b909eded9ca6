/*
 * def: key tables at work: defaults, validation and their JSON.
 *
 * A set joins several tables (framework, connector, per alias) into the one
 * definition a connector's configuration is held against. Messages are
 * Connect's, every error at once, per key.
 */
#ifndef PENSTOCK_CONFIG_DEF_H
#define PENSTOCK_CONFIG_DEF_H

#include <jansson.h>

#include <penstock/config.h>
#include <penstock/error.h>

struct def_set;

/* All memory from `a`. Of two rows with one name the first stays. */
struct def_set *def_set_new(struct ps_arena *a);
/* `prefix` is put before each name ("transforms.a."), `group` replaces the
 * rows' own group when not NULL. Strings are borrowed. */
void def_set_add(struct def_set *s, const struct ps_key *keys, size_t count,
    const char *prefix, const char *group);
/* Keys of a plugin's own behind `prefix`: texts and titles name them without
 * it. */
void def_set_add_own(struct def_set *s, const struct ps_key *keys, size_t count,
    const char *prefix);
/* As keys of a transform or predicate are shown: those without a default
 * first, then by importance and name, numbered from `order` on. */
void def_set_embed(struct def_set *s, const struct ps_key *keys, size_t count,
    const char *prefix, const char *group, int order);
/* Another default for a key that is there (NULL: null). */
void def_set_default(struct def_set *s, const char *name, const char *value);
struct ps_arena *def_set_arena(const struct def_set *s);
const struct ps_key *def_set_find(const struct def_set *s, const char *name);
size_t def_set_count(const struct def_set *s);
const struct ps_key *def_set_at(const struct def_set *s, size_t i);

/* What one key of a configuration came to. */
struct def_value {
	const char *name;
	const struct ps_key *key; /* NULL: given, not defined */
	const char *value;        /* parsed and printed again; NULL: null */
	const char *const *errors;
	size_t error_count;
	const char *const *recommended;
	size_t recommended_count;
	bool hidden; /* not "visible" */
};

struct def_result {
	struct ps_arena *a;
	/* In definition order, then those without definition. */
	struct def_value *values;
	size_t count;
};

/* Holds a configuration against the set: parse, required, choices, ranges,
 * validators. Never fails; errors are in the result. */
struct def_result *def_validate(struct ps_arena *a, const struct def_set *s,
    const struct ps_config *given);
/* Adds an error to a key's value (made if it is not there). */
PS_PRINTF(3, 4)
void def_error(struct def_result *r, const char *name, const char *fmt, ...);
struct def_value *def_result_find(struct def_result *r, const char *name);
size_t def_error_count(const struct def_result *r);
/* "Connector configuration is invalid and contains the following N …" */
char *def_error_text(const struct def_result *r);

/* The map an instance is given: as given, defaults filled in, trimmed. Only
 * keys with `prefix`, prefix removed, when it is not NULL. All of it is a copy
 * in `a`: the set's own arena may go. */
struct ps_config def_complete(struct ps_arena *a, const struct def_set *s,
    const struct ps_config *given, const char *prefix);

/* Connect's JSON of a definition and of a value (connect-facts 7.1). New
 * references. Passwords read REDACT_MASK. */
json_t *def_key_json(const struct ps_key *key);
json_t *def_value_json(const struct def_value *v);
/* {"name","error_count","groups","configs":[{definition,value}]} */
json_t *def_result_json(const struct def_result *r, const char *name,
    const char *const *groups, size_t group_count);

#endif
