#include "base/threads.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fds.h"
#include "base/xalloc.h"

#define GONE_MS 100

struct one {
	pthread_t thread;
	pid_t id;
	sem_t *end;
};

static void *
wait_for_end(void *arg)
{
	struct one *o = (struct one *)arg;

	o->id = gettid();
	while (sem_wait(o->end) != 0)
		;
	return NULL;
}

/* The kernel counts one that was joined for a moment longer. */
static void
wait_gone(pid_t id)
{
	struct clock_ms began = clock_now();

	while (tgkill(getpid(), id, 0) == 0 &&
	       clock_since(began, clock_now()) < GONE_MS)
		(void)sched_yield();
}

/* pthread_create() says the same where there is no memory for a stack. */
static int
what_lacks(int code)
{
	pthread_attr_t attr;
	size_t size = 0;
	void *stack = NULL;

	if (code != EAGAIN || pthread_getattr_default_np(&attr) != 0)
		return code;
	if (pthread_attr_getstacksize(&attr, &size) == 0)
		stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	(void)pthread_attr_destroy(&attr);
	if (stack == MAP_FAILED)
		return ENOMEM;
	if (stack != NULL)
		(void)munmap(stack, size);
	return code;
}

int
threads_room(size_t count, struct ps_error *err)
{
	struct one *all = xcalloc(count, sizeof *all);
	char text[FDS_TEXT];
	size_t made = 0;
	int code = 0;
	sem_t end;

	assert(count > 0 && count <= THREADS_MAX);
	(void)sem_init(&end, 0, 0);
	for (; code == 0 && made < count; made += code == 0) {
		all[made].end = &end;
		code = pthread_create(&all[made].thread, NULL, wait_for_end,
		    &all[made]);
	}
	code = what_lacks(code);
	for (size_t i = 0; i < made; i++)
		(void)sem_post(&end);
	for (size_t i = 0; i < made; i++)
		(void)pthread_join(all[i].thread, NULL);
	for (size_t i = 0; i < made; i++)
		wait_gone(all[i].id);
	(void)sem_destroy(&end);
	free(all);
	return code == 0 ? 0
			 : ps_fail(err, PS_E_RETRY, "%zu threads: %s", count,
			       fds_why(code, text));
}
