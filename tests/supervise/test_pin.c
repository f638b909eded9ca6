#include "supervise/pin.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <unistd.h>

static cpu_set_t
set_of(size_t first, size_t count)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (size_t i = 0; i < count; i++)
		CPU_SET(first + i, &set);
	return set;
}

Test(pin, each_has_one_of_its_own_as_long_as_there_are_enough)
{
	static struct pins pins;
	cpu_set_t three = set_of(4, 3), none = set_of(0, 0);

	for (size_t n = 1; n <= 2; n++)
		for (size_t cpu = 6; cpu >= 4; cpu--) {
			cr_expect(eq(sz, pins_choose(&pins, &three), cpu));
			pins.counts[cpu]++;
		}
	pins.counts[5]--;
	cr_expect(eq(sz, pins_choose(&pins, &three), 5));
	cr_expect(eq(sz, pins_choose(&pins, &none), CPU_SETSIZE));
}

static void *
rest(void *arg)
{
	(void)arg;
	for (;;)
		(void)pause();
	return NULL;
}

static pthread_t
start(void)
{
	pthread_t t;

	cr_assert(eq(int, pthread_create(&t, NULL, rest, NULL), 0));
	return t;
}

static bool
is_on(pthread_t t, const cpu_set_t *wanted)
{
	cpu_set_t is;

	cr_assert(eq(int, pthread_getaffinity_np(t, sizeof is, &is), 0));
	return CPU_EQUAL(&is, wanted);
}

/* Of this process. */
Test(pin, all_threads_that_the_plugin_has_not_placed_go_and_come_back)
{
	static struct pins pins;
	struct pin one = { .cpu = 0 };
	cpu_set_t all, last, first;
	pthread_t usual = start(), placed = start(), born;
	size_t cpu, other = 0;

	cr_assert(eq(int, sched_getaffinity(0, sizeof all, &all), 0));
	if (CPU_COUNT(&all) < 2)
		cr_skip("there is but one processor");
	while (!CPU_ISSET(other, &all))
		other++;
	cpu = pins_choose(&pins, &all);
	last = set_of(cpu, 1);
	first = set_of(other, 1);
	cr_assert(
	    eq(int, pthread_setaffinity_np(placed, sizeof first, &first), 0));
	pin_set(&pins, &one, getpid());
	born = start();
	cr_expect(is_on(pthread_self(), &last));
	cr_expect(is_on(usual, &last));
	cr_expect(is_on(placed, &first));
	cr_expect(eq(uint, pins.counts[cpu], 1));
	pin_set(&pins, &one, getpid());
	cr_expect(eq(uint, pins.counts[cpu], 1), "it is there already");
	cr_expect(eq(int, pin_clear(&pins, &one, getpid()), 0));
	cr_expect(is_on(pthread_self(), &all));
	cr_expect(is_on(usual, &all));
	cr_expect(is_on(born, &all));
	cr_expect(is_on(placed, &first));
	cr_expect(eq(uint, pins.counts[cpu], 0));
	cr_expect(eq(int, pin_clear(&pins, &one, getpid()), 0));
	cr_expect(eq(uint, pins.counts[cpu], 0));
}

Test(pin, it_goes_where_there_are_two_fewer)
{
	static struct pins pins;
	struct pin one = { .cpu = 0 };
	cpu_set_t all, now;
	size_t cpu;

	cr_assert(eq(int, sched_getaffinity(0, sizeof all, &all), 0));
	if (CPU_COUNT(&all) < 2)
		cr_skip("there is but one processor");
	pin_set(&pins, &one, getpid());
	cpu = one.cpu;
	pins.counts[cpu] = 2;
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		pins.counts[i] += i != cpu;
	pin_set(&pins, &one, getpid());
	cr_expect(eq(sz, one.cpu, cpu), "one fewer is not enough");
	for (size_t i = 0; i < CPU_SETSIZE; i++)
		pins.counts[i] -= i != cpu;
	pin_set(&pins, &one, getpid());
	cr_expect(ne(sz, one.cpu, cpu));
	cr_expect(eq(uint, pins.counts[cpu], 1));
	cr_expect(eq(uint, pins.counts[one.cpu], 1));
	now = set_of(one.cpu, 1);
	cr_expect(is_on(pthread_self(), &now));
	cr_expect(eq(int, pin_clear(&pins, &one, getpid()), 0));
	cr_expect(is_on(pthread_self(), &all));
}
