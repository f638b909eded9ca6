/* Whoever hears that others have come joins again at once: all wait for it, and
 * the session of one that has joined and died is counted from when the last has
 * joined. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "tests/kafka/groups.h"
#include "tests/kafka/mock.h"

#define TOPIC "configs"

enum { JOIN_GROUP = 11, SYNC_GROUP = 14 };
/* The mock lets all in WAIT_MS after the first has joined; librdkafka looks
 * twice a second whether a heartbeat is due, by which the first hears of the
 * second. */
enum { WAIT_MS = 600, SESSION_MS = 1000 + WAIT_MS, HEARTBEAT_MS = 20 };
/* With a pause it is from one to two seconds, but for a round now and then. */
enum { ROUNDS = 8, AT_ONCE_MS = WAIT_MS + 500, LIMIT_MS = 10000 };

static void
enter(struct member *m, const struct mock *mock, const char *group)
{
	struct group_spec spec = { NULL, group, TOPIC, SESSION_MS, HEARTBEAT_MS,
		NULL };

	join_as(m, mock->servers, &spec);
}

/* From when the second joins until it joins again, as what it and the first
 * were let into is over at once. The first alone is never late: it leads the
 * group and asks for metadata, whose answer ends any pause. */
static int64_t
ms_between_joins(struct mock *m, const char *group)
{
	struct clock_ms joined;
	struct member a, b;
	int64_t ms;

	rd_kafka_mock_start_request_tracking(m->cluster);
	enter(&a, m, group);
	UNTIL(a.is_owner, &a, NULL, LIMIT_MS);
	rd_kafka_mock_push_request_errors(m->cluster, SYNC_GROUP, 1,
	    RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
	enter(&b, m, group);
	UNTIL(mock_requests(m, JOIN_GROUP) >= 2, &a, &b, LIMIT_MS);
	joined = clock_now();
	UNTIL(mock_requests(m, JOIN_GROUP) >= 5, &a, &b, LIMIT_MS);
	ms = clock_since(joined, clock_now());
	leave(&b);
	leave(&a);
	rd_kafka_mock_stop_request_tracking(m->cluster);
	return ms;
}

Test(rejoins, members_join_at_once_whenever_they_hear_of_a_rebalance,
    .timeout = 120)
{
	int64_t ms = 0;
	struct mock m;
	char group[32];

	mock_start(&m);
	mock_topic(&m, TOPIC, 1);
	for (int i = 0; i < ROUNDS; i++) {
		(void)snprintf(group, sizeof group, "group-%d", i);
		ms += ms_between_joins(&m, group);
	}
	cr_expect(ms < ROUNDS * AT_ONCE_MS, "%d ms", (int)ms);
	mock_stop(&m);
}
