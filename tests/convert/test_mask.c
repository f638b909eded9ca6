#include "convert/mask.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "base/js.h"

static struct redact *secrets;
static struct mask m;
static struct ps_error err;

static void
setup(void)
{
	secrets = redact_new();
	ps_error_clear(&err);
}

static void
teardown(void)
{
	mask_fini(&m);
	redact_free(&secrets);
}

TestSuite(mask, .init = setup, .fini = teardown, .timeout = 10);

static json_t *
json(const char *text)
{
	json_t *j = json_loads(text, JSON_DECODE_ANY, NULL);

	cr_assert(j != NULL, "%s", text);
	return j;
}

static void
expect(const char *names, const char *given, const char *want)
{
	json_t *list = json(names), *shown, *wanted = json(want);

	cr_assert(eq(int, mask_init(&m, list, secrets, &err), 0), "%s",
	    err.text);
	shown = mask_json(&m, json(given));
	if (json_equal(shown, wanted) == 0) {
		char *text = json_dumps(shown, JSON_ENCODE_ANY);

		cr_expect(eq(str, text, (char *)want));
		free(text);
	}
	json_decref(shown);
	json_decref(wanted);
	json_decref(list);
	mask_fini(&m);
}

static void
expect_texts(const char *names, const char *given, const char *want)
{
	json_t *list = json(names), *j = json(given), *wanted = json(want);

	cr_assert(eq(int, mask_init(&m, list, secrets, &err), 0), "%s",
	    err.text);
	j = mask_json(&m, mask_texts(&m, j));
	if (json_equal(j, wanted) == 0) {
		char *text = json_dumps(j, JSON_ENCODE_ANY);

		cr_expect(eq(str, text, (char *)want));
		free(text);
	}
	json_decref(j);
	json_decref(wanted);
	json_decref(list);
	mask_fini(&m);
}

Test(mask, names_inside_texts_hide_what_they_name)
{
	expect_texts("null", "\"a Password: x\"", "\"[hidden]\"");
	expect_texts("[\"ssn\"]", "{\"a\":[\"<SSN>12</SSN>\",\"b\"]}",
	    "{\"a\":[\"[hidden]\",\"b\"]}");
	expect_texts("[\"ssn\"]", "\"{\\\"ssn\\\": 1, \\\"b\\\": 2}\"",
	    "\"{\\\"ssn\\\":\\\"[hidden]\\\",\\\"b\\\":2}\"");
	expect_texts("[\"ssn\"]", "\"{\\\"b\\\":  2}\"", "\"{\\\"b\\\":  2}\"");
}

Test(mask, what_keys_call_secret_is_so_in_running_text)
{
	static const char *const words[] = { "password", "passwd", "passphrase",
		"secret", "token", "credential", "apikey", "api.key",
		"private.key", "authorization" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		char text[64];

		(void)snprintf(text, sizeof text, "\"my %s: x\"", words[i]);
		expect_texts("null", text, "\"[hidden]\"");
		(void)snprintf(text, sizeof text, "\"%s\"", words[i]);
		expect_texts("null", text, text);
	}
	expect_texts("null", "\"the monkey: x\"", "\"the monkey: x\"");
}

Test(mask, a_text_in_base64_is_looked_into)
{
	/* password=1234 */
	expect_texts("null", "\"cGFzc3dvcmQ9MTIzNA==\"", "\"[hidden]\"");
	/* plain text */
	expect_texts("null", "\"cGxhaW4gdGV4dA==\"", "\"cGxhaW4gdGV4dA==\"");
}

Test(mask, a_name_alone_gives_nothing_away)
{
	expect_texts("[\"ssn\"]", "[\"password\",\"ssn\",\"Token\"]",
	    "[\"password\",\"ssn\",\"Token\"]");
}

Test(mask, named_fields_are_hidden_at_any_depth)
{
	expect("[\"ssn\"]", "{\"a\":[{\"SSN\":12}],\"b\":1}",
	    "{\"a\":[{\"SSN\":\"[hidden]\"}],\"b\":1}");
}

Test(mask, names_that_say_so_need_not_be_asked_for)
{
	expect("null", "{\"db.password\":\"x\",\"password.file\":\"/x\"}",
	    "{\"db.password\":\"[hidden]\",\"password.file\":\"/x\"}");
}

Test(mask, what_was_hidden_once_is_hidden_where_it_comes_again)
{
	expect("[\"ssn\"]",
	    "[\"bad 123-45-67\", {\"id\":4711}, 4711, 47110,"
	    " {\"ssn\":\"123-45-67\"}, {\"ssn\":4711}]",
	    "[\"bad [hidden]\", {\"id\":\"[hidden]\"}, \"[hidden]\", 47110,"
	    " {\"ssn\":\"[hidden]\"}, {\"ssn\":\"[hidden]\"}]");
}

Test(mask, all_inside_a_hidden_field_is_secret)
{
	expect("[\"card\"]",
	    "{\"number\":\"4000-1234\",\"card\":{\"n\":[\"4000-1234\"]}}",
	    "{\"number\":\"[hidden]\",\"card\":\"[hidden]\"}");
}

Test(mask, a_header_is_hidden_by_its_name)
{
	expect("[\"who\"]",
	    "[{\"name\":\"who\",\"value\":\"me\"},"
	    "{\"name\":\"h\",\"value\":\"me\"}]",
	    "[{\"name\":\"who\",\"value\":\"[hidden]\"},"
	    "{\"name\":\"h\",\"value\":\"me\"}]");
}

Test(mask, nulls_and_flags_tell_nothing)
{
	expect("[\"ssn\"]", "[{\"ssn\":null},{\"ssn\":true},null,true]",
	    "[{\"ssn\":null},{\"ssn\":true},null,true]");
}

Test(mask, known_secrets_are_hidden_without_a_name)
{
	redact_add(secrets, "hunter22");
	expect("[]", "{\"v\":\"is hunter22!\",\"w\":1.5}",
	    "{\"v\":\"is [hidden]!\",\"w\":1.5}");
}

Test(mask, a_text_that_grows_by_what_is_hidden_is_not_cut)
{
	redact_add(secrets, "hunter22");
	expect("[]",
	    "[\"://x@://x@://x@://x@://x@://x@://x@://x@://x@://x@://x@://x@"
	    " hunter22\"]",
	    "[\"://[hidden]@://[hidden]@://[hidden]@://[hidden]@://[hidden]@"
	    "://[hidden]@://[hidden]@://[hidden]@://[hidden]@://[hidden]@"
	    "://[hidden]@://[hidden]@ [hidden]\"]");
}

Test(mask, names_are_a_list_of_texts)
{
	static const char *const wrong[] = { "\"ssn\"", "[1]", "{}" };

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *list = json(wrong[i]);

		ps_error_clear(&err);
		cr_expect(eq(int, mask_init(&m, list, secrets, &err), -1));
		cr_expect(err.code == PS_E_DATA);
		mask_fini(&m);
		json_decref(list);
	}
}
