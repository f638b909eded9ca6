#include "options/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define BOOT_ID    "/proc/sys/kernel/random/boot_id"
#define OPEN_FILES ((rlim_t)65536)
#define NETWORK    "/proc/self/ns/net"

const char *
machine_name(struct ps_arena *a)
{
	char boot[64] = "unknown", host[128] = "unknown";
	FILE *f = fopen(BOOT_ID, "re");
	struct stat st = { 0 };

	if (f != NULL) {
		if (fgets(boot, sizeof boot, f) != NULL)
			boot[strcspn(boot, "\n")] = '\0';
		(void)fclose(f);
	}
	(void)gethostname(host, sizeof host - 1);
	(void)stat(NETWORK, &st);
	return ps_printf(a, "%s/%s/%llu", host, boot,
	    (unsigned long long)st.st_ino);
}

double
machine_load(void)
{
	long cores = sysconf(_SC_NPROCESSORS_ONLN);
	double one = 0;

	if (getloadavg(&one, 1) != 1)
		return 0;
	return one / (double)(cores < 1 ? 1 : cores);
}

void
machine_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
	    limit.rlim_cur >= OPEN_FILES)
		return;
	limit.rlim_cur =
	    limit.rlim_max < OPEN_FILES ? limit.rlim_max : OPEN_FILES;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}
