#include "prune.h"

/* A field that stays. */
struct stay {
	size_t field;
	const struct update *inside; /* NULL: as it is */
};

struct plan {
	struct stay *stays;
	size_t count;
};

/* What all functions below need. */
struct job {
	const struct prune *p;
	struct common *t;
	struct work *w;
};

/* ---- What is asked ---- */

static struct prune_node *
find(const struct prune_node *in, const char *name, size_t len)
{
	struct prune_node *n;

	for (n = in->children; n != NULL; n = n->next)
		if (n->step.len == len && memcmp(n->step.name, name, len) == 0)
			return n;
	return NULL;
}

static struct prune_node *
add(struct common *t, struct prune_node *in, const struct step *step)
{
	struct prune_node *n = find(in, step->name, step->len);

	if (n != NULL)
		return n;
	n = (struct prune_node *)common_alloc(t, sizeof *n);
	n->step = *step;
	n->next = in->children;
	in->children = n;
	return n;
}

static struct prune_node *
node_of(struct prune *p, struct common *t, const struct path *path)
{
	struct prune_node *n = &p->root;

	for (size_t i = 0; i < path->count; i++)
		n = add(t, n, &path->steps[i]);
	return n;
}

void
prune_exclude(struct prune *p, struct common *t, const struct path *path)
{
	node_of(p, t, path)->is_excluded = true;
}

void
prune_include(struct prune *p, struct common *t, const struct path *path)
{
	struct prune_node *n = &p->root;

	for (size_t i = 0; i < path->count; i++) {
		n->leads_on = true;
		n = add(t, n, &path->steps[i]);
	}
	n->is_included = true;
}

void
prune_rename(struct prune *p, struct common *t, const struct path *path,
    const struct step *to)
{
	/* Of two new names the last counts, as in Java's map. */
	node_of(p, t, path)->to = *to;
}

/* Of all fields here, only what is included stays. */
static bool
chooses(const struct prune_node *in)
{
	return in->leads_on && !in->is_included;
}

/* `n` is the field's node or NULL, `nests` whether it has fields itself. */
static bool
stays(const struct prune_node *in, const struct prune_node *n, bool nests)
{
	if (n == NULL || n->is_excluded)
		return n == NULL && !chooses(in);
	return !chooses(in) || n->is_included || (n->leads_on && nests);
}

static struct step
name_of(const struct prune_node *n, const char *name, size_t len)
{
	if (n != NULL && n->to.name != NULL)
		return n->to;
	return (struct step){ name, len };
}

/* ---- With a schema ---- */

static int
add_field(const struct job *j, struct ps_schema *draft, struct ps_field *fields,
    const struct step *name, const struct ps_schema *s)
{
	if (ps_field_index(draft, name->name, name->len) >= 0)
		return ps_fail(j->w->err, PS_E_DATA,
		    "Cannot create field because of field name duplication "
		    "%.*s",
		    (int)name->len, name->name);
	fields[draft->field_count++] =
	    (struct ps_field){ name->name, name->len, s };
	return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the paths are long */
static const struct update *
make_plan(const struct job *j, const struct prune_node *in,
    const struct ps_schema *from, struct updates *rows)
{
	struct ps_arena *a = j->w->arena;
	struct ps_schema draft = struct_like(from);
	struct ps_field *fields = (struct ps_field *)ps_alloc(a,
	    (from->field_count + 1) * sizeof *fields);
	struct plan *p = (struct plan *)ps_alloc(a, sizeof *p);

	p->count = 0;
	p->stays = (struct stay *)ps_alloc(a,
	    (from->field_count + 1) * sizeof *p->stays);
	draft.optional = in != &j->p->root && from->optional;
	draft.fields = fields;
	for (size_t i = 0; i < from->field_count; i++) {
		const struct ps_field *f = &from->fields[i];
		const struct prune_node *n = find(in, f->name, f->name_len);
		struct step name = name_of(n, f->name, f->name_len);
		bool nests = f->schema->type == PS_STRUCT;
		struct stay stay = { i, NULL };

		if (!stays(in, n, nests))
			continue;
		if (nests && n != NULL && n->children != NULL) {
			stay.inside = make_plan(j, n, f->schema,
			    (struct updates *)ps_calloc(a, 1, sizeof *rows));
			if (stay.inside == NULL)
				return NULL;
		}
		p->stays[p->count++] = stay;
		if (add_field(j, &draft, fields, &name,
			stay.inside == NULL ? f->schema : stay.inside->to) < 0)
			return NULL;
	}
	return updates_add(rows, from, common_intern(j->t, &draft), p);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the paths are long */
static void
in_struct(const struct job *j, const struct update *u, struct ps_value *v)
{
	const struct plan *p = (const struct plan *)u->plan;
	struct ps_value *items = (struct ps_value *)ps_alloc(j->w->arena,
	    (p->count + 1) * sizeof *items);

	for (size_t i = 0; i < p->count; i++) {
		items[i] = field_value(u->from, v, p->stays[i].field,
		    j->t->null_default);
		if (p->stays[i].inside != NULL && items[i].type == PS_STRUCT)
			in_struct(j, p->stays[i].inside, &items[i]);
	}
	*v = ps_struct(items, p->count);
}

/* ---- Without one ---- */

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the paths are long */
static int
in_map(const struct job *j, const struct prune_node *in, struct ps_value *v)
{
	struct ps_pair *pairs = (struct ps_pair *)ps_alloc(j->w->arena,
	    (v->len + (size_t)1) * sizeof *pairs);
	size_t count = 0;

	for (uint32_t i = 0; i < v->len; i++) {
		struct ps_pair pair = v->pairs[i];
		bool is_text = pair.key.type == PS_STRING;
		bool nests = pair.value.type == PS_MAP;
		const struct prune_node *n =
		    is_text ? find(in, pair.key.s, pair.key.len) : NULL;

		if (!is_text && j->p->only_text_keys)
			return ps_fail(j->w->err, PS_E_DATA,
			    "key %u of the map is not a string", i);
		if (!stays(in, n, nests))
			continue;
		if (nests && n != NULL && n->children != NULL &&
		    in_map(j, n, &pair.value) < 0)
			return -1;
		if (n != NULL && n->to.name != NULL)
			pair.key = ps_string(n->to.name, n->to.len);
		pairs[count++] = pair;
	}
	*v = ps_map(pairs, count);
	return 0;
}

int
prune_apply(const struct prune *p, struct common *t, struct work *w,
    const struct operand *o)
{
	const struct job j = { p, t, w };
	const struct update *u;

	if (*o->schema == NULL)
		return in_map(&j, &p->root, o->value);
	u = updates_row(&w->updates, *o->schema);
	if (u == NULL)
		u = make_plan(&j, &p->root, *o->schema, &w->updates);
	if (u == NULL)
		return -1;
	in_struct(&j, u, o->value);
	*o->schema = u->to;
	return 0;
}
