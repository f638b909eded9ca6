/*
 * fenced: a mock broker behind a door, as it is while it comes back.
 *
 * A broker that was restarted takes connections before the controller counts
 * it among the living: its metadata name topics, but no broker. The door
 * passes all on, one request at a time, and takes the brokers out of what
 * passes while it is so.
 */
#ifndef PENSTOCK_TESTS_KAFKA_FENCED_H
#define PENSTOCK_TESTS_KAFKA_FENCED_H

#include <arpa/inet.h>
#include <assert.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/kafka/mock.h"

/* The mock must have seen the end of the old connections before new come. */
#define FENCED_AWAY_MS   100
#define FENCED_LINKS     4096
#define FENCED_FRAME     ((size_t)1024 * 1024)
#define FETCH            1
#define FETCH_VERSION    11 /* the last by name */
#define METADATA         3
#define METADATA_VERSION 8 /* the last without compact lists */

struct fenced {
	struct mock mock;
	char servers[32];
	int listens, port, behind;
	pthread_t takes;
	_Atomic bool is_fenced;
	_Atomic int64_t back_at; /* until then it takes no connections */
	_Atomic int emptied;     /* answers that named no broker */
	_Atomic int named;       /* and those that did, since it was healed */
	pthread_mutex_t lock;
	int links[FENCED_LINKS][2], count;
};

struct fenced_link {
	struct fenced *f;
	int client, broker;
};

static bool
fenced_read(int fd, char *to, size_t len)
{
	while (len > 0) {
		ssize_t n = recv(fd, to, len, 0);

		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

static bool
fenced_write(int fd, const char *from, size_t len)
{
	return send(fd, from, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static uint32_t
fenced_number(const char *at)
{
	uint32_t n;

	memcpy(&n, at, sizeof n);
	return ntohl(n);
}

/* A frame with its length before it; 0: the connection has ended. */
static size_t
fenced_frame(int fd, char *to)
{
	uint32_t len;

	if (!fenced_read(fd, to, 4))
		return 0;
	len = fenced_number(to);
	assert(len < FENCED_FRAME - 4);
	return fenced_read(fd, to + 4, len) ? len + 4 : 0;
}

static size_t
fenced_text(const char *at)
{
	uint16_t n;

	memcpy(&n, at, sizeof n);
	n = ntohs(n);
	return n == UINT16_MAX ? 2 : 2u + n;
}

/* Past the brokers: id, host, port, rack. */
static char *
fenced_past(char *list)
{
	char *at = list + 4;

	for (uint32_t i = fenced_number(list); i > 0; i--) {
		at += 4;
		at += fenced_text(at);
		at += 4;
		at += fenced_text(at);
	}
	return at;
}

/* After the brokers and the cluster's name. The mock names nobody. */
static void
fenced_name_controller(char *list)
{
	static const uint32_t id = 1;
	char *at = fenced_past(list);
	uint32_t n = htonl(id);

	memcpy(at + fenced_text(at), &n, sizeof n);
}

static size_t
fenced_empty(struct fenced *f, char *frame, char *list, size_t len)
{
	char *at = fenced_past(list);
	uint32_t size;

	memset(list, 0, 4);
	memmove(list + 4, at, len - (size_t)(at - frame));
	len -= (size_t)(at - list) - 4;
	size = htonl((uint32_t)len - 4);
	memcpy(frame, &size, sizeof size);
	f->emptied++;
	return len;
}

/* Before the brokers: length, correlation id, throttle time. */
static size_t
fenced_metadata(struct fenced *f, char *frame, size_t len)
{
	char *list = frame + 12;

	if (len == 0)
		return 0;
	if (f->is_fenced)
		return fenced_empty(f, frame, list, len);
	fenced_name_controller(list);
	f->named++;
	return len;
}

static void
fenced_relay(struct fenced_link *l, char *frame)
{
	size_t len;
	bool is_metadata;

	for (;;) {
		len = fenced_frame(l->client, frame);
		if (len == 0)
			return;
		is_metadata = frame[4] == 0 && frame[5] == METADATA;
		if (!fenced_write(l->broker, frame, len))
			return;
		len = fenced_frame(l->broker, frame);
		if (is_metadata)
			len = fenced_metadata(l->f, frame, len);
		if (len == 0 || !fenced_write(l->client, frame, len))
			return;
	}
}

static void *
fenced_serve(void *arg)
{
	struct fenced_link *l = arg;
	char *frame = malloc(FENCED_FRAME);

	fenced_relay(l, frame);
	free(frame);
	(void)shutdown(l->client, SHUT_RDWR);
	(void)shutdown(l->broker, SHUT_RDWR);
	free(l);
	return NULL;
}

static int
fenced_dial(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int e = connect(fd, (struct sockaddr *)&to, sizeof to);

	assert(e == 0);
	return fd;
}

static void *
fenced_take(void *arg)
{
	struct fenced *f = arg;
	int client;

	while ((client = accept(f->listens, NULL, NULL)) >= 0) {
		struct fenced_link *l;
		pthread_t t;

		if (clock_now().ms < f->back_at) {
			(void)close(client);
			continue;
		}
		l = malloc(sizeof *l);
		*l = (struct fenced_link){ f, client, fenced_dial(f->behind) };
		pthread_mutex_lock(&f->lock);
		assert(f->count < FENCED_LINKS);
		f->links[f->count][0] = l->client;
		f->links[f->count++][1] = l->broker;
		pthread_mutex_unlock(&f->lock);
		pthread_create(&t, NULL, fenced_serve, l);
		pthread_detach(t);
	}
	return NULL;
}

static void
fenced_cut(struct fenced *f)
{
	pthread_mutex_lock(&f->lock);
	for (int i = 0; i < f->count; i++) {
		(void)shutdown(f->links[i][0], SHUT_RDWR);
		(void)shutdown(f->links[i][1], SHUT_RDWR);
	}
	pthread_mutex_unlock(&f->lock);
}

/* The broker was restarted and takes connections. */
__attribute__((unused)) static void
fenced_restart(struct fenced *f)
{
	f->emptied = 0;
	f->is_fenced = true;
	f->back_at = clock_after(clock_now(), FENCED_AWAY_MS).ms;
	fenced_cut(f);
}

/* The controller counts it among the living. */
__attribute__((unused)) static void
fenced_heal(struct fenced *f)
{
	f->named = 0;
	f->is_fenced = false;
}

__attribute__((unused)) static void
fenced_start(struct fenced *f)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof at;
	int e;

	memset(f, 0, sizeof *f);
	mock_start(&f->mock);
	f->behind = atoi(strrchr(f->mock.servers, ':') + 1);
	pthread_mutex_init(&f->lock, NULL);
	f->listens = socket(AF_INET, SOCK_STREAM, 0);
	e = bind(f->listens, (struct sockaddr *)&at, len);
	assert(e == 0);
	e = listen(f->listens, 16);
	assert(e == 0);
	(void)getsockname(f->listens, (struct sockaddr *)&at, &len);
	f->port = ntohs(at.sin_port);
	(void)snprintf(f->servers, sizeof f->servers, "127.0.0.1:%d", f->port);
	rd_kafka_mock_broker_set_host_port(f->mock.cluster, 1, "127.0.0.1",
	    f->port);
	rd_kafka_mock_set_apiversion(f->mock.cluster, FETCH, 4, FETCH_VERSION);
	rd_kafka_mock_set_apiversion(f->mock.cluster, METADATA, 0,
	    METADATA_VERSION);
	pthread_create(&f->takes, NULL, fenced_take, f);
}

__attribute__((unused)) static void
fenced_stop(struct fenced *f)
{
	(void)shutdown(f->listens, SHUT_RDWR);
	pthread_join(f->takes, NULL);
	fenced_cut(f);
	mock_stop(&f->mock);
}

#endif
