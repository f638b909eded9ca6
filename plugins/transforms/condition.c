#include <stdlib.h>

#include <penstock/decimal.h>

#include "condition_impl.h"

struct datum {
	const struct ps_schema *schema;
	struct ps_value value;
};

struct question {
	struct datum root;
	bool missing;
};

static bool
holds(struct question *q, const struct cond_node *n, const struct datum *at);

/* The member of that name; false: there is none, or it is null. */
static bool
member(const struct datum *at, const struct cond_step *s, struct datum *out)
{
	const struct ps_value *found;
	int i;

	if (at->value.type == PS_STRUCT && at->schema != NULL) {
		i = ps_field_index(at->schema, s->name, s->len);
		if (i < 0)
			return false;
		*out = (struct datum){ at->schema->fields[i].schema,
			at->value.items[i] };
	} else {
		found = at->value.type == PS_MAP
			    ? map_get(&at->value, s->name, s->len)
			    : NULL;
		if (found == NULL)
			return false;
		*out = (struct datum){ at->schema == NULL ? NULL
							  : at->schema->elem,
			*found };
	}
	return out->value.type != PS_NULL;
}

/* The i-th element or member; false: there are not so many. */
static bool
child(const struct datum *at, size_t i, struct datum *out)
{
	const struct ps_schema *s = at->schema;

	if (i >= at->value.len)
		return false;
	if (at->value.type == PS_ARRAY)
		*out = (struct datum){ s == NULL ? NULL : s->elem,
			at->value.items[i] };
	else if (at->value.type == PS_STRUCT && s != NULL)
		*out =
		    (struct datum){ s->fields[i].schema, at->value.items[i] };
	else if (at->value.type == PS_MAP)
		*out = (struct datum){ s == NULL ? NULL : s->elem,
			at->value.pairs[i].value };
	else
		return false;
	return true;
}

/* Is there something at the end of the path? The first of it is `out`.
 * NOLINTNEXTLINE(misc-no-recursion): as deep as the path is long */
static bool
find(struct question *q, const struct cond_step *s, const struct datum *at,
    struct datum *out)
{
	struct datum next;

	if (s == NULL) {
		*out = *at;
		return true;
	}
	if (s->kind == STEP_NAME) {
		if (!member(at, s, &next)) {
			q->missing = true;
			return false;
		}
		return find(q, s->next, &next, out);
	}
	if (s->kind == STEP_INDEX) {
		/* Below 0 it counts from the end; what is before all goes
		 * round, and there is no such element either. */
		size_t i =
		    (size_t)s->index + (s->index < 0 ? at->value.len : 0);

		return at->value.type == PS_ARRAY && child(at, i, &next) &&
		       find(q, s->next, &next, out);
	}
	if (s->kind == STEP_FILTER && at->value.type != PS_ARRAY)
		return holds(q, s->filter, at) && find(q, s->next, at, out);
	for (size_t i = 0; child(at, i, &next); i++)
		if ((s->kind == STEP_ALL || holds(q, s->filter, &next)) &&
		    find(q, s->next, &next, out))
			return true;
	return false;
}

static bool
is_number(const struct ps_value *v)
{
	return v->type >= PS_INT8 && v->type <= PS_FLOAT64;
}

/* A Decimal as a number. */
static struct ps_value
plain(const struct datum *d)
{
	char text[PS_DECIMAL_ROOM(64) + 64];
	const struct ps_value *v = &d->value;

	if (v->type != PS_BYTES || d->schema == NULL ||
	    d->schema->logical != PS_DECIMAL || v->len > 64 ||
	    d->schema->scale > 64)
		return *v;
	text[ps_decimal_put(text, v->p, v->len, d->schema->scale)] = '\0';
	return ps_float64(strtod(text, NULL));
}

static double
number_of(const struct ps_value *v)
{
	return ps_is_int(v) ? (double)v->i : v->f;
}

enum { LESS = -1, EQUAL, GREATER, UNLIKE };

static int
compare_texts(const struct ps_value *a, const struct ps_value *b)
{
	size_t n = a->len < b->len ? a->len : b->len;
	int order = n == 0 ? 0 : memcmp(a->s, b->s, n);

	if (order == 0)
		order = (a->len > b->len) - (a->len < b->len);
	return (order > 0) - (order < 0);
}

static int
compare_numbers(const struct ps_value *a, const struct ps_value *b)
{
	double x = number_of(a), y = number_of(b);

	if (ps_is_int(a) && ps_is_int(b))
		return (a->i > b->i) - (a->i < b->i);
	return x < y ? LESS : x > y ? GREATER : x == y ? EQUAL : UNLIKE;
}

static int
compare(const struct ps_value *a, const struct ps_value *b)
{
	if (is_number(a) && is_number(b))
		return compare_numbers(a, b);
	if (a->type != b->type)
		return UNLIKE;
	if (a->type == PS_STRING)
		return compare_texts(a, b);
	if (a->type == PS_BOOLEAN)
		return a->b == b->b ? EQUAL : UNLIKE;
	return a->type == PS_NULL ? EQUAL : UNLIKE;
}

static bool
answers(enum cond_op op, int order)
{
	switch ((int)op) {
	case COND_EQ:
		return order == EQUAL;
	case COND_NE:
		return order != EQUAL;
	case COND_LT:
		return order == LESS;
	case COND_LE:
		return order == LESS || order == EQUAL;
	case COND_GT:
		return order == GREATER;
	default:
		return order == GREATER || order == EQUAL;
	}
}

static bool
listed(const struct cond_node *n, const struct ps_value *v)
{
	for (size_t i = 0; i < n->count; i++)
		if (compare(v, &n->list[i]) == EQUAL)
			return true;
	return false;
}

/* False when the path finds nothing.
 * NOLINTNEXTLINE(misc-no-recursion): paths hold conditions */
static bool
operand_value(struct question *q, const struct cond_operand *o,
    const struct datum *at, struct ps_value *out)
{
	struct datum found;

	*out = o->value;
	if (!o->is_path)
		return true;
	*out = ps_null();
	if (!find(q, o->steps, o->from_root ? &q->root : at, &found))
		return false;
	*out = plain(&found);
	return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the text nests */
static bool
holds(struct question *q, const struct cond_node *n, const struct datum *at)
{
	struct ps_value a, b;
	bool found;

	if (n->op == COND_OR)
		return holds(q, n->a, at) || holds(q, n->b, at);
	if (n->op == COND_AND)
		return holds(q, n->a, at) && holds(q, n->b, at);
	if (n->op == COND_NOT)
		return !holds(q, n->a, at);
	found = operand_value(q, &n->left, at, &a);
	if (n->op == COND_FOUND)
		return found;
	if (n->op == COND_MATCH)
		return a.type == PS_STRING &&
		       pcre2_match(n->regex, (PCRE2_SPTR)a.s, a.len, 0, 0,
			   n->match, NULL) > 0;
	if (n->op == COND_IN || n->op == COND_NIN)
		return listed(n, &a) == (n->op == COND_IN);
	(void)operand_value(q, &n->right, at, &b);
	return answers(n->op, compare(&a, &b));
}

bool
condition_holds(const struct condition *c, const struct ps_schema *s,
    const struct ps_value *v, bool *missing)
{
	struct question q = { .root = { s, *v } };
	struct datum found;
	bool yes = v->type != PS_NULL && find(&q, c->steps, &q.root, &found);

	*missing = q.missing || v->type == PS_NULL;
	return yes;
}
