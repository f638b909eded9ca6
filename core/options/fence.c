#include "options/fence.h"

#include <linux/landlock.h>
#include <string.h>
#include <strings.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"

static bool
is_jailed(const struct options *o)
{
	return ps_config_bool(&o->all, "task.jail");
}

static bool
is_mode(const struct options *o, const char *mode)
{
	return strcasecmp(ps_config_str(&o->all, "task.jail.files"), mode) == 0;
}

static bool
kernel_can(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
		   LANDLOCK_CREATE_RULESET_VERSION) >= 1;
}

bool
fence_stands(const struct options *o)
{
	return is_jailed(o) && !is_mode(o, "none") && kernel_can();
}

int
fence_check(const struct options *o, struct ps_error *err)
{
	if (is_mode(o, "required") && !is_jailed(o))
		return ps_fail(err, PS_E_CONFIG,
		    "task.jail.files is required, but task.jail is false");
	if (!is_jailed(o) || is_mode(o, "none") || kernel_can())
		return 0;
	if (is_mode(o, "required"))
		return ps_fail(err, PS_E_CONFIG,
		    "task.jail.files is required, but this kernel cannot keep "
		    "files from plugins: it has no Landlock (Linux 5.13)");
	log_warn("worker",
	    "this kernel has no Landlock (Linux 5.13): plugins reach every "
	    "file that the worker may. task.jail.files=required refuses to "
	    "start then, none says that you know");
	return 0;
}
