#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <librdkafka/rdkafka.h>

#include "kafka/admin.h"

struct got {
	int answers, code;
};

static void
on_answer(void *ctx, const struct admin_answer *a)
{
	struct got *g = ctx;

	g->answers++;
	g->code = a->code;
}

Test(admin, silence_is_answered_within_the_limit, .timeout = 30)
{
	struct ps_setting s[] = { { "bootstrap.servers", "127.0.0.1:1" } };
	struct ps_config c = { s, 1 };
	struct ps_error err = { PS_OK, "" };
	struct admin *ad = admin_new(&c, &err);
	struct got g = { 0 };

	cr_assert(ad != NULL, "%s", err.text);
	admin_describe_cluster(ad, (struct admin_call){ on_answer, &g, 1000 });
	for (int i = 0; i < 100 && g.answers == 0; i++)
		(void)admin_serve(ad, 100);
	cr_expect(eq(int, g.answers, 1));
	cr_expect(eq(int, g.code, RD_KAFKA_RESP_ERR__TIMED_OUT));
	admin_free(&ad, 100);
}

Test(admin, what_waits_is_answered_when_it_ends, .timeout = 30)
{
	struct ps_setting s[] = { { "bootstrap.servers", "127.0.0.1:1" } };
	struct ps_config c = { s, 1 };
	struct admin *ad = admin_new(&c, NULL);
	struct got g = { 0 };

	admin_describe_cluster(ad, (struct admin_call){ on_answer, &g, 9000 });
	cr_expect(eq(sz, admin_waiting(ad), 1));
	admin_free(&ad, 100);
	cr_expect(eq(int, g.answers, 1));
	cr_expect(ne(int, g.code, 0));
}
