#include "http/visitors.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

static struct visitors v;
static int theirs[8];
static struct visitor *ones[8];
static size_t count;

static void
begin(void)
{
	v = (struct visitors){ .total_max = 4,
		.per_address_max = 2,
		.held_max = 100,
		.head_limit_ms = 1000,
		.plain = true };
}

static void
end(void)
{
	for (size_t i = 0; i < count; i++) {
		visitors_remove(&v, ones[i]);
		(void)close(theirs[i]);
	}
	cr_expect(eq(sz, v.count, 0));
	cr_expect(eq(sz, v.held_bytes, 0));
}

TestSuite(visitors, .init = begin, .fini = end);

static size_t
come(const char *address)
{
	struct sockaddr_in in = { .sin_family = AF_INET };
	union {
		const struct sockaddr_in *in;
		const struct sockaddr *out;
	} a = { .in = &in };
	int pair[2];

	cr_assert(eq(int, inet_pton(AF_INET, address, &in.sin_addr), 1));
	cr_assert(eq(int, socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0));
	theirs[count] = pair[0];
	ones[count] = visitors_add(&v, pair[1], a.out);
	return count++;
}

/* What it was told; NULL: it was not cut. */
static const char *
told(size_t one)
{
	static char text[256];
	ssize_t n = recv(theirs[one], text, sizeof text - 1, MSG_DONTWAIT);

	if (n < 0)
		return NULL;
	text[n] = '\0';
	return text;
}

static bool
is_slow(size_t one)
{
	const char *text = told(one);

	return text != NULL && strncmp(text, "HTTP/1.1 408 ", 13) == 0;
}

Test(visitors, the_longest_waiting_of_an_address_makes_room)
{
	size_t first = come("10.0.0.1"), other = come("10.0.0.2");
	size_t second = come("10.0.0.1");

	cr_expect(told(first) == NULL);
	(void)come("10.0.0.1");
	cr_expect(is_slow(first));
	cr_expect(told(other) == NULL);
	cr_expect(told(second) == NULL);
}

Test(visitors, who_is_answered_is_never_cut)
{
	size_t first = come("10.0.0.1"), second = come("10.0.0.1");

	visitors_move(&v, ones[first], VISITOR_BUSY);
	(void)come("10.0.0.1");
	cr_expect(told(first) == NULL);
	cr_expect(is_slow(second));
	visitors_move(&v, ones[2], VISITOR_BUSY);
	(void)come("10.0.0.1");
	cr_expect(told(first) == NULL);
	cr_expect(told(2) == NULL, "nothing to cut: the new one stays too");
	cr_expect(told(3) == NULL);
}

Test(visitors, all_together_are_bounded)
{
	size_t first = come("10.0.0.1");

	(void)come("10.0.0.2");
	(void)come("10.0.0.3");
	(void)come("10.0.0.4");
	cr_expect(told(first) == NULL);
	(void)come("10.0.0.5");
	cr_expect(is_slow(first));
}

Test(visitors, who_was_answered_once_goes_without_a_word)
{
	size_t first = come("10.0.0.1");

	visitors_move(&v, ones[first], VISITOR_BUSY);
	visitors_move(&v, ones[first], VISITOR_SILENT);
	(void)come("10.0.0.1");
	(void)come("10.0.0.1");
	cr_expect(eq(str, (char *)told(first), ""));
}

Test(visitors, bodies_that_wait_share_their_memory)
{
	size_t first = come("10.0.0.1"), second = come("10.0.0.2");

	visitors_move(&v, ones[first], VISITOR_SENDING);
	visitors_move(&v, ones[second], VISITOR_SENDING);
	visitors_hold(&v, ones[first], 60);
	cr_expect(told(first) == NULL);
	visitors_hold(&v, ones[second], 60);
	cr_expect(is_slow(first));
	cr_expect(told(second) == NULL);
	cr_expect(eq(sz, v.held_bytes, 60));
	visitors_move(&v, ones[second], VISITOR_BUSY);
	cr_expect(eq(sz, v.held_bytes, 0), "it is complete");
}

Test(visitors, a_head_that_does_not_come_is_given_up)
{
	size_t silent = come("10.0.0.1"), sending = come("10.0.0.2");
	size_t idle = come("10.0.0.3");
	struct clock_ms now = clock_now();

	visitors_move(&v, ones[sending], VISITOR_SENDING);
	visitors_move(&v, ones[idle], VISITOR_BUSY);
	visitors_move(&v, ones[idle], VISITOR_SILENT);
	visitors_sweep(&v, now);
	cr_expect(told(silent) == NULL);
	visitors_sweep(&v, clock_after(now, 2000));
	cr_expect(is_slow(silent));
	cr_expect(told(sending) == NULL);
	cr_expect(told(idle) == NULL);
}
