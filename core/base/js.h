/*
 * js: jansson, as the control plane uses it.
 *
 * Bounded parsing (size and depth), typed getters with errors that name the
 * member, and maps of strings to and from struct ps_config. Never used on
 * the data path.
 */
#ifndef PENSTOCK_BASE_JS_H
#define PENSTOCK_BASE_JS_H

#include <jansson.h>

#include <penstock/config.h>
#include <penstock/error.h>

#include "base/buf.h"

/* New reference, or NULL: "<what>: line 1 column 2: …". Depth at most 64. */
json_t *
js_parse(const char *text, size_t len, const char *what, struct ps_error *err);
/* Members of a const object, in the order they were set. */
#define JS_EACH(obj, key, member)                                              \
	for (void *js_at = json_object_iter((json_t *)(uintptr_t)(obj));       \
	     js_at != NULL && ((key) = json_object_iter_key(js_at),            \
			      (member) = json_object_iter_value(js_at), true); \
	     js_at = json_object_iter_next((json_t *)(uintptr_t)(obj), js_at))

/* Compact text in the arena, members in the order they were set. */
char *js_dump(struct ps_arena *a, const json_t *j);
/* The same, appended to `b`. -1 past its ceiling. */
int js_append(struct buf *b, const json_t *j);
/* Members that must be there and of that type; -1 names the member. */
int js_get_str(const json_t *obj, const char *name, const char **out,
    struct ps_error *err);
int js_get_int(const json_t *obj, const char *name, int64_t *out,
    struct ps_error *err);
/* An object whose members are among `known`, which a NULL ends. */
int js_check_members(const json_t *obj, const char *const *known,
    struct ps_error *err);
/* NULL or the default when absent or null. */
const char *js_opt_str(const json_t *obj, const char *name);
int64_t js_opt_int(const json_t *obj, const char *name, int64_t absent);
/* An object of strings (null allowed; numbers and booleans as their text)
 * as sorted settings in the arena, and back (new reference). */
int js_to_config(struct ps_arena *a, const json_t *obj, struct ps_config *out,
    struct ps_error *err);
json_t *js_from_config(const struct ps_config *c);
/* A JSON string, or null for NULL; bytes that are no UTF-8 are escaped. */
json_t *js_str(const char *s);

#endif
