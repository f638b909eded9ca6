#include "cluster/table.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct table {
	struct entry **entries; /* by name */
	size_t count, room;
	char **ids;
	size_t id_count;
};

struct table *
table_new(void)
{
	return xcalloc(1, sizeof(struct table));
}

static void
forget_assignment(struct entry *e)
{
	free(e->is.tasks);
	free(e->is.debts);
	e->is = (struct assignment){ .generation = -1 };
	e->assigned = false;
}

static void
forget_wanted(struct entry *e)
{
	free((char *)(uintptr_t)e->wanted.placement);
	free((char *)(uintptr_t)e->wanted.class_name);
}

static void
entry_free(struct entry *e)
{
	forget_assignment(e);
	forget_wanted(e);
	free(e->name);
	free(e);
}

void
table_free(struct table **tp)
{
	struct table *t = *tp;

	if (t == NULL)
		return;
	*tp = NULL;
	for (size_t i = 0; i < t->count; i++)
		entry_free(t->entries[i]);
	for (size_t i = 0; i < t->id_count; i++)
		free(t->ids[i]);
	free(t->entries);
	free(t->ids);
	free(t);
}

const char *
table_id(struct table *t, const char *id)
{
	if (id == NULL)
		return NULL;
	for (size_t i = 0; i < t->id_count; i++)
		if (strcmp(t->ids[i], id) == 0)
			return t->ids[i];
	t->ids = xrealloc(t->ids, (t->id_count + 1) * sizeof *t->ids);
	t->ids[t->id_count] = xstrdup(id);
	return t->ids[t->id_count++];
}

/* The first entry that is not before `name`. */
static size_t
place_of(const struct table *t, const char *name)
{
	size_t low = 0, high = t->count, mid;

	while (low < high) {
		mid = (low + high) / 2;
		if (strcmp(t->entries[mid]->name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct entry *
table_find(const struct table *t, const char *name)
{
	size_t at = place_of(t, name);

	if (at == t->count || strcmp(t->entries[at]->name, name) != 0)
		return NULL;
	return t->entries[at];
}

static void
make_room(struct table *t)
{
	if (t->count < t->room)
		return;
	t->room = t->room == 0 ? 16 : t->room * 2;
	t->entries = xrealloc(t->entries, t->room * sizeof *t->entries);
}

struct entry *
table_get(struct table *t, const char *name)
{
	struct entry *e = table_find(t, name);
	size_t at = place_of(t, name);

	if (e != NULL)
		return e;
	make_room(t);
	e = xcalloc(1, sizeof *e);
	e->name = xstrdup(name);
	e->wanted.generation = -1;
	forget_assignment(e);
	memmove(t->entries + at + 1, t->entries + at,
	    (t->count - at) * sizeof *t->entries);
	t->entries[at] = e;
	t->count++;
	return e;
}

size_t
table_count(const struct table *t)
{
	return t->count;
}

struct entry *
table_at(const struct table *t, size_t i)
{
	return t->entries[i];
}

static void
drop_if_empty(struct table *t, const char *name)
{
	size_t at = place_of(t, name);
	struct entry *e = t->entries[at];

	if (e->wanted.exists || e->assigned)
		return;
	entry_free(e);
	t->count--;
	memmove(t->entries + at, t->entries + at + 1,
	    (t->count - at) * sizeof *t->entries);
}

void
table_want(struct table *t, const char *name, const struct wanted *w)
{
	struct entry *e = table_get(t, name);
	struct wanted copy = *w;

	copy.placement = w->placement == NULL ? NULL : xstrdup(w->placement);
	copy.class_name = w->class_name == NULL ? NULL : xstrdup(w->class_name);
	forget_wanted(e);
	e->wanted = copy;
	drop_if_empty(t, name);
}

static struct who
who_in(struct table *t, const struct who *who)
{
	if (who_is_nobody(who))
		return (struct who){ 0 };
	return (struct who){ table_id(t, who->id), who->incarnation };
}

void
table_assign(struct table *t, const char *name, const struct assignment *as)
{
	struct entry *e = table_get(t, name);
	struct assignment is;

	if (as == NULL) {
		forget_assignment(e);
		drop_if_empty(t, name);
		return;
	}
	is = *as;
	is.connector = who_in(t, &as->connector);
	is.tasks = xcalloc(as->task_count + 1, sizeof *is.tasks);
	for (size_t i = 0; i < as->task_count; i++)
		is.tasks[i] = who_in(t, &as->tasks[i]);
	is.debts = xcalloc(as->debt_count + 1, sizeof *is.debts);
	for (size_t i = 0; i < as->debt_count; i++) {
		is.debts[i] = as->debts[i];
		is.debts[i].who = who_in(t, &as->debts[i].who);
	}
	forget_assignment(e);
	e->is = is;
	e->assigned = true;
}

size_t
entry_task_count(const struct entry *e)
{
	if (!e->wanted.exists || e->wanted.stopped)
		return 0;
	return e->wanted.task_count;
}

const struct who *
entry_owner(const struct entry *e, int task)
{
	const struct who *w;

	if (!e->assigned || !e->wanted.exists)
		return NULL;
	if (task < 0)
		w = &e->is.connector;
	else if (e->is.generation != e->wanted.generation ||
		 (size_t)task >= entry_task_count(e) ||
		 (size_t)task >= e->is.task_count)
		return NULL;
	else
		w = &e->is.tasks[task];
	return who_is_nobody(w) ? NULL : w;
}

bool
entry_names(const struct entry *e, const struct who *who)
{
	if (!e->assigned)
		return false;
	if (who_is(&e->is.connector, who))
		return true;
	for (size_t i = 0; i < e->is.task_count; i++)
		if (who_is(&e->is.tasks[i], who))
			return true;
	for (size_t i = 0; i < e->is.debt_count; i++)
		if (who_is(&e->is.debts[i].who, who))
			return true;
	return false;
}
