#include "child/named.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/arena.h"

static const struct {
	const char *value, *found; /* separated by | */
} values[] = {
	{ "", "" },
	{ "no path", "" },
	{ "/a/b.txt", "/a/b.txt" },
	{ "/a/b,/c d/e", "/a/b|/a/b,/c d/e|/c|/c d/e" },
	{ "jdbc:postgresql://h:5432/db?sslrootcert=/etc/ca.pem&x=1",
	    "/etc/ca.pem|/etc/ca.pem&x=1" },
	{ "http://host/path/more", "" },
	{ "file:///data/x", "/data/x" },
	{ "${file:/run/secrets/db:password}",
	    "/run/secrets/db|/run/secrets/db:password}" },
	{ "x required keyTab=\"/etc/k.keytab\" a=\"b\";",
	    "/etc/k.keytab|/etc/k.keytab\" a=\"b\";" },
	{ "[/one,/two]", "/one|/one,/two]|/two|/two]" },
	{ "FILE:/tmp/krb5cc_0", "/tmp/krb5cc_0" },
	{ "a/b/c", "" },
	{ "//host/share", "" },
};

Test(named, a_path_begins_a_value_or_stands_behind_a_separator)
{
	struct ps_arena *a = arena_new(4096);

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		const char *all = "", *one;

		for (size_t n = 0;
		     (one = named_find(a, values[i].value, n)) != NULL; n++)
			all =
			    ps_printf(a, "%s%s%s", all, n == 0 ? "" : "|", one);
		cr_expect(eq(str, (char *)all, (char *)values[i].found), "%s",
		    values[i].value);
	}
	arena_free(&a);
}
