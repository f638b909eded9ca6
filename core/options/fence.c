#include "options/fence.h"

#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "config/fence.h"

static bool
kernel_can(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		   LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

bool
fence_stands(const struct options *o)
{
	return fence_calls(&o->all) && fence_files(&o->all) != FENCE_NONE &&
	       kernel_can();
}

/* What is not there may be named wrong, and would allow nothing. */
static int
check_roots(const struct options *o, struct ps_error *err)
{
	static const char key[] = "connector.allowed.paths";
	struct ps_list roots = ps_config_list(&o->all, key, o->a);
	struct stat st;

	for (size_t i = 0; i < roots.count; i++)
		if (roots.items[i][0] != '/' ||
		    stat(roots.items[i], &st) != 0 || !S_ISDIR(st.st_mode))
			return ps_fail(err, PS_E_CONFIG,
			    "Invalid value %s for configuration %s: expected "
			    "folders that are there, with their whole paths",
			    roots.items[i], key);
	return 0;
}

int
fence_check(const struct options *o, struct ps_error *err)
{
	enum fence_files files = fence_files(&o->all);
	bool any = fence_calls(&o->all);

	if (check_roots(o, err) != 0)
		return -1;
	if (files == FENCE_REQUIRED && !any)
		return ps_fail(err, PS_E_CONFIG,
		    "task.jail.files is required, but task.jail is false");
	if (!any || files == FENCE_NONE || kernel_can())
		return 0;
	if (files == FENCE_REQUIRED)
		return ps_fail(err, PS_E_CONFIG,
		    "task.jail.files is required, but this kernel cannot keep "
		    "files from plugins: it has no Landlock (Linux 5.13)");
	log_warn("worker",
	    "this kernel has no Landlock (Linux 5.13): plugins reach every "
	    "file that the worker may. task.jail.files=required refuses to "
	    "start then, none says that you know");
	return 0;
}
