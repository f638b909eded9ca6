#include "leaves.h"

#define NO_LEAF SIZE_MAX

struct leaf_node {
	struct step step;
	size_t leaf; /* NO_LEAF: something below is one */
	struct leaf_node *children, *next;
};

/* A field that changes: by a leaf, or inside. */
struct touch {
	size_t field, leaf;
	const struct update *inside;
};

struct plan {
	struct touch *touches;
	size_t count;
};

/* What all functions below need. */
struct job {
	const struct leaves *l;
	struct common *t;
	struct work *w;
};

static struct leaf_node *
find(struct leaf_node *list, const char *name, size_t len)
{
	for (; list != NULL; list = list->next)
		if (list->step.len == len &&
		    memcmp(list->step.name, name, len) == 0)
			return list;
	return NULL;
}

void
leaves_add(struct leaves *l, struct common *t, const struct path *p,
    size_t leaf)
{
	struct leaf_node **list = &l->root, *n = NULL;

	for (size_t i = 0; i < p->count; i++) {
		n = find(*list, p->steps[i].name, p->steps[i].len);
		if (n == NULL) {
			n = (struct leaf_node *)common_alloc(t, sizeof *n);
			n->step = p->steps[i];
			n->leaf = NO_LEAF;
			n->next = *list;
			*list = n;
		}
		list = &n->children;
	}
	if (n != NULL)
		n->leaf = leaf;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the paths are long */
static const struct update *
make_plan(const struct job *j, struct leaf_node *nodes,
    const struct ps_schema *from, struct updates *rows)
{
	struct ps_schema draft = struct_like(from);
	struct ps_arena *a = j->w->arena;
	struct ps_field *fields = (struct ps_field *)ps_alloc(a,
	    (from->field_count + 1) * sizeof *fields);
	struct plan *p = (struct plan *)ps_alloc(a, sizeof *p);

	*p = (struct plan){ .count = 0 };
	p->touches = (struct touch *)ps_alloc(a,
	    (from->field_count + 1) * sizeof *p->touches);
	for (size_t i = 0; i < from->field_count; i++) {
		const struct ps_field *f = &from->fields[i];
		struct leaf_node *n = find(nodes, f->name, f->name_len);
		struct touch touch = { i, NO_LEAF, NULL };

		fields[i] = *f;
		if (n == NULL ||
		    (n->leaf == NO_LEAF && f->schema->type != PS_STRUCT))
			continue;
		touch.leaf = n->leaf;
		if (n->leaf == NO_LEAF) {
			struct updates *own =
			    (struct updates *)ps_calloc(a, 1, sizeof *own);

			touch.inside =
			    make_plan(j, n->children, f->schema, own);
			if (touch.inside == NULL)
				return NULL;
			fields[i].schema = touch.inside->to;
		} else if (j->l->ops->schema != NULL) {
			fields[i].schema =
			    j->l->ops->schema(j->t, j->w, n->leaf, f->schema);
			if (fields[i].schema == NULL)
				return NULL;
		}
		p->touches[p->count++] = touch;
	}
	draft.optional = from->optional;
	draft.fields = fields;
	draft.field_count = from->field_count;
	return updates_add(rows, from,
	    j->l->ops->schema == NULL ? from
				      : j->t->host->intern(j->t->host, &draft),
	    p);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the paths are long */
static int
in_struct(const struct job *j, const struct update *u, struct ps_value *v)
{
	const struct plan *p = (const struct plan *)u->plan;
	struct ps_value *items = fields_copy(j->w, u, v, 0, j->t->null_default);

	for (size_t i = 0; i < p->count; i++) {
		const struct touch *touch = &p->touches[i];
		struct ps_value *item = &items[touch->field];

		if (touch->inside != NULL && item->type != PS_STRUCT)
			continue;
		if ((touch->inside != NULL
			    ? in_struct(j, touch->inside, item)
			    : j->l->ops->value(j->t, j->w, touch->leaf,
				  u->from->fields[touch->field].schema, item)) <
		    0)
			return -1;
	}
	*v = ps_struct(items, v->len);
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the paths are long */
static int
in_map(const struct job *j, const struct leaf_node *nodes, struct ps_value *v)
{
	for (const struct leaf_node *n = nodes; n != NULL; n = n->next) {
		const struct ps_value *old =
		    map_get(v, n->step.name, n->step.len);
		struct ps_value made = old == NULL ? ps_null() : *old;

		if ((n->leaf == NO_LEAF && made.type != PS_MAP) ||
		    (old == NULL && j->l->ops->only_there))
			continue;
		if ((n->leaf == NO_LEAF ? in_map(j, n->children, &made)
					: j->l->ops->value(j->t, j->w, n->leaf,
					      NULL, &made)) < 0)
			return -1;
		*v = map_put(j->w->arena, v, n->step.name, n->step.len, made);
	}
	return 0;
}

int
leaves_apply(const struct leaves *l, struct common *t, struct work *w,
    const struct operand *o)
{
	const struct job j = { l, t, w };
	const struct update *u;

	if (operand_check_or_null(*o->schema, o->value, l->ops->purpose,
		w->err) < 0)
		return -1;
	if (*o->schema == NULL)
		return o->value->type == PS_NULL
			   ? 0
			   : in_map(&j, l->root, o->value);
	u = updates_row(&w->updates, *o->schema);
	if (u == NULL)
		u = make_plan(&j, l->root, *o->schema, &w->updates);
	if (u == NULL)
		return -1;
	*o->schema = u->to;
	return o->value->type == PS_NULL ? 0 : in_struct(&j, u, o->value);
}
