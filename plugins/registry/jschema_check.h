/*
 * jschema_check: does what is written by one schema go with another?
 */
#ifndef PENSTOCK_REGISTRY_JSCHEMA_CHECK_H
#define PENSTOCK_REGISTRY_JSCHEMA_CHECK_H

#include <penstock/schema.h>

/* Objects of the other schema (its text) that are closed have a place for
 * each field, and each that is required is a field. What is said by other
 * means than properties is not looked into. -1: PS_E_DATA names the field. */
int jschema_check(const char *text, const struct ps_schema *s,
    struct ps_error *err);

#endif
