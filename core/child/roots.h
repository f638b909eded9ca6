/*
 * roots: where files may be that a connector's configuration names.
 *
 * connector.allowed.paths of the worker's file; without it, anywhere. A path
 * is followed from the allowed folder down, as plugins/lib/beneath does, and
 * one with ".." leads out: whoever opens it later follows links first. What
 * names nothing that this machine has at its root is no file's path.
 */
#ifndef PENSTOCK_CHILD_ROOTS_H
#define PENSTOCK_CHILD_ROOTS_H

#include <stdbool.h>

#include <penstock/config.h>
#include <penstock/error.h>

#define ROOTS_KEY "connector.allowed.paths"

/* Is there such a limit? */
bool roots_are_set(const struct ps_config *worker);
/* An O_PATH descriptor of the path, or of the folder above it that is there;
 * -1: it is not within them. */
int roots_open(const struct ps_config *worker, struct ps_arena *a,
    const char *path);
/* What the setting names and is not within them; NULL: nothing. */
const char *roots_outside(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_setting *s);
/* Why that is wrong. */
const char *roots_why(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_setting *s, const char *path);
/* PS_E_CONFIG: a setting names what is not within them. */
int roots_check(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_config *c, struct ps_error *err);

#endif
