/*
 * paths: which files a plugin's process needs, so that it gets no others.
 *
 * What the system's libraries read, its plugins, scratch folders, and every
 * path that a configuration names: a connector's to read and write, those of
 * TLS, clients, providers and the worker to read. A path stands at a value's
 * start or behind a separator in it; its folder comes with it, as files are
 * made, rotated and replaced there.
 */
#ifndef PENSTOCK_CHILD_PATHS_H
#define PENSTOCK_CHILD_PATHS_H

#include "child/settings.h"

/* Encloses the process as task.jail.files says, before the plugins of the
 * configuration `raw` are loaded. `plugins` are the folders of plugin.path.
 * `unresolved` says why `raw` does not resolve, so that only what it names as
 * it stands can be reached. -1: no plugin may be loaded. */
int paths_enclose(struct settings *s, const json_t *plugins,
    const struct ps_config *raw, struct ps_error *unresolved,
    struct ps_error *err);
/* The same for who loads every plugin there is, for no configuration. */
int paths_enclose_all(struct settings *s, const json_t *plugins,
    struct ps_error *err);

#endif
