#include "config/template.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"
#include "base/js.h"

static struct ps_arena *a;
static json_t *errors;

static void
setup(void)
{
	a = arena_new(1024);
	errors = json_array();
}

static void
teardown(void)
{
	json_decref(errors);
	arena_free(&a);
}

TestSuite(template_golden, .init = setup, .fini = teardown);

static json_t *
parsed(const char *text)
{
	struct ps_error err = { 0 };
	json_t *j = js_parse(text, strlen(text), "test", &err);

	cr_assert(j != NULL, "%s: %s", text, err.text);
	return j;
}

#define DOC(golden)                                                     \
	"{\"name\":\"t\",\"parameters\":{\"a\":{\"type\":\"string\"}}," \
	"\"connectors\":[{\"name\":\"${param:pipeline}\",\"config\":"   \
	"{\"connector.class\":\"X\"},\"golden\":" golden "}]}"
#define RECORD "\"record\":{\"value\":1}"
#define FAULT  "[\"connector 1: golden record 1: "

Test(template_golden, faults_are_named)
{
	static const struct {
		const char *golden, *faults;
	} rows[] = {
		{ "[{\"name\":\"x\"," RECORD ",\"result\":{}}]", "[]" },
		{ "[{\"name\":\"x\"," RECORD ",\"outcome\":\"dropped\"}]",
		    "[]" },
		{ "[{\"name\":\"x\"," RECORD ",\"outcome\":\"failed\"}]",
		    "[]" },
		{ "[]", "[]" },
		{ "{}", "[\"connector 1: golden: a list of at most 100 "
			"records is expected\"]" },
		{ "[{" RECORD ",\"result\":{}}]", FAULT "name is missing\"]" },
		{ "[1]", FAULT "name is missing\",\"connector 1: golden "
			       "record 1: record: one as POST "
			       "/transforms/preview takes it is expected\"]" },
		{ "[{\"name\":\"x\"," RECORD "}]",
		    FAULT "result: an object is expected, as POST "
			  "/transforms/preview answers it\"]" },
		{ "[{\"name\":\"x\"," RECORD
		  ",\"outcome\":\"dropped\",\"result\":{}}]",
		    FAULT "result: a record that is dropped or fails has "
			  "none\"]" },
		{ "[{\"name\":\"x\"," RECORD ",\"outcome\":\"lost\"}]",
		    FAULT "outcome: kept, dropped or failed is expected\"]" },
		{ "[{\"name\":\"x\"," RECORD ",\"result\":{},\"more\":1}]",
		    FAULT "more is not known, expected one of name, record, "
			  "outcome, result\"]" },
		{ "[{\"name\":\"x\"," RECORD ",\"result\":{}},"
		  "{\"name\":\"x\"," RECORD ",\"result\":{}}]",
		    "[\"connector 1: golden record 2: the name x is there "
		    "twice\"]" },
		{ "[{\"name\":\"x\",\"record\":{\"value\":\"${param:b}\"},"
		  "\"result\":{}}]",
		    "[\"connector 1: golden: ${param:b}: there is no such "
		    "parameter\"]" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char text[1024];
		json_t *doc;

		(void)snprintf(text, sizeof text, DOC("%s"), rows[i].golden);
		doc = parsed(text);
		json_array_clear(errors);
		template_check(doc, errors);
		cr_assert(eq(str, js_dump(a, errors), (char *)rows[i].faults));
		json_decref(doc);
	}
}

Test(template_golden, texts_are_filled_and_the_rest_is_as_it_was)
{
	json_t *doc = parsed(DOC(
	    "[{\"name\":\"x\",\"record\":{\"value\":{\"k\":[\"<${param:a}>\","
	    "1,null]}},\"result\":{\"topic\":\"${param:pipeline}\"}}]"));
	json_t *values = parsed("{\"a\":\"v\"}");
	json_t *made = template_instantiate(doc, "p", values, errors);

	cr_assert(eq(sz, json_array_size(errors), 0));
	cr_assert(eq(str,
	    js_dump(a, json_object_get(json_array_get(made, 0), "golden")),
	    "[{\"name\":\"x\",\"record\":{\"value\":{\"k\":[\"<v>\",1,null]}},"
	    "\"result\":{\"topic\":\"p\"}}]"));
	json_decref(made);
	json_decref(values);
	json_decref(doc);
}

Test(template_golden, a_connector_without_them_has_no_member)
{
	json_t *doc = parsed(DOC("[]")), *values = parsed("{}");
	json_t *made = template_instantiate(doc, "p", values, errors);

	cr_assert_null(json_object_get(json_array_get(made, 0), "golden"));
	json_decref(made);
	json_decref(values);
	json_decref(doc);
}

Test(template_golden, those_that_are_gone_stay_behind_those_of_now)
{
	json_t *now = parsed("[{\"name\":\"x\",\"n\":1}]");
	json_t *before =
	    parsed("[{\"name\":\"x\",\"n\":2},{\"name\":\"y\",\"n\":3}]");
	json_t *all = template_golden_join(now, before);
	json_t *none = template_golden_join(NULL, NULL);

	cr_assert(eq(str, js_dump(a, all),
	    "[{\"name\":\"x\",\"n\":1},{\"name\":\"y\",\"n\":3}]"));
	cr_assert(eq(str, js_dump(a, none), "[]"));
	json_decref(none);
	json_decref(all);
	json_decref(before);
	json_decref(now);
}
