#include "task/positions.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct positions {
	struct position **items;
	size_t count, room;
	struct position *last; /* found last */
};

struct positions *
positions_new(void)
{
	return xcalloc(1, sizeof(struct positions));
}

static void
free_position(struct position *p)
{
	free(p->topic);
	free(p);
}

void
positions_free(struct positions **pp)
{
	struct positions *p = *pp;

	if (p == NULL)
		return;
	for (size_t i = 0; i < p->count; i++)
		free_position(p->items[i]);
	free(p->items);
	free(p);
	*pp = NULL;
}

static bool
is_at(const struct position *p, const char *topic, int32_t partition)
{
	return p->partition == partition && strcmp(p->topic, topic) == 0;
}

struct position *
positions_find(struct positions *p, const char *topic, int32_t partition)
{
	if (p->last != NULL && is_at(p->last, topic, partition))
		return p->last;
	for (size_t i = 0; i < p->count; i++)
		if (is_at(p->items[i], topic, partition))
			return p->last = p->items[i];
	return NULL;
}

struct position *
positions_add(struct positions *p, const char *topic, int32_t partition)
{
	struct position *found = positions_find(p, topic, partition);

	if (found != NULL)
		return found;
	if (p->count == p->room) {
		p->room = p->room == 0 ? 16 : 2 * p->room;
		p->items = xrealloc(p->items, p->room * sizeof *p->items);
	}
	found = xcalloc(1, sizeof *found);
	found->topic = xstrdup(topic);
	found->partition = partition;
	found->current = PS_NO_OFFSET;
	found->committed = PS_NO_OFFSET;
	found->asked = PS_NO_OFFSET;
	p->items[p->count++] = found;
	return found;
}

void
positions_remove(struct positions *p, const char *topic, int32_t partition)
{
	for (size_t i = 0; i < p->count; i++)
		if (is_at(p->items[i], topic, partition)) {
			free_position(p->items[i]);
			p->items[i] = p->items[--p->count];
			break;
		}
	p->last = NULL;
}

size_t
positions_count(const struct positions *p)
{
	return p->count;
}

struct position *
positions_at(const struct positions *p, size_t i)
{
	return p->items[i];
}
