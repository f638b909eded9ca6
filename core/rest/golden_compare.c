#include "rest/golden_compare.h"

#include <string.h>

#include "base/arena.h"
#include "base/js.h"

enum { SHOWN_MAX = 200, PLACE_MAX = 32 };

/* Where two values differ: members and indexes from the top. */
struct place {
	const char *names[PLACE_MAX]; /* NULL: the index */
	size_t indexes[PLACE_MAX];
	size_t depth;
};

static bool
is_nothing(const json_t *j)
{
	return j == NULL || json_is_null(j) ||
	       (json_is_array(j) && json_array_size(j) == 0);
}

/* Of a record's own members, null may be left out; what is in a value is as
 * it is. */
static bool
is_same(const json_t *x, const json_t *y, size_t depth)
{
	return x == y || json_equal(x, y) != 0 ||
	       (depth <= 1 && is_nothing(x) && is_nothing(y));
}

static const json_t *
child(const json_t *of, const struct place *p, size_t i)
{
	if (p->names[i] != NULL)
		return json_object_get(of, p->names[i]);
	return json_array_get(of, p->indexes[i]);
}

/* The first member of `x` or else `y` that is another in the other. */
static const char *
other_member(const json_t *x, const json_t *y, size_t depth)
{
	const char *key;
	const json_t *value;

	JS_EACH(x, key, value)
	{
		if (!is_same(value, json_object_get(y, key), depth))
			return key;
	}
	JS_EACH(y, key, value)
	{
		if (!is_same(value, json_object_get(x, key), depth))
			return key;
	}
	return NULL;
}

/* Goes down while both have the same shape. False: they are the same. */
static bool
find_place(const json_t *x, const json_t *y, struct place *p)
{
	for (p->depth = 0; p->depth < PLACE_MAX; p->depth++) {
		size_t at = 0;

		if (json_is_object(x) && json_is_object(y)) {
			p->names[p->depth] = other_member(x, y, p->depth + 1);
			if (p->names[p->depth] == NULL)
				return false;
		} else if (json_is_array(x) && json_is_array(y)) {
			while (at < json_array_size(x) &&
			       json_equal(json_array_get(x, at),
				   json_array_get(y, at)))
				at++;
			p->names[p->depth] = NULL;
			p->indexes[p->depth] = at;
		} else {
			return true;
		}
		x = child(x, p, p->depth);
		y = child(y, p, p->depth);
	}
	return true;
}

static const json_t *
at_place(const json_t *of, const struct place *p)
{
	for (size_t i = 0; i < p->depth; i++)
		of = child(of, p, i);
	return of;
}

static const char *
place_text(struct ps_arena *a, const struct place *p)
{
	const char *text = "";

	for (size_t i = 0; i < p->depth; i++)
		text = p->names[i] == NULL
			   ? ps_printf(a, "%s[%zu]", text, p->indexes[i])
			   : ps_printf(a, "%s%s%s", text,
				 text[0] == '\0' ? "" : ".", p->names[i]);
	return text;
}

static const char *
shown(struct ps_arena *a, const json_t *j)
{
	const char *text = j == NULL ? "absent" : js_dump(a, j);

	return strlen(text) <= SHOWN_MAX
		   ? text
		   : ps_printf(a, "%.*s...", SHOWN_MAX, text);
}

/* The last step that changed what stands there; NULL: none did. */
static const json_t *
step_of(const json_t *found, const struct place *p)
{
	const json_t *steps = json_object_get(found, "steps"), *step;
	const json_t *last = NULL;
	size_t i;

	json_array_foreach(steps, i, step)
	{
		if (!is_same(at_place(json_object_get(step, "before"), p),
			at_place(json_object_get(step, "after"), p), p->depth))
			last = step;
	}
	return last;
}

static const char *
step_text(struct ps_arena *a, const json_t *step, const char *none)
{
	if (step == NULL)
		return none;
	return ps_printf(a, "step %s (%s)", js_opt_str(step, "name"),
	    js_opt_str(step, "class"));
}

static const char *
outcome_text(struct ps_arena *a, const json_t *found, const char *wanted)
{
	const json_t *steps = json_object_get(found, "steps");
	const json_t *error = json_object_get(found, "error");
	const char *outcome = js_opt_str(found, "outcome");
	const char *message = js_opt_str(error, "message");
	size_t count = json_array_size(steps);

	if (strcmp(outcome, wanted) == 0)
		return NULL;
	return ps_printf(a, "%s: it is %s, recorded is %s%s%s",
	    step_text(a, count == 0 ? NULL : json_array_get(steps, count - 1),
		"as it was read"),
	    outcome, wanted, message == NULL ? "" : ": ",
	    message == NULL ? "" : message);
}

const char *
golden_compare(struct ps_arena *a, const json_t *golden, const json_t *found)
{
	const json_t *wanted = json_object_get(golden, "result");
	const json_t *result = json_object_get(found, "result");
	const char *outcome = js_opt_str(golden, "outcome");
	const char *text =
	    outcome_text(a, found, outcome == NULL ? "kept" : outcome);
	struct place p;

	if (text != NULL || (outcome != NULL && strcmp(outcome, "kept") != 0))
		return text;
	if (!find_place(wanted, result, &p))
		return NULL;
	return ps_printf(a, "%s: %s is %s, recorded is %s",
	    step_text(a, step_of(found, &p), "no step changes it"),
	    place_text(a, &p), shown(a, at_place(result, &p)),
	    shown(a, at_place(wanted, &p)));
}
