#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "cluster/members.h"

Test(members, placement_fits_when_all_of_it_holds)
{
	static const struct {
		const char *placement, *labels;
		bool fits;
	} rows[] = {
		{ NULL, NULL, true }, { "", "zone=a", true },
		{ "zone=a", "zone=a", true },
		{ "zone=a", "disk=ssd,zone=a", true },
		{ "zone=a", "zone=b", false }, { "zone=a", "zone=ab", false },
		{ "zone=ab", "zone=a", false }, { "zone=a", NULL, false },
		{ "zone!=a", NULL, true }, { "zone!=a", "zone=a", false },
		{ "zone!=a", "zone=b", true },
		{ "zone=a,disk=ssd", "zone=a", false },
		{ "zone=a, disk=ssd", "disk=ssd, zone=a", true },
		{ "zone", "zone=a", false }, /* is none */
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(int,
			      members_fit(rows[i].placement, rows[i].labels),
			      rows[i].fits),
		    "row %zu", i);
}

Test(members, a_placement_that_is_none_is_named)
{
	static const char *const wrong[] = { "zone", "=a", "zone=", "!=a",
		"zone=a,,disk=ssd", "zone=a,disk" };
	struct ps_error err;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		err = (struct ps_error){ 0 };
		cr_expect(eq(int, members_check_placement(wrong[i], &err), -1),
		    "%s", wrong[i]);
		cr_expect(strstr(err.text, wrong[i]) != NULL);
	}
	cr_expect(eq(int, members_check_placement("a=b,c!=d", &err), 0));
	cr_expect(eq(int, members_check_placement(NULL, &err), 0));
}

Test(members, the_newest_of_an_id_and_a_machine_counts)
{
	struct members *m = members_new();
	struct member_info a = { .who = { "w:1", 1 },
		.host = "m",
		.url = "http://a" };
	struct member_info b = a, c = a;

	b.who.incarnation = 2;
	c.who.incarnation = 3;
	c.host = "n";
	members_put(m, &a);
	members_put(m, &b);
	members_put(m, &c);
	cr_expect(members_find(m, &a.who) == NULL);
	cr_expect(members_find(m, &b.who) != NULL);
	cr_expect(eq(str, (char *)members_find(m, &c.who)->host, "n"));
	members_free(&m);
}

Test(members, records_are_written_as_all_that_live_can_read_them)
{
	struct members *m = members_new();
	struct peers *all = peers_new(10000);
	struct clock_ms now = { 1000 };
	static const char *const ids[] = { "a:1", "b:1" };
	struct beat b = { .host = "m", .since = 1, .born_ms = 1 };
	struct member_info info = { .host = "m", .url = "http://x" };

	peers_begin(all, now);
	for (int i = 0; i < 2; i++) {
		info.who = b.who = (struct who){ ids[i], 1 };
		info.version = 2 - i;
		b.number = 1;
		members_put(m, &info);
		cr_expect(eq(int, members_version(m, all, 2), 2));
		peers_beat(all, &b, now);
	}
	cr_expect(eq(int, members_version(m, all, 2), 1));
	cr_expect(eq(int, members_version(m, all, 1), 1));
	/* The older one leaves. */
	b.number = 2;
	b.flags = BEAT_GONE;
	peers_beat(all, &b, now);
	cr_expect(eq(int, members_version(m, all, 2), 2));
	cr_expect(eq(int, members_version(m, all, 1), 1));
	peers_free(&all);
	members_free(&m);
}

Test(members, a_plugin_is_there_by_its_whole_name)
{
	static const struct {
		const char *plugins, *class_name;
		bool there;
	} rows[] = {
		{ NULL, "Ant", true },
		{ "Ant", NULL, true },
		{ "Ant", "", true },
		{ "Ant", "Ant", true },
		{ "Bee,Ant,", "Ant", true },
		{ "", "Ant", false },
		{ "Bee", "Ant", false },
		{ "AntHill,FireAnt", "Ant", false },
		{ "FireAnt,Ant", "Ant", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		cr_expect(eq(int,
			      members_have(rows[i].plugins, rows[i].class_name),
			      rows[i].there),
		    "row %zu", i);
}
