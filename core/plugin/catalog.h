/*
 * catalog: which plugin classes there are, by any of their names.
 *
 * A file is opened only when its bytes hold the name that is asked for, so a
 * task runs no code but of the plugins it uses; what else there is, it knows by
 * name. Of several versions of a class the newest is taken, or the newest of a
 * range. Listing all opens each file in a process of its own first: one that
 * crashes or hangs there becomes an error of that file.
 */
#ifndef PENSTOCK_PLUGIN_CATALOG_H
#define PENSTOCK_PLUGIN_CATALOG_H

#include <stdbool.h>

#include <penstock/abi.h>
#include <penstock/arena.h>

struct catalog;

struct catalog_class {
	const struct ps_plugin *plugin;
	const struct ps_class *class;
	const char *file;
};

struct catalog_error {
	const char *file;
	const char *text;
};

/* A directory's *.so, and those of its sub-directories. What cannot be read
 * is among the errors. */
struct catalog *catalog_new(const char *const *dirs, size_t count);
void catalog_free(struct catalog **cp);

/* There is a class of this name: who asks for none that is there is told the
 * nearest of these. */
void catalog_know(struct catalog *c, enum ps_kind kind, const char *name);

/* The class of a kind by our name, a Java name, or the simple name of one
 * (with or without "Connector", "Converter" behind it). NULL: PS_E_CONFIG
 * names the nearest, and the jars where Java's plugins were expected; or the
 * reason why the file that seems to hold it does not load. */
const struct catalog_class *catalog_find(struct catalog *c, enum ps_kind kind,
    const char *name, struct ps_error *err);
/* The newest of them that a range (version.h; NULL: any) takes. */
const struct catalog_class *
catalog_find_version(struct catalog *c, enum ps_kind kind, const char *name,
    const char *range, struct ps_error *err);
/* Of all that answer to the name and are open, in the order of plugin.path. */
const char *const *catalog_versions(const struct catalog *c, enum ps_kind kind,
    const char *name, size_t *count);
/* A source or a sink. */
const struct catalog_class *catalog_find_connector(struct catalog *c,
    const char *name, struct ps_error *err);
/* Does the name stand for this class? */
bool catalog_answers(const struct ps_class *class, const char *name);
/* The Java name if the class has one, else ours. */
const char *catalog_java_name(const struct ps_class *class);

/* Opens every file, each tried in a process of its own before. */
void catalog_load_all(struct catalog *c);
/* Opens every file at once; `begin` is told each before. */
typedef void catalog_begin_fn(void *ctx, size_t file);
void
catalog_load_unprobed(struct catalog *c, catalog_begin_fn *begin, void *ctx);
const char *catalog_file(const struct catalog *c, size_t file);
/* It is not opened from here on, and stands among the errors. */
void catalog_refuse(struct catalog *c, size_t file, const struct ps_error *why);
/* The same of all that are not open yet. */
void catalog_refuse_all(struct catalog *c, const struct ps_error *why);
size_t catalog_count(const struct catalog *c);
const struct catalog_class *catalog_at(const struct catalog *c, size_t i);
size_t catalog_error_count(const struct catalog *c);
const struct catalog_error *catalog_error_at(const struct catalog *c, size_t i);

#endif
