#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "config/template_impl.h"

#define ARENA_BYTES 4096
#define GOLDEN_MAX  100

/* An entry's name, "" where it has none. */
static const char *
name_of(const json_t *one)
{
	const char *name = js_opt_str(one, "name");

	return name == NULL ? "" : name;
}

const json_t *
template_golden_find(const json_t *list, const char *name)
{
	const json_t *one;
	size_t i;

	json_array_foreach(list, i, one)
	{
		if (strcmp(name_of(one), name) == 0)
			return one;
	}
	return NULL;
}

/* What is expected is one of three. */
static const char *
fault_of(const json_t *one)
{
	const char *outcome = js_opt_str(one, "outcome");
	bool kept = json_object_get(one, "outcome") == NULL ||
		    (outcome != NULL && strcmp(outcome, "kept") == 0);
	bool has_result = json_is_object(json_object_get(one, "result"));

	if (!json_is_object(json_object_get(one, "record")))
		return "record: one as POST /transforms/preview takes it is "
		       "expected";
	if (!kept && (outcome == NULL || (strcmp(outcome, "dropped") != 0 &&
					     strcmp(outcome, "failed") != 0)))
		return "outcome: kept, dropped or failed is expected";
	if (kept && !has_result)
		return "result: an object is expected, as POST "
		       "/transforms/preview answers it";
	if (!kept && json_object_get(one, "result") != NULL)
		return "result: a record that is dropped or fails has none";
	return NULL;
}

static void
check_one(const char *where, const json_t *list, const json_t *one,
    json_t *errors)
{
	static const char *const known[] = { "name", "record", "outcome",
		"result", NULL };
	const char *name = name_of(one), *fault = fault_of(one);

	if (name[0] == '\0')
		template_fault(errors, "%sname is missing", where);
	else if (template_golden_find(list, name) != one)
		template_fault(errors, "%sthe name %s is there twice", where,
		    name);
	if (fault != NULL)
		template_fault(errors, "%s%s", where, fault);
	template_check_known(where, one, known, errors);
}

void
template_check_golden(const char *where, const json_t *list, json_t *errors)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);
	const json_t *one;
	size_t i;

	if (list != NULL &&
	    (!json_is_array(list) || json_array_size(list) > GOLDEN_MAX))
		template_fault(errors,
		    "%s: golden: a list of at most %d records is expected",
		    where, GOLDEN_MAX);
	json_array_foreach(list, i, one)
	{
		check_one(ps_printf(a, "%s: golden record %zu: ", where, i + 1),
		    list, one, errors);
	}
	arena_free(&a);
}

json_t *
template_golden_join(const json_t *now, const json_t *before)
{
	json_t *out = json_is_array(now) ? json_copy((json_t *)(uintptr_t)now)
					 : json_array();
	const json_t *one;
	size_t i;

	json_array_foreach(before, i, one)
	{
		if (template_golden_find(now, name_of(one)) == NULL)
			(void)json_array_append(out, (json_t *)(uintptr_t)one);
	}
	return out;
}
