#include "config/fence.h"

#include <strings.h>

bool
fence_calls(const struct ps_config *worker)
{
	return strcasecmp(ps_config_str(worker, "task.jail"), "false") != 0;
}

enum fence_files
fence_files(const struct ps_config *worker)
{
	static const struct {
		const char *name;
		enum fence_files files;
	} all[] = {
		{ "none", FENCE_NONE },
		{ "writes", FENCE_WRITES },
		{ "required", FENCE_REQUIRED },
	};
	const char *mode = ps_config_str(worker, "task.jail.files");

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (strcasecmp(mode, all[i].name) == 0)
			return all[i].files;
	return FENCE_ALL;
}
