#include "clean.h"

#include <stdlib.h>

#include "client.h"
#include "path.h"
#include "text.h"
#include "xml.h"

#define ACTIVE_MAX 4

struct cleaning {
	const struct ps_host *host;
	const struct clean_limits *limits;
	struct s3_client *client;
	char prefix[2048];    /* of the logs that are looked for now */
	char token[XML_TEXT]; /* of the listing's next page, "": no more */
	char failure[512];
	int64_t until_ms, heard_ms;
	bool is_shared; /* an earlier version's: whose logs it cannot tell */
	bool has_left;  /* some behind that prefix */
};

static void
fail(struct cleaning *k, const struct s3_request *r)
{
	struct str s = STR(k->failure);

	if (k->failure[0] != '\0')
		return;
	str_printf(&s, "S3: %s %.300s: ", r->method,
	    r->key == NULL ? k->prefix : r->key);
	if (r->status == 0)
		str_puts(&s, r->reason);
	else
		str_printf(&s, "status %ld %s", r->status, r->code);
}

/* Once: whoever waits for it asks again, and knows why. */
static void
ask(struct cleaning *k, struct s3_request *r, s3_done_fn *done)
{
	r->best_effort = true;
	client_send(k->client, r, k, done);
}

static void
on_deleted(struct s3_client *c, struct s3_request *r)
{
	struct cleaning *k = r->owner;

	(void)c;
	k->heard_ms = client_now();
	if (r->status != 404 && (r->status < 200 || r->status >= 300))
		fail(k, r);
}

/* <partition>.cuts or .uploads behind the prefix: else it is another topic's,
 * or none. */
static bool
is_log(const struct cleaning *k, const char *key)
{
	size_t len = strlen(k->prefix), digits;

	if (strncmp(key, k->prefix, len) != 0)
		return false;
	digits = strspn(key + len, "0123456789");
	key += len + digits;
	return digits > 0 && (strcmp(key, PATH_CUTS_END) == 0 ||
				 strcmp(key, PATH_UPLOADS_END) == 0);
}

static void
on_element(void *arg, const char *name, const char *text)
{
	struct cleaning *k = arg;
	struct str token = STR(k->token);

	if (strcmp(name, "NextContinuationToken") == 0)
		str_puts(&token, text);
	if (strcmp(name, "Key") != 0 || !is_log(k, text))
		return;
	k->has_left = k->has_left || k->is_shared;
	if (!k->is_shared)
		ask(k, request_new("DELETE", text, ""), on_deleted);
}

static void list_page(struct cleaning *k);

static void
on_listed(struct s3_client *c, struct s3_request *r)
{
	struct cleaning *k = r->owner;
	char root[64] = "";

	(void)c;
	k->heard_ms = client_now();
	k->token[0] = '\0';
	if (strcmp(r->code, "NoSuchBucket") == 0)
		return;
	if (r->status != 200 || r->reply == NULL ||
	    !xml_read(r->reply, r->reply_len, root, sizeof root, on_element,
		k) ||
	    strcmp(root, "ListBucketResult") != 0)
		fail(k, r);
	else if (k->token[0] != '\0')
		list_page(k);
}

static void
list_page(struct cleaning *k)
{
	char query[8192];
	struct str q = STR(query);

	if (k->token[0] != '\0') {
		str_puts(&q, "continuation-token=");
		str_uri(&q, k->token, strlen(k->token), false);
		str_puts(&q, "&");
	}
	str_puts(&q, "list-type=2&prefix=");
	str_uri(&q, k->prefix, strlen(k->prefix), false);
	ask(k, request_new("GET", NULL, query), on_listed);
}

static int64_t
left_ms(const struct cleaning *k)
{
	int64_t silent = k->heard_ms + k->limits->silent_ms;

	return (silent < k->until_ms ? silent : k->until_ms) - client_now();
}

static int
fail_late(const struct cleaning *k, struct ps_error *err)
{
	const struct s3_request *r = client_oldest(k->client);

	if (client_now() >= k->until_ms)
		return ps_fail(err, PS_E_RETRY, "not done within %lld s",
		    (long long)k->limits->whole_ms / 1000);
	return ps_fail(err, PS_E_RETRY,
	    "S3: %s %.300s: the bucket has not answered within %lld s",
	    r == NULL ? "" : r->method,
	    r == NULL || r->key == NULL ? k->prefix : r->key,
	    (long long)k->limits->silent_ms / 1000);
}

static int
clean_prefix(struct cleaning *k, struct ps_error *err)
{
	k->token[0] = '\0';
	k->heard_ms = client_now();
	list_page(k);
	while (client_pending(k->client) > 0) {
		int64_t left = left_ms(k);

		if (k->host->stopping(k->host))
			return ps_fail(err, PS_E_RETRY, "asked to stop");
		/* Behind client_wait, which has looked at what came. */
		if (left <= 0)
			return fail_late(k, err);
		client_drive(k->client);
		client_wait(k->client, k->host->wake_fd, left);
	}
	if (k->failure[0] != '\0')
		return ps_fail(err, PS_E_FATAL, "%s", k->failure);
	return 0;
}

/* Of one topic, and of the connector or, for NULL, of an earlier version. 1:
 * all are gone, 0: some stay. */
static int
clean_one(struct cleaning *k, const struct s3_conf *conf, const char *connector,
    const char *topic, struct ps_error *err)
{
	struct str s = STR(k->prefix);

	k->is_shared = connector == NULL;
	k->has_left = false;
	path_log(conf, connector, topic, &s);
	if (clean_prefix(k, err) != 0)
		return ps_fail_in(err, "the logs of topic %s", topic);
	if (!k->has_left)
		return 1;
	k->host->log(k->host, PS_INFO,
	    "%s stay: an earlier version made them for all connectors of the "
	    "folder",
	    k->prefix);
	return 0;
}

static int
clean_topics(struct cleaning *k, const struct s3_conf *conf,
    const char *const *topics, struct ps_error *err)
{
	int got = 1, shared;

	k->until_ms = client_now() + k->limits->whole_ms;
	for (; *topics != NULL; topics++) {
		/* Of its own logs none stays. */
		if (clean_one(k, conf, k->host->connector, *topics, err) < 0)
			return -1;
		shared = clean_one(k, conf, NULL, *topics, err);
		if (shared < 0)
			return -1;
		if (shared == 0)
			got = 0;
	}
	return got;
}

int
clean_within(const struct clean_limits *limits, const struct ps_host *h,
    const struct ps_config *c, const char *const *topics, struct ps_error *err)
{
	struct s3_conf conf = { 0 };
	struct pool pool;
	struct cleaning *k;
	int got = -1;

	if (conf_read(&conf, c, err) == 0) {
		k = calloc(1, sizeof *k);
		if (k == NULL)
			abort();
		pool_init(&pool, 0);
		k->host = h;
		k->limits = limits;
		k->client = client_new(&conf, &pool, ACTIVE_MAX);
		got = clean_topics(k, &conf, topics, err);
		client_free(&k->client);
		pool_trim(&pool);
		free(k);
	}
	conf_fini(&conf);
	return got;
}

int
clean_logs(const struct ps_host *h, const struct ps_config *c,
    const char *const *topics, struct ps_error *err)
{
	/* Less than the worker waits. */
	static const struct clean_limits limits = { 20000, 50000 };

	return clean_within(&limits, h, c, topics, err);
}
