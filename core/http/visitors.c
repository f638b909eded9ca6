#include "http/visitors.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

static const char too_slow[] = "HTTP/1.1 408 Request Timeout\r\n"
			       "Connection: close\r\n"
			       "Content-Length: 0\r\n\r\n";

struct visitor {
	struct visitor *prev, *next;
	int fd;
	enum visitor_state state;
	struct clock_ms since; /* in that state */
	size_t held;
	unsigned char address[sizeof(struct in6_addr)];
	bool is_new; /* it asked for nothing yet */
	bool is_cut;
};

/* ---- the list ---------------------------------------------------------- */

static void
append(struct visitors *v, struct visitor *one)
{
	one->prev = v->last;
	one->next = NULL;
	if (v->last == NULL)
		v->first = one;
	else
		v->last->next = one;
	v->last = one;
}

static void
unlink_one(struct visitors *v, struct visitor *one)
{
	if (one->prev == NULL)
		v->first = one->next;
	else
		one->prev->next = one->next;
	if (one->next == NULL)
		v->last = one->prev;
	else
		one->next->prev = one->prev;
}

static void
take_address(struct visitor *one, const struct sockaddr *address)
{
	const void *bytes = address;

	if (address->sa_family == AF_INET)
		memcpy(one->address,
		    &((const struct sockaddr_in *)bytes)->sin_addr,
		    sizeof(struct in_addr));
	else if (address->sa_family == AF_INET6)
		memcpy(one->address,
		    &((const struct sockaddr_in6 *)bytes)->sin6_addr,
		    sizeof(struct in6_addr));
}

/* ---- cutting ----------------------------------------------------------- */

static void
release(struct visitors *v, struct visitor *one)
{
	v->held_bytes -= one->held;
	one->held = 0;
}

/* The library sees the end, and closes. */
static void
cut(struct visitors *v, struct visitor *one)
{
	if (v->plain && (one->is_new || one->state == VISITOR_SENDING))
		(void)send(one->fd, too_slow, sizeof too_slow - 1,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(one->fd, SHUT_RDWR);
	one->is_cut = true;
	release(v, one);
}

static bool
is_same_address(const struct visitor *x, const struct visitor *y)
{
	return memcmp(x->address, y->address, sizeof x->address) == 0;
}

/* The longest waiting, of the address of `of` (NULL: of any) or with bytes
 * held. */
static struct visitor *
oldest(const struct visitors *v, const struct visitor *of)
{
	for (struct visitor *one = v->first; one != NULL; one = one->next)
		if (one != of && !one->is_cut && one->state != VISITOR_BUSY &&
		    (of == NULL || is_same_address(one, of)))
			return one;
	return NULL;
}

static size_t
count_of(const struct visitors *v, const struct visitor *of)
{
	size_t count = 0;

	for (const struct visitor *one = v->first; one != NULL; one = one->next)
		count +=
		    !one->is_cut && (of == NULL || is_same_address(one, of));
	return count;
}

static void
make_room(struct visitors *v, const struct visitor *for_one)
{
	struct visitor *one;

	if (count_of(v, for_one) > v->per_address_max &&
	    (one = oldest(v, for_one)) != NULL)
		cut(v, one);
	if (count_of(v, NULL) > v->total_max && (one = oldest(v, NULL)) != NULL)
		cut(v, one);
}

/* ---- what happens ------------------------------------------------------ */

struct visitor *
visitors_add(struct visitors *v, int fd, const struct sockaddr *address)
{
	struct visitor *one = xcalloc(1, sizeof *one);

	one->fd = fd;
	one->since = clock_now();
	one->is_new = true;
	take_address(one, address);
	append(v, one);
	v->count++;
	make_room(v, one);
	return one;
}

void
visitors_make_way(struct visitors *v)
{
	struct visitor *one = oldest(v, NULL);

	if (one != NULL)
		cut(v, one);
}

void
visitors_remove(struct visitors *v, struct visitor *one)
{
	release(v, one);
	unlink_one(v, one);
	v->count--;
	free(one);
}

void
visitors_move(struct visitors *v, struct visitor *one, enum visitor_state to)
{
	if (one->state == to)
		return;
	one->state = to;
	one->since = clock_now();
	one->is_new = false;
	if (to != VISITOR_SENDING)
		release(v, one);
	unlink_one(v, one);
	append(v, one);
}

void
visitors_hold(struct visitors *v, struct visitor *one, size_t bytes)
{
	one->held += bytes;
	v->held_bytes += bytes;
	for (struct visitor *o = v->first;
	     o != NULL && v->held_bytes > v->held_max; o = o->next)
		if (o != one && o->held > 0)
			cut(v, o);
}

void
visitors_sweep(struct visitors *v, struct clock_ms now)
{
	for (struct visitor *one = v->first; one != NULL; one = one->next)
		if (one->state == VISITOR_SILENT && one->is_new &&
		    !one->is_cut &&
		    clock_since(one->since, now) >= v->head_limit_ms)
			cut(v, one);
}
