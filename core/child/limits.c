#include "child/limits.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { STACK_BYTES = 256 << 10, ARENAS = 2 };

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

static void
small_stacks(void)
{
	pthread_attr_t attr;

	if (SANITIZED || pthread_attr_init(&attr) != 0)
		return;
	if (pthread_attr_setstacksize(&attr, STACK_BYTES) == 0)
		(void)pthread_setattr_default_np(&attr);
	(void)pthread_attr_destroy(&attr);
}

void
limits_begin(void)
{
	struct rlimit none = { 0, 0 };
	pid_t parent = getppid();

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* It may have died before the call. */
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)signal(SIGPIPE, SIG_IGN);
	/* Of a role that was started by hand, at a terminal. */
	(void)signal(SIGINT, SIG_IGN);
	(void)mallopt(M_ARENA_MAX, ARENAS);
	/* GnuTLS comes with libcurl's and libpq's LDAP: its tables are made
	 * when something calls it, not when it is loaded. */
	(void)setenv("GNUTLS_NO_IMPLICIT_INIT", "1", 0);
	small_stacks();
}

static void
set_limit(__rlimit_resource_t what, int64_t value)
{
	struct rlimit r;

	if (value <= 0 || getrlimit(what, &r) != 0)
		return;
	if (r.rlim_max == RLIM_INFINITY || (rlim_t)value < r.rlim_max)
		r.rlim_max = (rlim_t)value;
	r.rlim_cur = r.rlim_max;
	(void)setrlimit(what, &r);
}

bool
limits_are_off(void)
{
	return SANITIZED;
}

void
limits_memory(int64_t bytes)
{
	if (!SANITIZED)
		set_limit(RLIMIT_DATA, bytes);
}

void
limits_files(int64_t count)
{
	set_limit(RLIMIT_NOFILE, count);
}
