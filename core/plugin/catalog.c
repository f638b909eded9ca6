#include "plugin/catalog.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/dict.h"
#include "base/text.h"
#include "base/version.h"
#include "plugin/load.h"
#include "plugin/names.h"
#include "plugin/probe.h"

enum { CHUNK = 16 << 10, FILES_MAX = 1000, DEPTH_MAX = 2 };

struct file {
	const char *path;
	bool tried;
};

struct catalog {
	struct ps_arena *arena;
	struct file files[FILES_MAX];
	size_t file_count;
	struct catalog_class *classes;
	size_t class_count, class_room;
	struct catalog_error errors[FILES_MAX];
	size_t error_count;
	struct known {
		enum ps_kind kind;
		const char *name; /* simple */
	} * known;
	size_t known_count, known_room;
	struct dict *searched; /* what no file holds that is not open */
	const char *jar;       /* some Java plugin that was found */
};

static void
add_error(struct catalog *c, const char *file, const struct ps_error *err)
{
	if (c->error_count == FILES_MAX)
		return;
	c->errors[c->error_count++] =
	    (struct catalog_error){ ps_strdup(c->arena, file),
		    ps_strdup(c->arena, err->text) };
}

static void
add_file(struct catalog *c, const char *path)
{
	if (text_ends(path, ".jar"))
		c->jar = ps_strdup(c->arena, path);
	if (text_ends(path, ".so") && c->file_count < FILES_MAX)
		c->files[c->file_count++].path = ps_strdup(c->arena, path);
}

static int
by_name(const struct dirent **x, const struct dirent **y)
{
	return strcmp((*x)->d_name, (*y)->d_name);
}

/* A directory that everybody may write is an error and not looked into. */
static void
scan(struct catalog *c, const char *dir, int depth)
{
	struct ps_error err = { 0 };
	struct dirent **entries = NULL;
	int n = -1;

	if (load_check_writable(dir, &err) == 0)
		n = scandir(dir, &entries, NULL, by_name);
	if (n < 0) {
		(void)ps_fail(&err, PS_E_CONFIG, "%s: %s", dir,
		    strerror(errno));
		add_error(c, dir, &err);
		return;
	}
	for (int i = 0; i < n; i++) {
		const char *name = entries[i]->d_name;
		char *path = ps_printf(c->arena, "%s/%s", dir, name);
		struct stat st;

		if (name[0] != '.' && stat(path, &st) == 0) {
			if (S_ISREG(st.st_mode))
				add_file(c, path);
			else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
				scan(c, path, depth + 1);
		}
		free(entries[i]);
	}
	free(entries);
}

/* An entry of plugin.path may also be one file. */
static void
scan_entry(struct catalog *c, const char *path)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
		add_file(c, path);
	else
		scan(c, path, 1);
}

struct catalog *
catalog_new(const char *const *dirs, size_t count)
{
	struct ps_arena *a = arena_new(CHUNK);
	struct catalog *c = (struct catalog *)ps_calloc(a, 1, sizeof *c);

	c->arena = a;
	c->searched = dict_new();
	for (size_t i = 0; i < count; i++)
		scan_entry(c, dirs[i]);
	return c;
}

void
catalog_free(struct catalog **cp)
{
	struct ps_arena *a;

	if (*cp == NULL)
		return;
	a = (*cp)->arena;
	dict_free(&(*cp)->searched);
	*cp = NULL;
	arena_free(&a);
}

const char *
catalog_java_name(const struct ps_class *class)
{
	if (class->aliases == NULL || class->aliases[0] == NULL)
		return class->name;
	return class->aliases[0];
}

bool
catalog_answers(const struct ps_class *class, const char *name)
{
	bool full = strchr(name, '.') != NULL;

	if (name_equal(class->kind, class->name, name))
		return true;
	for (size_t i = 0; class->aliases != NULL && class->aliases[i] != NULL;
	     i++) {
		const char *alias = class->aliases[i];

		if (full ? strcmp(alias, name) == 0
			 : name_equal(class->kind, name_simple(alias), name))
			return true;
	}
	return false;
}

/* The newest in the range; of the same version the first in plugin.path. */
static const struct catalog_class *
find_newest(const struct catalog *c, enum ps_kind kind, const char *name,
    const struct version_range *range)
{
	const struct catalog_class *best = NULL;

	for (size_t i = 0; i < c->class_count; i++) {
		const struct catalog_class *cc = &c->classes[i];
		const char *version = cc->plugin->version;

		if (cc->class->kind == kind &&
		    catalog_answers(cc->class, name) &&
		    version_range_takes(range, version) &&
		    (best == NULL ||
			version_compare(version, best->plugin->version) > 0))
			best = cc;
	}
	return best;
}

static const struct catalog_class *
find_loaded(const struct catalog *c, enum ps_kind kind, const char *name)
{
	static const struct version_range any = { .count = 0 };

	return find_newest(c, kind, name, &any);
}

void
catalog_know(struct catalog *c, enum ps_kind kind, const char *name)
{
	if (c->known_count == c->known_room) {
		size_t room = c->known_room == 0 ? 64 : 2 * c->known_room;
		struct known *grown =
		    (struct known *)ps_calloc(c->arena, room, sizeof *grown);

		if (c->known_count > 0)
			memcpy(grown, c->known, c->known_count * sizeof *grown);
		c->known = grown;
		c->known_room = room;
	}
	c->known[c->known_count++] =
	    (struct known){ kind, ps_strdup(c->arena, name_simple(name)) };
}

static void
add_class(struct catalog *c, const struct catalog_class *cc)
{
	if (c->class_count == c->class_room) {
		size_t room = c->class_room == 0 ? 64 : 2 * c->class_room;
		struct catalog_class *grown = (struct catalog_class *)ps_calloc(
		    c->arena, room, sizeof *grown);

		if (c->class_count > 0)
			memcpy(grown, c->classes,
			    c->class_count * sizeof *grown);
		c->classes = grown;
		c->class_room = room;
	}
	c->classes[c->class_count++] = *cc;
}

static int
load_file(struct catalog *c, struct file *f, struct ps_error *err)
{
	const struct ps_plugin *p;

	f->tried = true;
	p = load_plugin(f->path, err);
	if (p == NULL)
		return -1;
	for (size_t i = 0; i < p->class_count; i++)
		add_class(c,
		    &(struct catalog_class){ p, &p->classes[i], f->path });
	return 0;
}

static bool
file_contains(const char *path, const char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *map;
	bool found = false;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd,
		    0);
		if (map != MAP_FAILED) {
			found =
			    memmem(map, (size_t)st.st_size, text, len) != NULL;
			(void)munmap(map, (size_t)st.st_size);
		}
	}
	(void)close(fd);
	return found;
}

/* Opens files that hold the first `len` bytes of the name. Once is enough, and
 * all the bytes of all files are what a look costs. */
static void
load_by_bytes(struct catalog *c, const char *name, size_t len,
    struct ps_error *why)
{
	if (len == 0 || dict_get(c->searched, name, len) != NULL)
		return;
	(void)dict_put(c->searched, name, len, c);
	for (size_t i = 0; i < c->file_count; i++) {
		struct file *f = &c->files[i];

		if (!f->tried && file_contains(f->path, name, len))
			(void)load_file(c, f, why);
	}
}

/* All that hold the name, as any may have the newest version. Only if none
 * of them has the class, its stem: "Json" stands in more files than
 * "JsonConverter" does. */
static const struct catalog_class *
find_in_files(struct catalog *c, enum ps_kind kind, const char *name,
    struct ps_error *why)
{
	const char *simple = name_simple(name);
	const struct catalog_class *cc;

	load_by_bytes(c, simple, strlen(simple), why);
	cc = find_loaded(c, kind, name);
	if (cc != NULL)
		return cc;
	load_by_bytes(c, simple, name_stem(kind, simple), why);
	return find_loaded(c, kind, name);
}

static const char *
what_is(enum ps_kind kind)
{
	return kind <= PS_KIND_SINK ? "connector" : kind_name(kind);
}

/* "WidgetSource" of com.example.WidgetSourceConnector. */
static const char *
short_name(struct ps_arena *a, enum ps_kind kind, const char *simple)
{
	if (strchr(simple, '$') != NULL)
		return simple;
	return ps_strndup(a, simple, name_stem(kind, simple));
}

/* The nearest by simple name among what is known, NULL when none is near. */
static const char *
nearest(const struct catalog *c, enum ps_kind kind, const char *name)
{
	const char **names = (const char **)ps_calloc(c->arena,
	    2 * c->known_count + 1, sizeof *names);
	size_t n = 0;

	for (size_t i = 0; i < c->known_count; i++) {
		if (c->known[i].kind != kind)
			continue;
		names[n++] = c->known[i].name;
		names[n++] = short_name(c->arena, kind, c->known[i].name);
	}
	return text_nearest(name_simple(name), names, n);
}

static int
not_found(struct catalog *c, enum ps_kind kind, const char *name,
    const struct ps_error *why, struct ps_error *err)
{
	const char *near;

	if (why->code != PS_OK)
		return ps_fail(err, why->code, "no %s class %s: %s",
		    what_is(kind), name, why->text);
	near = nearest(c, kind, name);
	return ps_fail(err, PS_E_CONFIG,
	    "Failed to find any class that implements %s and which name "
	    "matches %s%s%s%s%s",
	    what_is(kind), name, near != NULL ? "; the nearest is " : "",
	    near != NULL ? near : "",
	    c->jar != NULL ? "; Java plugins do not run here: " : "",
	    c->jar != NULL ? c->jar : "");
}

const struct catalog_class *
catalog_find(struct catalog *c, enum ps_kind kind, const char *name,
    struct ps_error *err)
{
	struct ps_error why = { 0 };
	const struct catalog_class *cc = find_in_files(c, kind, name, &why);

	if (cc == NULL)
		(void)not_found(c, kind, name, &why, err);
	return cc;
}

const char *const *
catalog_versions(const struct catalog *c, enum ps_kind kind, const char *name,
    size_t *count)
{
	const char **list = (const char **)ps_calloc(c->arena,
	    c->class_count + 1, sizeof *list);

	*count = 0;
	for (size_t i = 0; i < c->class_count; i++) {
		const struct catalog_class *cc = &c->classes[i];

		if (cc->class->kind == kind && catalog_answers(cc->class, name))
			list[(*count)++] = cc->plugin->version;
	}
	return list;
}

static void
no_version(const struct catalog *c, enum ps_kind kind, const char *name,
    const struct version_range *range, struct ps_error *err)
{
	size_t count;
	const char *const *list = catalog_versions(c, kind, name, &count);

	(void)ps_fail(err, PS_E_CONFIG,
	    "Plugin %s not found that matches the version range %s, available "
	    "versions: [%s]",
	    name, version_range_text(c->arena, range),
	    text_join(c->arena, list, count, ", "));
}

const struct catalog_class *
catalog_find_version(struct catalog *c, enum ps_kind kind, const char *name,
    const char *range, struct ps_error *err)
{
	const struct catalog_class *cc = catalog_find(c, kind, name, err);
	struct version_range r;

	if (cc == NULL || version_range_parse(c->arena, range, &r, err) != 0)
		return NULL;
	cc = find_newest(c, kind, name, &r);
	if (cc == NULL)
		no_version(c, kind, name, &r, err);
	return cc;
}

const struct catalog_class *
catalog_find_connector(struct catalog *c, const char *name,
    struct ps_error *err)
{
	struct ps_error why = { 0 };
	const struct catalog_class *cc =
	    find_in_files(c, PS_KIND_SOURCE, name, &why);

	if (cc == NULL)
		cc = find_loaded(c, PS_KIND_SINK, name);
	if (cc == NULL)
		cc = find_in_files(c, PS_KIND_SINK, name, &why);
	if (cc == NULL)
		(void)not_found(c, PS_KIND_SOURCE, name, &why, err);
	return cc;
}

void
catalog_load_all(struct catalog *c)
{
	for (size_t i = 0; i < c->file_count; i++) {
		struct file *f = &c->files[i];
		struct ps_error err = { 0 };

		if (f->tried)
			continue;
		f->tried = true;
		if (probe_file(f->path, &err) != 0 ||
		    load_file(c, f, &err) != 0)
			add_error(c, f->path, &err);
	}
}

void
catalog_load_unprobed(struct catalog *c, catalog_begin_fn *begin, void *ctx)
{
	for (size_t i = 0; i < c->file_count; i++) {
		struct ps_error err = { 0 };

		if (c->files[i].tried)
			continue;
		begin(ctx, i);
		if (load_file(c, &c->files[i], &err) != 0)
			add_error(c, c->files[i].path, &err);
	}
}

const char *
catalog_file(const struct catalog *c, size_t file)
{
	assert(file < c->file_count);
	return c->files[file].path;
}

void
catalog_refuse(struct catalog *c, size_t file, const struct ps_error *why)
{
	assert(file < c->file_count);
	c->files[file].tried = true;
	add_error(c, c->files[file].path, why);
}

void
catalog_refuse_all(struct catalog *c, const struct ps_error *why)
{
	for (size_t i = 0; i < c->file_count; i++)
		if (!c->files[i].tried)
			catalog_refuse(c, i, why);
}

size_t
catalog_count(const struct catalog *c)
{
	return c->class_count;
}

const struct catalog_class *
catalog_at(const struct catalog *c, size_t i)
{
	assert(i < c->class_count);
	return &c->classes[i];
}

size_t
catalog_error_count(const struct catalog *c)
{
	return c->error_count;
}

const struct catalog_error *
catalog_error_at(const struct catalog *c, size_t i)
{
	assert(i < c->error_count);
	return &c->errors[i];
}
