#include "options/plugin_path.h"

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/text.h"

#define AREA "worker"

/* As deep as Kafka Connect's installers put jars, with some to spare; and not
 * the whole disk when somebody names that. */
enum { DEPTH_MAX = 5, LOOKS_MAX = 20000 };

struct look {
	char jar[PATH_MAX]; /* the first that was found */
	bool ours;
	size_t looks;
};

static void
take_file(struct look *l, const char *path)
{
	if (text_ends(path, ".so"))
		l->ours = true;
	else if (text_ends(path, ".jar") && l->jar[0] == '\0')
		(void)snprintf(l->jar, sizeof l->jar, "%s", path);
}

static void look_at(struct look *l, const char *path, int depth);

static void
look_into(struct look *l, const char *dir, int depth)
{
	DIR *d = opendir(dir);
	char path[PATH_MAX];
	const struct dirent *e;

	if (d == NULL)
		return;
	while (!l->ours && l->looks < LOOKS_MAX && (e = readdir(d)) != NULL) {
		int n = snprintf(path, sizeof path, "%s/%s", dir, e->d_name);

		l->looks++;
		if (e->d_name[0] != '.' && n > 0 && (size_t)n < sizeof path)
			look_at(l, path, depth);
	}
	(void)closedir(d);
}

static void
look_at(struct look *l, const char *path, int depth)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return;
	if (S_ISREG(st.st_mode))
		take_file(l, path);
	else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
		look_into(l, path, depth + 1);
}

int
plugin_path_check(const char *entry, struct ps_error *err)
{
	struct look l = { 0 };

	if (access(entry, R_OK) != 0) {
		log_warn(AREA, "plugin.path: cannot read %s", entry);
		return 0;
	}
	look_at(&l, entry, 0);
	if (l.ours || l.jar[0] == '\0')
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration plugin.path: it holds Java's "
	    "plugins (%s), expected penstock's shared objects (*.so); Java "
	    "class names of connectors work with these too",
	    entry, l.jar);
}
