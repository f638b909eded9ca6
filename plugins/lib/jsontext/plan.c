#include "plan.h"

#include "encode.h"
#include "pieces.h"
#include "schema_out.h"

#define MAX_TABLE 4096

struct plan_cache {
	struct json_options options;
	struct plan *last; /* most records have the schema of the one before */
	size_t count, mask;
	struct plan *table[];
};

struct compiler {
	const struct json_options *options;
	struct piece **pieces;
	struct ps_arena *scratch;
	struct ps_error *err;
	int depth;
};

static struct plan_text
keep(struct compiler *c, struct ps_slice text)
{
	return (struct plan_text){ piece_copy(c->pieces, text.data, text.len),
		text.len };
}

/* ,"name": */
static struct plan_text
field_prefix(struct compiler *c, const struct ps_field *f)
{
	struct out o;

	out_begin(&o, c->scratch);
	out_char(&o, ',');
	out_string(&o, f->name, f->name_len);
	out_char(&o, ':');
	return keep(c, out_end(&o));
}

/* What null is written as: the default, null, or nothing that fits. */
static int
compile_null(struct compiler *c, const struct ps_schema *s, struct plan_node *n)
{
	struct encoder e = { .decimal = c->options->decimal, .err = c->err };
	bool use_default = s->default_value != NULL &&
			   s->default_value->type != PS_NULL &&
			   c->options->null_default;

	if (!use_default) {
		if (s->optional)
			n->or_null = (struct plan_text){ "null", 4 };
		return 0;
	}
	out_begin(&e.out, c->scratch);
	if (encode_planned(&e, n, s->default_value) < 0)
		return ps_fail_in(c->err, "default value");
	n->or_null = keep(c, out_end(&e.out));
	return 0;
}

static int
compile(struct compiler *c, const struct ps_schema *s, struct plan_node *n)
{
	struct plan_field *fields;
	struct plan_node *node;

	if (++c->depth > JSON_MAX_SCHEMA_DEPTH)
		return ps_fail(c->err, PS_E_DATA, "schema nests deeper than %d",
		    JSON_MAX_SCHEMA_DEPTH);
	n->type = s->type;
	n->logical = s->logical;
	n->scale = s->scale;
	n->field_count = s->field_count;
	fields = (struct plan_field *)piece_alloc(c->pieces,
	    s->field_count * sizeof *fields);
	n->fields = fields;
	for (size_t i = 0; i < s->field_count; i++) {
		fields[i].name = field_prefix(c, &s->fields[i]);
		if (compile(c, s->fields[i].schema, &fields[i].node) < 0)
			return -1;
	}
	for (int i = 0; i < 2; i++) {
		const struct ps_schema *part = i == 0 ? s->key : s->elem;

		if (part == NULL)
			continue;
		node = (struct plan_node *)piece_alloc(c->pieces, sizeof *node);
		*(i == 0 ? &n->key : &n->elem) = node;
		if (compile(c, part, node) < 0)
			return -1;
	}
	n->string_keys = s->key != NULL && s->key->type == PS_STRING &&
			 !(c->options->pairs_as_objects && s->key->optional);
	n->pair_objects = c->options->pairs_as_objects;
	n->is_union = json_is_union(c->options, s);
	c->depth--;
	return compile_null(c, s, n);
}

/* {"schema":S,"payload": and } */
static int
compile_envelope(struct compiler *c, const struct ps_schema *s,
    struct plan *plan)
{
	struct out o;

	plan->before = plan->after = (struct plan_text){ "", 0 };
	if (!c->options->with_schema)
		return 0;
	out_begin(&o, c->scratch);
	out_put(&o, "{\"schema\":", 10);
	if (schema_out(&o, s, &plan->node, c->options->decimal, c->err) < 0)
		return -1;
	out_put(&o, ",\"payload\":", 11);
	plan->before = keep(c, out_end(&o));
	plan->after = (struct plan_text){ "}", 1 };
	return 0;
}

static void
plan_free(struct plan *plan)
{
	pieces_free(&plan->pieces);
	free(plan);
}

static struct plan *
plan_new(const struct json_options *options, const struct ps_schema *s,
    struct ps_arena *scratch, struct ps_error *err)
{
	struct plan *plan = (struct plan *)calloc(1, sizeof *plan);
	struct compiler c = { options, NULL, scratch, err, 0 };

	assert(plan != NULL);
	c.pieces = &plan->pieces;
	memcpy(plan->digest, s->digest, sizeof plan->digest);
	if (compile(&c, s, &plan->node) == 0 &&
	    compile_envelope(&c, s, plan) == 0)
		return plan;
	plan_free(plan);
	return NULL;
}

struct plan_cache *
plan_cache_new(const struct json_options *options)
{
	struct plan_cache *c;
	size_t slots = 16;

	while (slots < options->cache_size && slots < MAX_TABLE)
		slots *= 2;
	c = (struct plan_cache *)calloc(1,
	    sizeof *c + slots * sizeof *c->table);
	assert(c != NULL);
	c->options = *options;
	c->mask = slots - 1;
	return c;
}

static void
start_over(struct plan_cache *c)
{
	struct plan *next;

	for (size_t i = 0; i <= c->mask; i++) {
		for (struct plan *p = c->table[i]; p != NULL; p = next) {
			next = p->next;
			plan_free(p);
		}
		c->table[i] = NULL;
	}
	c->count = 0;
	c->last = NULL;
}

void
plan_cache_free(struct plan_cache **cp)
{
	if (*cp == NULL)
		return;
	start_over(*cp);
	free(*cp);
	*cp = NULL;
}

/* Beyond the host's ceiling a pointer may be used again for another schema,
 * and equal schemas have several: the digest decides. */
static bool
is_for(const struct plan *p, const struct ps_schema *s)
{
	return p->digest[0] == s->digest[0] && p->digest[1] == s->digest[1];
}

const struct plan *
plan_get(struct plan_cache *c, const struct ps_schema *s,
    struct ps_arena *scratch, struct ps_error *err)
{
	struct plan **slot = &c->table[s->digest[0] & c->mask], *p;

	if (c->last != NULL && is_for(c->last, s))
		return c->last;
	for (p = *slot; p != NULL && !is_for(p, s); p = p->next)
		;
	if (p == NULL) {
		p = plan_new(&c->options, s, scratch, err);
		if (p == NULL)
			return NULL;
		if (c->count >= c->options.cache_size)
			start_over(c);
		p->next = *slot;
		*slot = p;
		c->count++;
	}
	c->last = p;
	return p;
}
