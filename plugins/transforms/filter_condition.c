#include "condition.h"

/* Confluent's Filter: by a condition on the record itself. */
enum choice { CHOICE_FAIL, CHOICE_INCLUDE, CHOICE_EXCLUDE };

struct filter {
	struct common common;
	struct condition *condition;
	enum choice type, missing;
};

static const char *const types[] = { "include", "exclude", NULL };
static const char *const behaviors[] = { "fail", "include", "exclude", NULL };

static void
destroy(void *state)
{
	struct filter *t = (struct filter *)state;

	if (t->condition != NULL)
		condition_free(t->condition);
	common_free(t);
}

static enum choice
choice_of(const char *s)
{
	return strcmp(s, "include") == 0   ? CHOICE_INCLUDE
	       : strcmp(s, "exclude") == 0 ? CHOICE_EXCLUDE
					   : CHOICE_FAIL;
}

static void *
create(const struct ps_host *h, const struct ps_class *self,
    const struct ps_config *c, struct ps_error *err)
{
	const char *text = ps_config_str(c, "filter.condition");
	struct filter *t = (struct filter *)common_new(sizeof *t, h, self, c);

	t->type = choice_of(ps_config_str(c, "filter.type"));
	t->missing = choice_of(ps_config_str(c, "missing.or.null.behavior"));
	t->condition = condition_new(&t->common, text, err);
	if (t->condition != NULL)
		return t;
	(void)ps_fail_in(err,
	    "Invalid value %.200s%s for configuration filter.condition", text,
	    strlen(text) > 200 ? "..." : "");
	destroy(t);
	return NULL;
}

static int
one(void *state, struct work *w, struct ps_record *r)
{
	const struct filter *t = (const struct filter *)state;
	struct operand o = operand_of(r, t->common.side);
	enum choice choice = t->type;
	bool missing;

	if (!condition_holds(t->condition, *o.schema, o.value, &missing)) {
		choice =
		    t->type == CHOICE_INCLUDE ? CHOICE_EXCLUDE : CHOICE_INCLUDE;
		if (missing)
			choice = t->missing;
	}
	if (choice == CHOICE_FAIL)
		return ps_fail(w->err, PS_E_DATA,
		    "a field that filter.condition asks for is missing or "
		    "null");
	if (choice == CHOICE_EXCLUDE)
		r->outcome = PS_DROPPED;
	return 0;
}

static void
apply(void *state, struct ps_batch *b, struct ps_record *const *records,
    size_t count)
{
	common_apply((struct common *)state, one, b, records, count);
}

const struct ps_transform_ops filter_condition_ops = { create, apply, destroy };

const struct ps_key filter_condition_keys[FILTER_CONDITION_KEYS] = {
	{ .name = "filter.condition",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED | PS_NOT_EMPTY,
	    .doc = "A JSONPath expression, such as "
		   "$[?(@.status == 'paid' && @.total > 10)]; it holds when "
		   "it finds something. There are .name, ['name'], [0], [-1], "
		   "[*], .* and [?( )], in which @ and $ stand before paths, "
		   "with == != < <= > >= =~ in nin && || ! and ( ). There are "
		   "no .. (any depth), [0:2] (slices), [0,1] (several) and "
		   "functions: these are refused." },
	{ .name = "filter.type",
	    .type = PS_KEY_STRING,
	    .importance = PS_HIGH,
	    .flags = PS_REQUIRED,
	    .choices = types,
	    .doc = "include keeps the records for which it holds, exclude "
		   "drops them." },
	{ .name = "missing.or.null.behavior",
	    .type = PS_KEY_STRING,
	    .default_value = "fail",
	    .importance = PS_MEDIUM,
	    .choices = behaviors,
	    .doc = "Of a record without a field that the condition asks for: "
		   "fail, include it, or exclude it." },
};
