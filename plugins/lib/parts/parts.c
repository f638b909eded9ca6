#include "parts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void
part_init(struct part *p, const char *topic, int32_t partition,
    int64_t next_offset)
{
	*p =
	    (struct part){ .partition = partition, .next_offset = next_offset };
	p->topic = strdup(topic);
	if (p->topic == NULL)
		abort();
}

void
part_fini(struct part *p)
{
	free(p->topic);
}

void
parts_init(struct parts *s, void (*free_part)(struct part *p))
{
	*s = (struct parts){ .free = free_part };
}

void
parts_fini(struct parts *s)
{
	struct part *p;

	while ((p = s->first) != NULL) {
		s->first = p->next;
		s->free(p);
	}
	s->last = NULL;
}

void
parts_add(struct parts *s, struct part *p)
{
	p->next = s->first;
	s->first = s->last = p;
}

static bool
is_part(const struct part *p, const char *topic, int32_t partition)
{
	return p->partition == partition && strcmp(p->topic, topic) == 0;
}

struct part *
parts_find(struct parts *s, const char *topic, int32_t partition)
{
	struct part *p;

	if (s->last != NULL && is_part(s->last, topic, partition))
		return s->last;
	for (p = s->first; p != NULL; p = p->next)
		if (is_part(p, topic, partition))
			break;
	if (p != NULL)
		s->last = p;
	return p;
}

struct part *
parts_next(const struct parts *s, const struct part *p)
{
	return p == NULL ? s->first : p->next;
}

void
parts_drop(struct parts *s, const struct ps_topic_position *tp)
{
	struct part *p;

	for (struct part **at = &s->first; (p = *at) != NULL; at = &p->next)
		if (is_part(p, tp->topic, tp->partition)) {
			*at = p->next;
			s->last = NULL;
			s->free(p);
			return;
		}
}
