/*
 * template_impl: what the files of template share.
 */
#ifndef PENSTOCK_CONFIG_TEMPLATE_IMPL_H
#define PENSTOCK_CONFIG_TEMPLATE_IMPL_H

#include "config/template.h"

struct ps_arena;

/* Is the whole text one reference, ${alias:key}? */
bool template_is_reference(const char *text);
/* Why it is no pattern, a POSIX extended expression for the whole of a text,
 * that may be matched here; NULL: it may. */
const char *template_pattern_fault(const char *pattern);
bool template_pattern_matches(const char *pattern, const char *text);
/* Members that nobody reads would be no error: they are. `known` ends with
 * NULL, `where` is put before what is said. */
void template_check_known(const char *where, const json_t *obj,
    const char *const *known, json_t *errors);
/* Checks a parameter's definition. */
void template_check_param(const char *name, const json_t *def, json_t *errors);
/* The golden records of one connector; NULL: it has none. */
void
template_check_golden(const char *where, const json_t *list, json_t *errors);
/* The values that hold, given or the default: texts, and arrays of texts or
 * of such objects. `prefix` is put before the names of faults. */
json_t *template_values(const char *prefix, const json_t *params,
    const json_t *given, json_t *errors);

#endif
