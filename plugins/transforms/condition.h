/*
 * condition: a JSONPath expression asked of a value.
 *
 * It holds when the path finds something: $.a.b, $['a'], $[0], $[*] and
 * filters such as $[?(@.a > 5 && @.b.c in ['x', 'y'])], with == != < <= > >=,
 * in, nin, =~ /regex/i, &&, || and !. A filter on an object asks the object
 * itself, on an array each element.
 */
#ifndef PENSTOCK_TRANSFORMS_CONDITION_H
#define PENSTOCK_TRANSFORMS_CONDITION_H

#include "operand.h"

struct condition;

/* Of the memory of `t`; NULL and `err`: what is wrong, and where. */
struct condition *
condition_new(struct common *t, const char *text, struct ps_error *err);
void condition_free(struct condition *c);
/* `missing` is set when a field that was asked for is not there or null. */
bool condition_holds(const struct condition *c, const struct ps_schema *s,
    const struct ps_value *v, bool *missing);

#endif
