#include "child/gauges.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <penstock/record.h>

#include "base/clock.h"

Test(gauges, what_is_delivered_is_counted_and_the_youngest_kept)
{
	struct gauges g;
	int64_t now = wall_now().ms;

	gauges_init(&g);
	gauges_delivered(&g, 3, now - 5000);
	cr_expect(eq(i64, g.newest_ms, now - 5000));
	gauges_delivered(&g, 2, now - 9000); /* out of order */
	cr_expect(eq(i64, g.newest_ms, now - 5000));
	cr_expect(eq(u64, g.delivered, 5));
	cr_expect(g.delivered_ms >= now);
	gauges_fini(&g);
}

Test(gauges, a_record_without_a_time_is_of_now)
{
	struct gauges g;
	int64_t now = wall_now().ms;

	gauges_init(&g);
	gauges_delivered(&g, 1, PS_NO_TIMESTAMP);
	cr_expect(g.newest_ms >= now);
	gauges_fini(&g);
}
