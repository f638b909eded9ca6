/*
 * mock: a cluster inside the test's own process, on loopback sockets.
 *
 * librdkafka's mock brokers speak the real protocol, so clients under test
 * are what they are in production.
 */
#ifndef PENSTOCK_TESTS_KAFKA_MOCK_H
#define PENSTOCK_TESTS_KAFKA_MOCK_H

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <poll.h>
#include <stdbool.h>

#include <penstock/config.h>

#include "base/clock.h"

struct mock {
	rd_kafka_t *rk;
	rd_kafka_mock_cluster_t *cluster;
	const char *servers;
};

__attribute__((unused)) static void
mock_start(struct mock *m)
{
	char text[256];

	m->rk = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), text,
	    sizeof text);
	assert(m->rk != NULL);
	m->cluster = rd_kafka_mock_cluster_new(m->rk, 1);
	assert(m->cluster != NULL);
	rd_kafka_mock_group_initial_rebalance_delay_ms(m->cluster, 0);
	m->servers = rd_kafka_mock_cluster_bootstraps(m->cluster);
}

__attribute__((unused)) static void
mock_stop(struct mock *m)
{
	rd_kafka_mock_cluster_destroy(m->cluster);
	rd_kafka_destroy(m->rk);
}

__attribute__((unused)) static void
mock_topic(struct mock *m, const char *name, int partitions)
{
	rd_kafka_resp_err_t e =
	    rd_kafka_mock_topic_create(m->cluster, name, partitions, 1);

	assert(e == RD_KAFKA_RESP_ERR_NO_ERROR);
}

/* How many requests of that kind came since tracking began. */
__attribute__((unused)) static int
mock_requests(struct mock *m, int api_key)
{
	rd_kafka_mock_request_t **list;
	size_t count;
	int n = 0;

	list = rd_kafka_mock_get_requests(m->cluster, &count);
	for (size_t i = 0; i < count; i++)
		n += rd_kafka_mock_request_api_key(list[i]) == api_key;
	rd_kafka_mock_request_destroy_array(list, count);
	return n;
}

/* Calls `turn` until `done` says so, at most limit_ms. */
#define WAIT_UNTIL(done, turn, limit_ms)                                    \
	do {                                                                \
		struct clock_ms wait_start = clock_now();                   \
		while (!(done) &&                                           \
		       clock_since(wait_start, clock_now()) < (limit_ms)) { \
			turn;                                               \
		}                                                           \
	} while (0)

#endif
