#include "supervise/cgroup.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

Test(cgroup, what_is_no_folder_to_make_groups_in_is_refused)
{
	static const struct {
		const char *folder, *why;
	} cases[] = { { "/no/such", "No such file" },
		{ "/proc/self/status", "Not a directory" },
		{ "/tmp", "no folder of a cgroup file system" } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cgroups *g = NULL;
		struct ps_error err = { 0 };
		char start[64];

		(void)snprintf(start, sizeof start,
		    "Invalid value %s for configuration task.cgroup: ",
		    cases[i].folder);
		cr_expect(eq(int, cgroups_open(&g, cases[i].folder, &err), -1));
		cr_expect(g == NULL);
		cr_expect(eq(int, err.code, PS_E_CONFIG));
		cr_expect(strncmp(err.text, start, strlen(start)) == 0 &&
			      strstr(err.text, cases[i].why) != NULL,
		    "%s", err.text);
	}
}

Test(cgroup, without_a_folder_there_are_none)
{
	struct cgroups *g = NULL;
	struct ps_error err = { 0 };
	struct cgroup *none;

	cr_assert(eq(int, cgroups_open(&g, "", &err), 0));
	cr_expect(g == NULL);
	none = cgroup_enter(g, 1, 100);
	cr_expect(none == NULL);
	cgroup_look(none, 0);
	cgroup_urge(none);
	cgroup_leave(&none);
	cgroups_close(&g);
}
