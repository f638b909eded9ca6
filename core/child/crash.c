#include "child/crash.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child/gauges.h"

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

enum { STACK_BYTES = 16384, DATA_FIELD = 5, NEARLY = 16, NAME_BYTES = 16 };

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

/* For the handler, which has no other way to know. */
static struct gauges *watched;
static char stack[STACK_BYTES];

/* ---- in the handler: only what is safe there --------------------------- */

static void
say(const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(STDERR_FILENO, text, len);

		if (n <= 0)
			return;
		text += n;
		len -= (size_t)n;
	}
}

/* Pages of data, of /proc/self/statm. */
static unsigned long
data_pages(void)
{
	char text[256], *p = text;
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (fd >= 0)
		(void)close(fd);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	for (int i = 0; i < DATA_FIELD && p != NULL; i++) {
		p = strchr(p, ' ');
		p = p == NULL ? NULL : p + 1;
	}
	return p == NULL ? 0 : strtoul(p, NULL, 10);
}

/* A library that was given none gives up by abort(), however much of the
 * limit is left: it may have asked for more than all of it. */
static bool
is_out_of_memory(int number, int failed)
{
	struct rlimit limit;
	unsigned long used =
	    data_pages() * (unsigned long)sysconf(_SC_PAGESIZE);

	return getrlimit(RLIMIT_DATA, &limit) == 0 &&
	       limit.rlim_cur != RLIM_INFINITY &&
	       ((number == SIGABRT && failed == ENOMEM) ||
		   used + limit.rlim_cur / NEARLY >= limit.rlim_cur);
}

/* Ours has a name for what it does; a library's thread has but a name. */
static void
say_where(void)
{
	const char *call = watched == NULL ? NULL : atomic_load(&watched->call);
	char name[NAME_BYTES] = "";

	if (gettid() != getpid() &&
	    prctl(PR_GET_NAME, (unsigned long)name, 0, 0, 0) == 0) {
		say("penstock: crashed in ");
		say(strncmp(name, "rdk:", 4) == 0 ? "the Kafka client's thread "
						  : "thread ");
		say(name);
		say("\n");
	} else if (call != NULL) {
		say("penstock: crashed in ");
		say(call);
		say("\n");
	}
}

static void
on_crash(int number)
{
	int failed = errno;

	say_where();
	if (is_out_of_memory(number, failed))
		say("penstock: out of memory\n");
	/* SA_RESETHAND: this time it ends the process. */
	(void)raise(number);
}

/* ---- before ------------------------------------------------------------ */

void
crash_watch(struct gauges *g)
{
	stack_t own = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction act = { .sa_handler = on_crash,
		.sa_flags = (int)(SA_ONSTACK | SA_RESETHAND | SA_NODEFER) };

	if (SANITIZED)
		return;
	watched = g;
	(void)sigaltstack(&own, NULL);
	for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
		(void)sigaction(fatal[i], &act, NULL);
}
