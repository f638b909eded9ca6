/*
 * audit: every change that was asked for, who asked, and what came of it.
 *
 * One JSON object a line: time, who, role, from (the client), through (the
 * worker that it asked, if that was another), method, path, query, status,
 * connector (or pipeline, template, or logger), the offsets that were asked
 * for or moved, its configuration (a logger's level) before and after (secrets
 * as digests under the group's name, so that equal ones can be told). In
 * rest.audit.file, as in trail.h, else in the worker's log.
 */
#ifndef PENSTOCK_ACCESS_AUDIT_H
#define PENSTOCK_ACCESS_AUDIT_H

#include <jansson.h>

#include <penstock/error.h>

struct audit;
struct exchange;
struct options;

/* PS_E_CONFIG: the file cannot be written. */
struct audit *audit_new(const struct options *o, struct ps_error *err);
void audit_free(struct audit **ap);
/* Before the handler: what is there now is remembered. */
void audit_begin(struct exchange *x);
/* What is to be said of offsets: a list, copied as far as a line holds it. */
void audit_moved(struct exchange *x, const json_t *list);
/* It was answered, or the client went before (status 0). Does nothing for
 * what did not begin. */
void audit_end(struct exchange *x);
/* As trail_sync: before anybody is told of what the lines say. */
void audit_sync(struct audit *a);
/* Lines that the file did not take. */
unsigned audit_lost(const struct audit *a);

#endif
