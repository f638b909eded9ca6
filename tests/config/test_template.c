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

TestSuite(template, .init = setup, .fini = teardown);

static json_t *
parsed(const char *text)
{
	struct ps_error err = { 0 };
	json_t *j = js_parse(text, strlen(text), "test", &err);

	cr_assert(j != NULL, "%s: %s", text, err.text);
	return j;
}

static const char *
faults(const char *text)
{
	json_t *doc = parsed(text);

	json_array_clear(errors);
	template_check(doc, errors);
	json_decref(doc);
	return js_dump(a, errors);
}

/* The connectors, or the faults. */
static const char *
made(const char *text, const char *values)
{
	json_t *doc = parsed(text), *given = parsed(values), *out;
	const char *said;

	cr_assert(eq(str, (char *)faults(text), "[]"));
	out = template_instantiate(doc, "p", given, errors);
	said = js_dump(a, json_array_size(errors) > 0 ? errors : out);
	json_decref(out);
	json_decref(given);
	json_decref(doc);
	return said;
}

#define DOC(params, config)                                              \
	"{\"name\":\"t\",\"parameters\":" params                         \
	",\"connectors\":[{\"name\":\"${param:pipeline}-c\",\"config\":" \
	"{\"connector.class\":\"X\"" config "}}]}"
#define MADE(config)                                                           \
	"[{\"name\":\"p-c\",\"config\":{" config "\"connector.class\":\"X\"}}" \
	"]"

Test(template, parameters_fill_names_and_settings)
{
	static const struct {
		const char *doc, *values, *made;
	} rows[] = {
		{ DOC("{\"a\":{\"type\":\"string\"}}",
		      ",\"a\":\"<${param:a}>\""),
		    "{\"a\":\"x\"}", MADE("\"a\":\"<x>\",") },
		{ DOC("{\"a\":{\"type\":\"int\",\"default\":7}}",
		      ",\"a\":\"${param:a}\""),
		    "{}", MADE("\"a\":\"7\",") },
		{ DOC("{\"a\":{\"type\":\"int\"}}", ",\"a\":\"${param:a}\""),
		    "{\"a\":\" 12 \"}", MADE("\"a\":\"12\",") },
		{ DOC("{\"a\":{\"type\":\"boolean\"}}",
		      ",\"a\":\"${param:a}\""),
		    "{\"a\":\"TRUE\"}", MADE("\"a\":\"true\",") },
		{ DOC("{\"a\":{\"type\":\"list\"}}", ",\"a\":\"${param:a}\""),
		    "{\"a\":[\"x\",1]}", MADE("\"a\":\"x,1\",") },
		{ DOC("{\"a\":{\"type\":\"list\"}}", ",\"a\":\"${param:a}\""),
		    "{\"a\":\"x, y\"}", MADE("\"a\":\"x,y\",") },
		{ DOC("{\"a\":{\"type\":\"enum\",\"enum\":[\"x\",\"y\"]}}",
		      ",\"a\":\"${param:a}\""),
		    "{\"a\":\"y\"}", MADE("\"a\":\"y\",") },
		/* Without a value its setting is left out. */
		{ DOC("{\"a\":{\"type\":\"string\"}}",
		      ",\"a\":\"-${param:a}\""),
		    "{}", MADE("") },
		{ DOC("{\"a\":{\"type\":\"string\",\"secret\":true}}",
		      ",\"a.password\":\"${param:a}\""),
		    "{\"a\":\"${file:/f:k}\"}",
		    MADE("\"a.password\":\"${file:/f:k}\",") },
		/* Of what is resolved later no pattern is asked. */
		{ DOC("{\"a\":{\"type\":\"string\",\"pattern\":\"https:.*\"}}",
		      ",\"a\":\"${param:a}\""),
		    "{\"a\":\"${env:URL}\"}", MADE("\"a\":\"${env:URL}\",") },
		/* Others' references stay. */
		{ DOC("{}", ",\"a\":\"${env:A}\""), "{}",
		    MADE("\"a\":\"${env:A}\",") },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(str, (char *)made(rows[i].doc, rows[i].values),
			      (char *)rows[i].made),
		    "row %zu", i);
}

/* regcomp() writes repeats out, of groups too: 2^40 characters. */
Test(template, patterns_that_double_are_not_compiled, .timeout = 10)
{
	static const struct {
		const char *text;
		bool costly;
	} rows[] = {
		{ "a"
		  "++++++++++++++++++++++++++++++++++++++++",
		    true },
		{ "((((((((((a+)+)+)+)+)+)+)+)+)+)", true },
		{ "((a{99}){99}){99}", true },
		{ "(a{500,}){2}", true },
		{ "a{1001}", true },
		{ "(((a{0,40}){40}", true },
		{ "([[:alpha:]-]{400}x[]+*{9}]{200}){2}", true },
		{ "a{99999999999999999999}", true },
		{ "[a-z]+(-[a-z]+)*\\\\.[a-z]+", false },
		{ "[a-z0-9]+@([a-z0-9]+\\\\.)+[a-z]{2,63}", false },
		{ "x{500}y{500}", false },
		{ "(a|b){1,500}", false },
		{ "[]+++++++++++++++++++[:alpha:]]{1,1000}", false },
		{ "\\\\+\\\\+\\\\+\\\\+\\\\+\\\\+\\\\+\\\\+\\\\+\\\\+\\\\+"
		  "\\\\+",
		    false },
	};
	static const char fault[] = "it repeats more than 1000 times";

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char doc[512];
		const char *said;

		(void)snprintf(doc, sizeof doc,
		    DOC("{\"a\":{\"type\":\"string\",\"pattern\":\"%s\"}}", ""),
		    rows[i].text);
		said = faults(doc);
		cr_expect(
		    eq(int, strstr(said, fault) != NULL, (int)rows[i].costly),
		    "%s: %s", rows[i].text, said);
		cr_expect(rows[i].costly || strstr(said, "pattern") == NULL,
		    "%s: %s", rows[i].text, said);
	}
}

Test(template, each_wrong_value_is_named_at_once)
{
	static const char doc[] =
	    DOC("{\"n\":{\"type\":\"int\",\"required\":true},"
		"\"b\":{\"type\":\"boolean\"},"
		"\"e\":{\"type\":\"enum\",\"enum\":[\"x\"]},"
		"\"p\":{\"type\":\"string\",\"pattern\":\"[a-z]{1,3}\"},"
		"\"s\":{\"type\":\"string\",\"secret\":true},"
		"\"l\":{\"type\":\"list\"}}",
		"");

	cr_expect(eq(str,
	    (char *)made(doc,
		"{\"b\":\"yes\",\"e\":\"z\",\"p\":\"abcd\",\"s\":\"hunter2\","
		"\"l\":[{}],\"q\":1}"),
	    "[\"parameter q: the template has none of that name\","
	    "\"parameter n: a value is required\","
	    "\"parameter b: yes is not true or false\","
	    "\"parameter e: z is not one of [\\\"x\\\"]\","
	    "\"parameter p: abcd does not match its pattern [a-z]{1,3}\","
	    "\"parameter s: a secret is given as a reference, like "
	    "${file:/etc/penstock/db.properties:password}, never in clear\","
	    "\"parameter l: item 1 is not a text\"]"));
	cr_expect(eq(str, (char *)made(doc, "{\"n\":\"1x\"}"),
	    "[\"parameter n: 1x is not a whole number\"]"));
	cr_expect(eq(str, (char *)made(doc, "{\"n\":{}}"),
	    "[\"parameter n: expected a whole number\"]"));
}

Test(template, for_each_makes_one_of_each_item)
{
	static const char doc[] =
	    "{\"name\":\"t\",\"parameters\":{\"all\":{\"type\":\"list\"}},"
	    "\"connectors\":[{\"name\":\"one\",\"config\":{"
	    "\"connector.class\":\"X\",\"a\":\"${param:all}\"}},"
	    "{\"name\":\"c-${param:item}\",\"for_each\":\"all\",\"config\":{"
	    "\"connector.class\":\"X\",\"t\":\"${param:item}\"}}]}";

	cr_expect(eq(str, (char *)made(doc, "{\"all\":[\"x\",\"y\"]}"),
	    "[{\"name\":\"one\",\"config\":{\"a\":\"x,y\","
	    "\"connector.class\":\"X\"}},"
	    "{\"name\":\"c-x\",\"config\":{\"connector.class\":\"X\","
	    "\"t\":\"x\"}},"
	    "{\"name\":\"c-y\",\"config\":{\"connector.class\":\"X\","
	    "\"t\":\"y\"}}]"));
	cr_expect(eq(str, (char *)made(doc, "{\"all\":[\"x\",\"x\"]}"),
	    "[\"connector c-x would be made twice: names must differ\"]"));
}

#define OBJECTS(items, config)                                              \
	"{\"name\":\"t\",\"parameters\":{\"all\":{\"type\":\"list\"," items \
	"}},\"connectors\":[{\"name\":\"c-${param:item:n}\",\"for_each\":"  \
	"\"all\",\"config\":{\"connector.class\":\"X\"" config "}}]}"
#define ITEMS                                                       \
	"\"items\":{\"n\":{\"type\":\"string\",\"required\":true}," \
	"\"i\":{\"type\":\"int\",\"default\":7},"                   \
	"\"s\":{\"type\":\"string\",\"secret\":true}}"

Test(template, items_may_be_objects)
{
	static const char doc[] =
	    OBJECTS(ITEMS, ",\"i\":\"${param:item:i}\",\"a.password\":"
			   "\"${param:item:s}\"");

	cr_expect(eq(str,
	    (char *)made(doc, "{\"all\":[{\"n\":\"x\"},{\"n\":\"y\",\"i\":8,"
			      "\"s\":\"${file:/f:k}\"}]}"),
	    "[{\"name\":\"c-x\",\"config\":{\"connector.class\":\"X\","
	    "\"i\":\"7\"}},{\"name\":\"c-y\",\"config\":{"
	    "\"a.password\":\"${file:/f:k}\",\"connector.class\":\"X\","
	    "\"i\":\"8\"}}]"));
	cr_expect(eq(str,
	    (char *)made(doc, "{\"all\":[{\"i\":\"z\",\"j\":1},7,"
			      "{\"n\":\"x\",\"s\":\"hunter2\"}]}"),
	    "[\"parameter all[1].j: the template has none of that name\","
	    "\"parameter all[1].n: a value is required\","
	    "\"parameter all[1].i: z is not a whole number\","
	    "\"parameter all: item 2 is not an object\","
	    "\"parameter all[3].s: a secret is given as a reference, like "
	    "${file:/etc/penstock/db.properties:password}, never in clear\"]"));
	cr_expect(eq(str, (char *)made(doc, "{\"all\":\"x,y\"}"),
	    "[\"parameter all: expected a list of objects\"]"));
}

Test(template, a_value_cannot_reach_other_parameters)
{
	static const char doc[] =
	    DOC("{\"a\":{\"type\":\"string\"},\"b\":{\"type\":\"string\"}}",
		",\"a\":\"${param:a}\"");

	cr_expect(
	    eq(str, (char *)made(doc, "{\"a\":\"${param:b}\",\"b\":\"x\"}"),
		"[\"p-c: a: ${param:…} does not work inside of another "
		"reference\"]"));
}

/* All that the documents of a table lack is told, and no secret with it. */
struct faulty {
	const char *doc, *says;
};

static void
expect_faults(const struct faulty *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *said = faults(rows[i].doc);

		cr_expect(strstr(said, rows[i].says) != NULL, "row %zu: %s: %s",
		    i, rows[i].says, said);
		cr_expect(strstr(said, "hunter2") == NULL, "%s", said);
	}
}

Test(template, faults_of_a_document_are_named)
{
	static const struct faulty rows[] = {
		{ "[]", "the template is not an object" },
		{ "{}", "name: it is missing" },
		{ "{\"name\":\"a b\"}", "name: a b: letters" },
		{ "{\"nane\":1}", "nane is not known" },
		{ "{\"version\":0}", "version: a whole number" },
		{ "{}", "connectors: a list of at least one" },
		{ "{\"connectors\":[{}]}", "connector 1: name is missing" },
		{ "{\"connectors\":[{}]}", "connector 1: config: an object" },
		{ "{\"connectors\":[{\"config\":{}}]}",
		    "connector 1: connector.class is missing" },
		{ DOC("[]", ""), "parameters: an object" },
		{ DOC("{\"item\":{\"type\":\"int\"}}", ""), "parameter item" },
		{ DOC("{\"a\":{}}", ""), "parameter a: type: one of" },
		{ DOC("{\"a\":7}", ""), "parameter a: type: one of" },
		{ DOC("{\"a\":{\"type\":\"int\",\"mim\":1}}", ""),
		    "parameter a: mim is not known" },
		{ DOC("{\"a\":{\"type\":\"int\",\"secret\":1}}", ""),
		    "parameter a: secret is true or false" },
		{ DOC("{\"a\":{\"type\":\"int\",\"default\":\"x\"}}", ""),
		    "parameter a: x is not a whole number" },
		{ DOC("{\"a\":{\"type\":\"enum\"}}", ""), "parameter a: enum" },
		{ DOC("{\"a\":{\"type\":\"string\",\"pattern\":\"(\"}}", ""),
		    "pattern (: it is no regular expression" },
		{ DOC("{\"a\":{\"type\":\"string\",\"pattern\":\"(a)\\\\1\"}}",
		      ""),
		    "it refers back to a group" },
		{ DOC("{\"a\":{\"type\":\"string\",\"pattern\":"
		      "\"((a{99}){99}){99}\"}}",
		      ""),
		    "it repeats more than 1000 times" },
		{ DOC("{}", ",\"a\":\"${param:x}\""),
		    "connector 1: a: ${param:x}: there is no such parameter" },
		{ DOC("{}", ",\"a\":\"${param:item}\""), "no such parameter" },
		{ DOC("{}", ",\"a.password\":\"hunter2\""),
		    "connector 1: a.password: a template holds no secrets" },
		{ DOC("{}", ",\"http.url\":\"https://u:hunter2@h/\""),
		    "connector 1: http.url: a template holds no secrets" },
		{ DOC("{}", ",\"connection.url\":"
			    "\"jdbc:postgresql://h/d?password=hunter2\""),
		    "connector 1: connection.url: a template holds no "
		    "secrets" },
		{ DOC("{\"a\":{\"type\":\"string\"}}",
		      ",\"password\":\"${param:a}\""),
		    "parameter a fills a secret, so it must be declared" },
		{ DOC("{\"a\":{\"type\":\"string\",\"secret\":true,"
		      "\"default\":\"hunter2\"}}",
		      ""),
		    "parameter a: a secret is given as a reference" },
		{ "{\"for_each\":\"x\",\"connectors\":[{\"name\":\"c\"}]}",
		    "for_each: x is no parameter of type list" },
		{ "{\"for_each\":\"x\",\"connectors\":[{\"name\":\"c\"}]}",
		    "name: c must tell the items of x apart" },
	};

	expect_faults(rows, sizeof rows / sizeof *rows);
}

Test(template, faults_of_items_are_named)
{
	static const struct faulty rows[] = {
		{ OBJECTS(ITEMS, ",\"a\":\"${param:item}\""),
		    "${param:item} is made of objects" },
		{ OBJECTS(ITEMS, ",\"a\":\"${param:all}\""),
		    "${param:all} is made of objects" },
		{ OBJECTS(ITEMS, ",\"a\":\"${param:item:x}\""),
		    "${param:item:x}: items have no such member" },
		{ OBJECTS(ITEMS, ",\"password\":\"${param:item:i}\""),
		    "parameter i fills a secret" },
		{ OBJECTS("\"items\":{}", ""),
		    "parameter all: items: members" },
		{ OBJECTS("\"enum\":[\"x\"]," ITEMS, ""),
		    "enum: it belongs to a member" },
		{ OBJECTS("\"items\":{\"n\":{\"type\":\"list\"}}", ""),
		    "parameter all.n: no list is expected" },
		{ OBJECTS("\"items\":{\"n\":{\"type\":\"intt\"}}", ""),
		    "parameter all.n: type: one of" },
		{ DOC("{\"a\":{\"type\":\"int\",\"items\":{}}}", ""),
		    "parameter a: items: members" },
		{ DOC("{}", ",\"a\":\"${param:item:x}\""),
		    "items have no such member" },
	};

	expect_faults(rows, sizeof rows / sizeof *rows);
}
