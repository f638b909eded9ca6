#include "cuts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TITLE "penstock cuts 1\n"

static int64_t
boot_ms(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

void
cuts_init(struct cuts *k, struct s3_client *client, struct pool *pool,
    const char *key, const char *old_key)
{
	*k = (struct cuts){ .client = client,
		.pool = pool,
		.opened_ms = boot_ms() };
	k->key = dup_text(key);
	k->old_key = dup_text(old_key);
}

void
cuts_fini(struct cuts *k)
{
	client_cancel(k->client, k);
	free(k->key);
	free(k->old_key);
}

static void
add(struct cuts *k, struct cut cut)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->list[i].first == cut.first) {
			k->list[i] = cut;
			return;
		}
	if (k->count == CUTS_KEPT) {
		memmove(k->list, k->list + 1,
		    (CUTS_KEPT - 1) * sizeof *k->list);
		k->count--;
	}
	k->list[k->count++] = cut;
}

static void
parse(struct cuts *k, const char *text)
{
	char *end;

	text += strlen(TITLE);
	while (*text != '\0') {
		struct cut cut = { .first = strtoll(text, &end, 10) };

		if (end == text)
			return;
		text = end;
		cut.end = strtoll(text, &end, 10);
		if (end == text || cut.end <= cut.first || *end != '\n')
			return;
		add(k, cut);
		text = end + 1;
	}
}

static void
read_log(struct cuts *k, const char *key, s3_done_fn *done)
{
	k->reading = true;
	client_send(k->client, request_new("GET", key, ""), k, done);
}

static void
on_read(struct s3_client *c, struct s3_request *r)
{
	struct cuts *k = r->owner;
	struct str s = STR(k->failure);

	(void)c;
	k->reading = false;
	/* The answer may have waited long for us, or we for it. */
	if (k->since_ms == 0 && r->server_time > 0)
		k->since_ms =
		    r->server_time * 1000 - (boot_ms() - k->opened_ms);
	if (r->status == 404 && strcmp(r->key, k->old_key) != 0) {
		read_log(k, k->old_key, r->done);
	} else if (r->status == 404) {
		k->is_known = true;
	} else if (r->status == 200 && r->reply != NULL &&
		   strncmp(r->reply, TITLE, strlen(TITLE)) == 0) {
		parse(k, r->reply);
		k->is_known = true;
	} else {
		str_printf(&s,
		    "S3: GET %.300s: status %ld %s, a log of cuts "
		    "was expected",
		    r->key, r->status, r->code);
	}
}

void
cuts_read(struct cuts *k)
{
	if (!k->reading && !k->is_known)
		read_log(k, k->key, on_read);
}

/* Writes the log and, from its own answer, again when it grew meanwhile. */
static void
write_log(struct cuts *k, s3_done_fn *done)
{
	struct s3_request *r = request_new("PUT", k->key, "");
	char line[64];

	chain_puts(&r->body, k->pool, TITLE);
	for (size_t i = 0; i < k->count; i++) {
		(void)snprintf(line, sizeof line, "%lld %lld\n",
		    (long long)k->list[i].first, (long long)k->list[i].end);
		chain_puts(&r->body, k->pool, line);
	}
	r->number = (size_t)k->version;
	r->want = "";
	r->creates = true;
	k->writing = true;
	client_send(k->client, r, k, done);
}

static void
on_written(struct s3_client *c, struct s3_request *r)
{
	struct cuts *k = r->owner;
	struct str s = STR(k->failure);

	(void)c;
	k->writing = false;
	if (r->status < 200 || r->status >= 300) {
		str_printf(&s, "S3: PUT %.300s: status %ld %s", k->key,
		    r->status, r->code);
		return;
	}
	k->stored = r->number;
	if (k->stored < k->version)
		write_log(k, r->done);
}

uint64_t
cuts_add(struct cuts *k, int64_t first, int64_t end)
{
	add(k, (struct cut){ first, end });
	k->version++;
	if (!k->writing)
		write_log(k, on_written);
	return k->version;
}

int64_t
cuts_end(const struct cuts *k, int64_t first)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->list[i].first == first)
			return k->list[i].end;
	return -1;
}
