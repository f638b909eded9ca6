#include "supervise/inventory.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "tests/worker/node.h"

#define LIST                                                              \
	"{\"errors\":[{\"file\":\"broken.so\",\"error\":\"no ELF\"}],"    \
	"\"plugins\":["                                                   \
	"{\"class\":\"com.acme.WidgetSourceConnector\","                  \
	"\"name\":\"widgets\",\"type\":\"source\"},"                      \
	"{\"class\":\"JsonConverter\",\"type\":\"converter\","            \
	"\"aliases\":[\"org.apache.kafka.connect.json.JsonConverter\"]}," \
	"{\"class\":\"com.acme.WidgetSinkConnector\",\"type\":\"sink\"}]}"

static struct node n;
static struct inventory *i;
static int answers, failures;
static struct ps_error last;

static void
on_answer(void *ctx, const struct ps_error *err)
{
	(void)ctx;
	answers++;
	failures += err != NULL;
	if (err != NULL)
		last = *err;
}

static void
setup(void)
{
	cr_assert(setenv("FAKE_LIST", LIST, 1) == 0);
	node_begin(&n);
	i = inventory_new(&n.errands);
}

static void
teardown(void)
{
	inventory_free(&i);
	node_end(&n);
}

TestSuite(inventory, .init = setup, .fini = teardown, .timeout = 60);

static void
refresh(void)
{
	int before = answers;

	inventory_refresh(i, on_answer, NULL);
	NODE_UNTIL(&n, answers > before);
}

/* More than 64 KiB of names. */
static void
fake_many(void)
{
	enum { PLUGINS = 200, NAME = 400, ROW = 600 };
	size_t room = (size_t)PLUGINS * ROW, len = 0;
	char *list = calloc(1, room);

	cr_assert(list != NULL);
	len += (size_t)snprintf(list, room, "{\"errors\":[],\"plugins\":[");
	for (int at = 0; at < PLUGINS; at++)
		len += (size_t)snprintf(list + len, room - len,
		    "%s{\"class\":\"com.acme.W%0*d\",\"type\":\"sink\"}",
		    at == 0 ? "" : ",", NAME, at);
	(void)snprintf(list + len, room - len, "]}");
	cr_assert(setenv("FAKE_LIST", list, 1) == 0);
	free(list);
}

Test(inventory, a_part_of_the_names_is_not_told_as_all_of_them)
{
	struct ps_arena *a = arena_new(1024);

	fake_many();
	refresh();
	cr_expect(inventory_find(i, "JsonConverter") == NULL);
	cr_expect(inventory_connectors(i, a) == NULL);
	arena_free(&a);
}

Test(inventory, what_could_not_be_listed_is_asked_for_again)
{
	const char *program = n.errands.program;

	n.errands.program = "/absent";
	refresh();
	cr_expect(eq(int, failures, 1));
	cr_expect(inventory_plugins(i) == NULL);
	n.errands.program = program;
	NODE_UNTIL(&n, inventory_plugins(i) != NULL);
}

Test(inventory, a_class_is_found_by_each_of_its_names)
{
	static const struct {
		const char *name, *type;
		bool found;
	} cases[] = {
		{ "com.acme.WidgetSourceConnector", "source", true },
		{ "WidgetSourceConnector", "source", true },
		{ "WidgetSource", "source", true },
		{ "widgets", "source", true },
		{ "WidgetSink", "sink", true },
		{ "org.apache.kafka.connect.json.JsonConverter", "unknown",
		    true },
		{ "Json", "unknown", true },
		{ "Widget", "unknown", false },
		{ "com.other.WidgetSourceConnector", "unknown", false },
		{ "", "unknown", false },
	};

	refresh();
	cr_expect(eq(int, failures, 0));
	for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
		cr_expect(eq(int, inventory_find(i, cases[k].name) != NULL,
			      cases[k].found),
		    "%s", cases[k].name);
		cr_expect(
		    eq(str, (char *)inventory_connector_type(i, cases[k].name),
			(char *)cases[k].type));
	}
	cr_expect(
	    eq(str, (char *)inventory_connector_type(i, NULL), "unknown"));
}

Test(inventory, the_nearest_is_named_when_it_is_near)
{
	refresh();
	cr_expect(eq(str,
	    (char *)inventory_nearest(i, n.arena,
		"com.acme.WigetSourceConnector"),
	    ", the nearest is com.acme.WidgetSourceConnector"));
	cr_expect(eq(str,
	    (char *)inventory_nearest(i, n.arena, "something else"), ""));
}

Test(inventory, the_nearest_may_be_in_another_package)
{
	refresh();
	cr_expect(eq(str,
	    (char *)inventory_nearest_of(i, n.arena,
		"org.example.very.far.away.WidgetsSourceConnector",
		"connector"),
	    "com.acme.WidgetSourceConnector"));
	cr_expect(inventory_nearest_of(i, n.arena,
		      "com.acme.WidgetSourceConnector", "predicate") == NULL);
}

Test(inventory, a_class_of_another_type_is_not_found)
{
	refresh();
	cr_expect(inventory_find_of(i, "WidgetSource", "source") != NULL);
	cr_expect(inventory_find_of(i, "WidgetSource", "connector") != NULL);
	cr_expect(inventory_find_of(i, "WidgetSource", "converter") == NULL);
}

static void
change_folders(void)
{
	json_decref(n.options->plugins);
	n.options->plugins = json_pack("[s, s]", TESTS, "/");
}

Test(inventory, what_is_known_is_not_asked_again_before_a_folder_changes)
{
	refresh();
	cr_assert(setenv("FAKE_LIST", "{\"plugins\":[]}", 1) == 0);
	inventory_refresh(i, on_answer, NULL);
	cr_expect(eq(int, answers, 2), "answered at once");
	cr_expect(inventory_find(i, "WidgetSource") != NULL);
	change_folders();
	inventory_refresh(i, on_answer, NULL);
	cr_expect(inventory_find(i, "WidgetSource") != NULL,
	    "kept while the new list comes");
	NODE_UNTIL(&n, answers == 3);
	cr_expect(inventory_find(i, "WidgetSource") == NULL);
}

Test(inventory, a_list_that_was_on_its_way_before_a_change_is_made_again)
{
	inventory_refresh(i, on_answer, NULL);
	cr_assert(setenv("FAKE_LIST",
		      "{\"plugins\":[{\"class\":\"New\",\"type\":\"sink\"}]}",
		      1) == 0);
	change_folders();
	inventory_refresh(i, on_answer, NULL);
	NODE_UNTIL(&n, answers == 1);
	cr_expect(inventory_find(i, "WidgetSource") != NULL);
	NODE_UNTIL(&n, answers == 2);
	cr_expect(inventory_find(i, "New") != NULL);
}

Test(inventory, who_is_forgotten_is_not_called)
{
	int mine;

	inventory_refresh(i, on_answer, &mine);
	inventory_forget(i, &mine);
	NODE_UNTIL(&n, inventory_plugins(i) != NULL);
	cr_expect(eq(int, answers, 0));
}

/* Code of plugins runs in the process that answers. */
Test(inventory, an_answer_that_is_no_list_is_an_error)
{
	static const char *const nonsense[] = { "{\"plugins\":5}", "{}",
		"{\"plugins\":{\"a\":1},\"errors\":7}" };

	for (size_t k = 0; k < sizeof nonsense / sizeof *nonsense; k++) {
		cr_assert(setenv("FAKE_LIST", nonsense[k], 1) == 0);
		refresh();
		cr_expect(eq(int, failures, (int)k + 1));
		cr_expect(strstr(last.text, "no list") != NULL, "%s",
		    last.text);
		cr_expect(inventory_plugins(i) == NULL);
	}
}

Test(inventory, members_of_the_wrong_type_are_passed_over)
{
	cr_assert(setenv("FAKE_LIST",
		      "{\"plugins\":[5,{\"class\":7,\"aliases\":[1]},"
		      "{\"class\":\"A\",\"type\":9}],"
		      "\"errors\":[3,{\"file\":1}]}",
		      1) == 0);
	refresh();
	cr_expect(inventory_find(i, "A") != NULL);
	cr_expect(inventory_find(i, "B") == NULL);
	cr_expect(eq(str, (char *)inventory_connector_type(i, "A"), "unknown"));
	cr_expect(eq(str, (char *)inventory_nearest(i, n.arena, "AAAA"), ""));
}
