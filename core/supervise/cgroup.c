#include "supervise/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/xalloc.h"
#include "supervise/pin.h"
#include "supervise/yield.h"

#define AREA "supervisor"
/* penstock-WORKER-TASK, by their process ids */
#define PREFIX         "penstock-"
#define NAME           PREFIX "%d-%d"
#define NAME_MAX_BYTES 48
#define USUAL_WEIGHT   100
/* v1's for the usual weight */
#define USUAL_SHARES 1024

struct cgroups {
	char *folder;
	int fd;
	bool unified; /* v2 */
	bool left;    /* a group could not be removed when it was left */
	struct pins pins;
};

struct cgroup {
	struct cgroups *in;
	char name[NAME_MAX_BYTES];
	pid_t pid; /* its process … */
	clockid_t clock;
	struct pin pin;
	int64_t weight;
	struct yield yield;
	bool idle; /* it yields, and not only should */
	bool urged, fails;
};

/* ---- files of a group -------------------------------------------------- */

/* 0, or errno. */
static int
put(const struct cgroups *g, const char *group, const char *file, int64_t value)
{
	char path[2 * NAME_MAX_BYTES], text[24];
	int len = snprintf(text, sizeof text, "%lld", (long long)value);
	int fd, why = 0;

	(void)snprintf(path, sizeof path, "%s/%s", group, file);
	fd = openat(g->fd, path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, text, (size_t)len) < 0)
		why = errno;
	(void)close(fd);
	return why;
}

static int
put_weight(const struct cgroups *g, const char *group, int64_t weight)
{
	if (g->unified)
		return put(g, group, "cpu.weight", weight);
	return put(g, group, "cpu.shares",
	    weight * USUAL_SHARES / USUAL_WEIGHT);
}

/* The weight of an idle group is the kernel's and cannot be written; then it is
 * the usual one. */
static int
put_idle(const struct cgroup *g, bool idle)
{
	int why = put(g->in, g->name, "cpu.idle", idle);

	if (why == 0 && !idle)
		why = put_weight(g->in, g->name, g->weight);
	return why;
}

/* ---- the folder -------------------------------------------------------- */

/* Whose worker is no more: a group of our own process id is of one that had
 * it before, or of a task that has ended. */
static bool
is_left(const char *name)
{
	const char *number = name + sizeof PREFIX - 1;
	char *end;
	long pid;

	if (strncmp(name, PREFIX, sizeof PREFIX - 1) != 0)
		return false;
	pid = strtol(number, &end, 10);
	if (end == number || *end != '-' || pid <= 0 || pid > INT_MAX)
		return false;
	return pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH);
}

/* A group with a process in it cannot be removed. */
static void
sweep(const struct cgroups *g)
{
	int fd = openat(g->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	for (const struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
		if (is_left(e->d_name))
			(void)unlinkat(g->fd, e->d_name, AT_REMOVEDIR);
	if (dir != NULL)
		(void)closedir(dir);
	else if (fd >= 0)
		(void)close(fd);
}

/* 0, or errno. */
static int
turn_on(const struct cgroups *g)
{
	static const char cpu[] = "+cpu";
	int fd = openat(g->fd, "cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	int why = 0;

	if (fd < 0)
		return errno;
	if (write(fd, cpu, sizeof cpu - 1) < 0)
		why = errno;
	(void)close(fd);
	return why;
}

/* Moves a process into the group that does nothing. 0, or errno. */
static int
try_to_move(const struct cgroups *g, const char *name)
{
	pid_t pid = fork();
	int why;

	if (pid < 0)
		return errno;
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	why = put(g, name, "cgroup.procs", pid);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return why;
}

/* Makes a group and uses all of it that will be used. NULL: it can be, else
 * what cannot; *why is errno. */
static const char *
try_all(const struct cgroups *g, int *why)
{
	char name[NAME_MAX_BYTES];
	const char *what = NULL;

	(void)snprintf(name, sizeof name, NAME, (int)getpid(), 0);
	if (g->unified && (*why = turn_on(g)) != 0)
		return "its cgroup.subtree_control does not take +cpu";
	*why = mkdirat(g->fd, name, 0755) == 0 ? 0 : errno;
	if (*why != 0)
		return "no group can be made in it";
	if ((*why = put_weight(g, name, USUAL_WEIGHT)) != 0)
		what = "its groups have no weight of the cpu controller";
	else if ((*why = put(g, name, "cpu.idle", 0)) != 0)
		what = "its groups have no cpu.idle (Linux 5.15)";
	else if ((*why = try_to_move(g, name)) != 0)
		what = "no process can be moved into its groups";
	(void)unlinkat(g->fd, name, AT_REMOVEDIR);
	return what;
}

static int
refuse(struct ps_error *err, const char *folder, const char *what, int why)
{
	return ps_fail(err, PS_E_CONFIG,
	    "Invalid value %s for configuration task.cgroup: %s%s%s", folder,
	    what, why == 0 ? "" : ": ", why == 0 ? "" : strerror(why));
}

int
cgroups_open(struct cgroups **out, const char *folder, struct ps_error *err)
{
	struct cgroups g = { .fd = -1 };
	struct statfs fs = { .f_type = 0 };
	const char *what = NULL;
	int why = 0;

	*out = NULL;
	if (folder[0] == '\0')
		return 0;
	g.fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (g.fd < 0)
		return refuse(err, folder, "it cannot be opened", errno);
	(void)fstatfs(g.fd, &fs);
	g.unified = fs.f_type == CGROUP2_SUPER_MAGIC;
	if (!g.unified && fs.f_type != CGROUP_SUPER_MAGIC)
		what = "it is no folder of a cgroup file system";
	if (what == NULL) {
		sweep(&g);
		what = try_all(&g, &why);
	}
	if (what != NULL) {
		(void)close(g.fd);
		return refuse(err, folder, what, why);
	}
	g.folder = xstrdup(folder);
	*out = xcalloc(1, sizeof g);
	**out = g;
	return 0;
}

void
cgroups_close(struct cgroups **gp)
{
	if (*gp == NULL)
		return;
	(void)close((*gp)->fd);
	free((*gp)->folder);
	free(*gp);
	*gp = NULL;
}

/* ---- a group ----------------------------------------------------------- */

struct cgroup *
cgroup_enter(struct cgroups *in, pid_t pid, int64_t weight)
{
	struct cgroup *g;
	int why = 0;

	if (in == NULL)
		return NULL;
	if (in->left)
		sweep(in);
	in->left = false;
	g = xcalloc(1, sizeof *g);
	g->in = in;
	g->weight = weight;
	g->pid = pid;
	(void)snprintf(g->name, sizeof g->name, NAME, (int)getpid(), (int)pid);
	if (mkdirat(in->fd, g->name, 0755) != 0)
		why = errno;
	if (why == 0)
		why = put_weight(in, g->name, weight);
	if (why == 0)
		why = clock_getcpuclockid(pid, &g->clock);
	if (why == 0)
		why = put(in, g->name, "cgroup.procs", pid);
	if (why != 0) {
		log_warn(AREA, "process %d has no control group in %s: %s",
		    (int)pid, in->folder, strerror(why));
		cgroup_leave(&g);
	}
	return g;
}

/* Where who yields may be on any processor, it goes wherever one is idle, and
 * each is one that others wait for once they have had their share. NULL, or
 * what cannot be and is left to be done; *why is errno. */
static const char *
set_idle(struct cgroup *g, bool idle, int *why)
{
	if (g->idle != idle) {
		*why = put_idle(g, idle);
		if (*why != 0)
			return "cpu.idle cannot be written";
		g->idle = idle;
		log_debug(AREA, "%s: cpu.idle is %d", g->name, idle);
	}
	if (idle)
		pin_set(&g->in->pins, &g->pin, g->pid);
	else if (pin_clear(&g->in->pins, &g->pin, g->pid) != 0) {
		*why = errno;
		return "its threads cannot be given all processors back";
	}
	return NULL;
}

/* What fails is tried again at the next look, and said once. */
static void
try_idle(struct cgroup *g, bool idle)
{
	int why = 0;
	const char *what = set_idle(g, idle, &why);

	if (what != NULL && !g->fails)
		log_warn(AREA, "%s: %s: %s", g->name, what, strerror(why));
	g->fails = what != NULL;
}

void
cgroup_look(struct cgroup *g, int64_t shown)
{
	struct timespec had;

	if (g == NULL || clock_gettime(g->clock, &had) != 0)
		return;
	try_idle(g, yield_look(&g->yield, clock_now(),
			had.tv_sec * 1000 + had.tv_nsec / 1000000, shown) &&
			!g->urged);
}

bool
cgroup_yields(const struct cgroup *g)
{
	return g != NULL && g->idle;
}

void
cgroup_urge(struct cgroup *g)
{
	if (g == NULL || g->urged)
		return;
	g->urged = true;
	try_idle(g, false);
}

void
cgroup_leave(struct cgroup **gp)
{
	struct cgroup *g = *gp;

	if (g == NULL)
		return;
	*gp = NULL;
	pin_forget(&g->in->pins, &g->pin);
	/* Some kernels (6.19) have a process that is reaped in it for a moment
	 * yet. */
	if (unlinkat(g->in->fd, g->name, AT_REMOVEDIR) != 0 && errno != ENOENT)
		g->in->left = true;
	free(g);
}
