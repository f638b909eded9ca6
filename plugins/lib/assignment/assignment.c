#include "assignment.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void
assigned_init(struct assigned *p, const char *topic, int32_t partition,
    int64_t next_offset)
{
	*p = (struct assigned){ .partition = partition,
		.next_offset = next_offset };
	p->topic = strdup(topic);
	if (p->topic == NULL)
		abort();
}

void
assigned_fini(struct assigned *p)
{
	free(p->topic);
}

void
assignment_fini(struct assignment *s)
{
	struct assigned *p;

	while ((p = s->first) != NULL) {
		s->first = p->next;
		s->free(p);
	}
	s->last = NULL;
}

static bool
is_named(const struct assigned *p, const char *topic, int32_t partition)
{
	return p->partition == partition && strcmp(p->topic, topic) == 0;
}

struct assigned *
assignment_find(struct assignment *s, const char *topic, int32_t partition)
{
	struct assigned *p;

	if (s->last != NULL && is_named(s->last, topic, partition))
		return s->last;
	for (p = s->first; p != NULL; p = p->next)
		if (is_named(p, topic, partition))
			break;
	if (p != NULL)
		s->last = p;
	return p;
}

struct assigned *
assignment_next(const struct assignment *s, const struct assigned *p)
{
	return p == NULL ? s->first : p->next;
}

static struct assigned *
add(struct assignment *s, const char *topic, int32_t partition, int64_t offset)
{
	struct assigned *p = s->make(s->arg, topic, partition, offset);

	p->next = s->first;
	s->first = s->last = p;
	return p;
}

struct assigned *
assignment_of(struct assignment *s, const struct ps_record *r)
{
	struct assigned *p =
	    assignment_find(s, r->origin_topic, r->origin_partition);

	return p != NULL ? p : add(s, r->origin_topic, r->origin_partition, 0);
}

static void
drop(struct assignment *s, const struct ps_topic_position *tp)
{
	struct assigned *p;

	for (struct assigned **at = &s->first; (p = *at) != NULL; at = &p->next)
		if (is_named(p, tp->topic, tp->partition)) {
			*at = p->next;
			s->last = NULL;
			s->free(p);
			return;
		}
}

void
assignment_open(struct assignment *s, const struct ps_topic_position *tps,
    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		drop(s, &tps[i]);
		(void)add(s, tps[i].topic, tps[i].partition,
		    tps[i].offset < 0 ? 0 : tps[i].offset);
	}
}

void
assignment_close(struct assignment *s, const struct ps_topic_position *tps,
    size_t count)
{
	for (size_t i = 0; i < count; i++)
		drop(s, &tps[i]);
}
