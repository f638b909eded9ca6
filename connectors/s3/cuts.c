#include "cuts.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "looks.h"

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
	unsigned long long random;

	*k = (struct cuts){ .client = client,
		.pool = pool,
		.opened_ms = boot_ms() };
	if (getentropy(&random, sizeof random) != 0)
		abort();
	(void)snprintf(k->token, sizeof k->token, "%016llx", random);
	k->key = dup_text(key);
	k->old_key = dup_text(old_key);
}

void
cuts_fini(struct cuts *k)
{
	client_cancel(k->client, k);
	chain_free(&k->refused, k->pool);
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
take_etag(struct cuts *k, const char *etag)
{
	memcpy(k->etag, etag, sizeof k->etag);
	/* It cannot be named. */
	k->is_guarded = k->is_guarded && etag[0] != '\0';
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
		if (strcmp(r->key, k->key) == 0)
			take_etag(k, r->etag);
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

/* ---- The log is written ---- */

/* The last line is nothing but another one each time. */
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
	(void)snprintf(line, sizeof line, "by %s %llu\n", k->token,
	    (unsigned long long)k->version);
	chain_puts(&r->body, k->pool, line);
	r->number = (size_t)k->version;
	r->want = "";
	r->creates = true;
	r->conditional = k->is_guarded && k->etag[0] == '\0';
	if (k->is_guarded)
		memcpy(r->match, k->etag, sizeof r->match);
	k->writing = true;
	client_send(k->client, r, k, done);
}

/* The log is there as of `version`; from there on as it grew meanwhile. */
static void
go_on(struct cuts *k, uint64_t version, const char *etag, s3_done_fn *done)
{
	k->looks = 0;
	memcpy(k->etag, etag, sizeof k->etag);
	k->stored = version;
	if (k->stored < k->version)
		write_log(k, done);
}

static void
fail(struct cuts *k, const struct s3_request *r)
{
	struct str s = STR(k->failure);

	str_printf(&s, "S3: %s %.300s: status %ld %s", r->method, k->key,
	    r->status, r->code);
}

static bool
is_text(const struct chain *ch, const char *text, size_t len)
{
	for (const struct chunk *c = ch->first; c != NULL; c = c->next) {
		if (len < c->len || memcmp(text, c->data, c->len) != 0)
			return false;
		text += c->len;
		len -= c->len;
	}
	return len == 0;
}

/* What is there in place of what was to be written over? */
static void
take_look(struct cuts *k, const struct s3_request *r)
{
	struct str s = STR(k->failure);
	bool is_ours = r->status == 200 && r->reply != NULL &&
		       is_text(&k->refused, r->reply, r->reply_len);

	chain_free(&k->refused, k->pool);
	if (is_ours) {
		go_on(k, k->refused_version, r->etag, r->done);
	} else if (r->status == 404 && k->looks < LOOKS_MAX) {
		k->etag[0] = '\0';
		write_log(k, r->done);
	} else if (r->status == 200) {
		str_printf(&s,
		    "S3: %.300s was written by another task since this one "
		    "read it: that has the partition now",
		    k->key);
	} else {
		fail(k, r);
	}
}

static void
look(struct cuts *k, struct s3_request *refused)
{
	k->refused = refused->body;
	refused->body = (struct chain){ 0 };
	k->refused_version = refused->number;
	k->writing = true;
	k->looks++;
	client_send(k->client, request_new("GET", k->key, ""), k,
	    refused->done);
}

static void
take_write(struct cuts *k, struct s3_request *r)
{
	if (r->status >= 200 && r->status < 300) {
		go_on(k, r->number, r->etag, r->done);
	} else if (r->status == 412) {
		look(k, r);
	} else if (r->status == 501 && k->is_guarded) {
		k->is_guarded = false;
		write_log(k, r->done);
	} else if (r->status == 404 && r->match[0] != '\0') {
		k->etag[0] = '\0';
		write_log(k, r->done);
	} else {
		fail(k, r);
	}
}

/* To a write, or to the look that a refused one is followed by. */
static void
on_answer(struct s3_client *c, struct s3_request *r)
{
	struct cuts *k = r->owner;

	(void)c;
	k->writing = false;
	if (strcmp(r->method, "GET") == 0)
		take_look(k, r);
	else
		take_write(k, r);
}

uint64_t
cuts_claim(struct cuts *k)
{
	k->version++;
	if (!k->writing)
		write_log(k, on_answer);
	return k->version;
}

uint64_t
cuts_add(struct cuts *k, int64_t first, int64_t end)
{
	add(k, (struct cut){ first, end });
	return cuts_claim(k);
}

int64_t
cuts_end(const struct cuts *k, int64_t first)
{
	for (size_t i = 0; i < k->count; i++)
		if (k->list[i].first == first)
			return k->list[i].end;
	return -1;
}
