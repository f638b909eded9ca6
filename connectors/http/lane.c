#include "lane.h"

#include <stdlib.h>

#include <pause/pause.h>

#define ANSWER_MS     5000  /* that one takes at most, as a rule */
#define MARK_AGAIN_MS 1000  /* a commit may fail */
#define CUT_WAIT_MS   30000 /* for records before a cut: gone by now? */
#define HEADERS_MAX   (ADDED_MAX + 4) /* key, type, authorization, NULL */

struct assigned *
lane_new(void *all, const char *topic, int32_t partition, int64_t offset)
{
	struct lane *l = calloc(1, sizeof *l);
	const struct ps_host *h;

	if (l == NULL)
		abort();
	l->all = all;
	h = l->all->host;
	assigned_init(&l->assigned, topic, partition, offset);
	if (PS_HOST_HAS(h, mark))
		l->cut = h->mark(h, topic, partition);
	return &l->assigned;
}

static void
drop_oldest(struct lane *l)
{
	struct pack *p = l->oldest;

	l->all->bytes -= p->len;
	l->oldest = p->next;
	if (l->newest == p)
		l->newest = NULL;
	pack_free(&p);
}

void
lane_free(struct assigned *p)
{
	struct lane *l = lane_of(p);

	net_cancel(l->all->net, l);
	while (l->oldest != NULL)
		drop_oldest(l);
	assigned_fini(&l->assigned);
	free(l);
}

struct lane *
lane_next(const struct lanes *all, const struct lane *l)
{
	return lane_of(assignment_next(&all->lanes, (const void *)l));
}

static struct pack *
open_pack(const struct lane *l)
{
	return l->newest == NULL || l->newest->is_closed ? NULL : l->newest;
}

static void
ask_mark(struct lane *l, struct pack *p)
{
	const struct ps_host *h = l->all->host;

	p->asked_ms = net_now();
	h->set_mark(h, l->assigned.topic, l->assigned.partition, p->mark);
}

/* What it holds is what its request will hold, also after a restart. */
static void
cut(struct lane *l, struct pack *p)
{
	p->is_closed = true;
	l->cut = l->assigned.next_offset;
	if (!PS_HOST_HAS(l->all->host, set_mark))
		return;
	p->mark = l->cut;
	ask_mark(l, p);
}

/* The task before had cut behind records that have not come yet. */
static bool
is_cut_ahead(const struct lane *l, const struct pack *p)
{
	return l->cut > l->assigned.next_offset &&
	       net_now() - p->since_ms < CUT_WAIT_MS;
}

void
lane_close(struct lane *l)
{
	struct pack *p = open_pack(l);

	if (p != NULL && p == l->oldest && p->count > 0 && !is_cut_ahead(l, p))
		cut(l, p);
}

static bool
is_marked(const struct lane *l, const struct pack *p)
{
	const struct ps_host *h = l->all->host;

	return p->mark == 0 ||
	       h->mark(h, l->assigned.topic, l->assigned.partition) == p->mark;
}

bool
lane_is_unmarked(const struct lane *l)
{
	return l->oldest != NULL && l->oldest->is_closed &&
	       !is_marked(l, l->oldest);
}

static struct pack *
begin_pack(struct lane *l)
{
	struct pack *p = pack_new(net_now());

	if (l->newest == NULL)
		l->oldest = p;
	else
		l->newest->next = p;
	l->newest = p;
	return p;
}

/* Which request of full length an offset belongs to. */
static int64_t
slot(const struct lane *l, int64_t offset)
{
	return offset / (int64_t)l->all->conf.batch_max;
}

/* Does a request end between the pack's first record and this offset? */
static bool
is_between(const struct lane *l, const struct pack *p, int64_t offset)
{
	int64_t first = p->items[0].offset;

	return slot(l, first) != slot(l, offset) ||
	       (first < l->cut && l->cut <= offset);
}

int
lane_add(struct lane *l, const struct ps_record *r, struct ps_error *err)
{
	struct pack *p = open_pack(l);
	size_t before;

	if (p != NULL && p->count > 0 && is_between(l, p, r->origin_offset)) {
		p->is_closed = true;
		p = NULL;
	}
	if (p == NULL)
		p = begin_pack(l);
	before = p->len;
	if (pack_add(p, &l->all->conf, r, err) != 0)
		return -1;
	l->all->bytes += p->len - before;
	l->assigned.next_offset = r->origin_offset + 1;
	if (is_between(l, p, l->assigned.next_offset))
		p->is_closed = true;
	return 0;
}

/* ---- Answers ---- */

/* The endpoint as a whole is asked to wait, not one partition. */
static void
outage(struct lanes *a, const struct post *p)
{
	int64_t ms = pause_ms(a->conf.backoff_ms, a->failures, &a->seed), asked;

	if (p->retry_after_s >= 0) {
		asked = p->retry_after_s < a->conf.retry_after_max_ms / 1000
			    ? p->retry_after_s * 1000
			    : a->conf.retry_after_max_ms;
		ms = asked > ms ? asked : ms;
	}
	a->failures++;
	a->due_ms = net_now() + ms;
	a->is_kept_out =
	    p->status == 401 || p->status == 403 || p->status == 407;
	if (p->status == 0)
		(void)snprintf(a->cause, sizeof a->cause,
		    "HTTP: POST %.400s: %.200s (attempt %u)", a->conf.url,
		    p->error, a->failures);
	else
		(void)snprintf(a->cause, sizeof a->cause,
		    "HTTP: POST %.400s: status %ld%s (attempt %u)", a->conf.url,
		    p->status,
		    p->status == 401 || p->status == 403
			? ", the credentials are not accepted"
			: "",
		    a->failures);
}

static bool
renews_token(const struct lanes *a, long status)
{
	for (size_t i = 0; i < a->conf.renew_count; i++)
		if (a->conf.renew_codes[i] == status)
			return a->conf.auth == AUTH_OAUTH2;
	return false;
}

/* Statuses that say nothing about the records: down, busy, not allowed in.
 * A redirect is the endpoint's configuration, not the records' fault. */
static bool
is_outage(long status)
{
	static const long codes[] = { 401, 403, 407, 408, 425, 429 };

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (status == codes[i])
			return true;
	return status < 200 || (status >= 300 && status < 400) || status >= 500;
}

static void
accepted(struct lane *l)
{
	struct lanes *a = l->all;

	a->failures = 0;
	a->cause[0] = '\0';
	a->delivered = true;
	if (!pack_next(l->oldest))
		drop_oldest(l);
}

/* One record alone is refused: it is bad. */
static void
refused(struct lane *l, const struct post *p)
{
	struct lanes *a = l->all;
	struct pack *pack = l->oldest;
	struct ps_header *headers =
	    calloc(pack->items[pack->from].header_count + 1, sizeof *headers);
	struct ps_error why = { 0 };
	struct ps_record r;

	if (headers == NULL)
		abort();
	a->failures = 0;
	a->cause[0] = '\0';
	r = pack_record(pack, pack->from, l->assigned.topic,
	    l->assigned.partition, headers);
	(void)ps_fail(&why, PS_E_DATA,
	    "HTTP: POST %.200s: status %ld for %s-%d offset %lld: %.300s",
	    a->conf.url, p->status, l->assigned.topic, l->assigned.partition,
	    (long long)r.origin_offset,
	    p->reply.data == NULL ? "" : p->reply.data);
	if (a->host->report(a->host, &r, &why, &a->failure) != 0) {
		if (a->failure.code == PS_OK)
			a->failure = why;
		free(headers);
		return;
	}
	free(headers);
	if (!pack_next(pack))
		drop_oldest(l);
	a->delivered = true;
}

static void
on_answer(void *owner, struct post *p)
{
	struct lane *l = owner;

	l->is_sending = false;
	if (p->status != 0 && renews_token(l->all, p->status)) {
		token_refused(&l->all->token, l->token);
		if (!l->must_renew) {
			l->must_renew = true;
			return;
		}
	}
	l->must_renew = false;
	if (is_outage(p->status))
		outage(l->all, p);
	else if (p->status < 300)
		accepted(l);
	else if (!pack_halve(l->oldest))
		refused(l, p);
}

/* ---- Requests ---- */

/* Topic names as a header may hold them. */
static void
idempotency_key(const struct lane *l, char *out, size_t room)
{
	const struct pack *p = l->oldest;
	char topic[800];
	size_t n = 0;

	for (const char *s = l->assigned.topic;
	     *s != '\0' && n + 4 < sizeof topic; s++) {
		if (*s > ' ' && *s < 0x7f && *s != '%')
			topic[n++] = *s;
		else
			n += (size_t)snprintf(topic + n, sizeof topic - n,
			    "%%%02X", (unsigned char)*s);
	}
	topic[n] = '\0';
	(void)snprintf(out, room, "Idempotency-Key: %s-%d-%lld-%lld", topic,
	    l->assigned.partition, (long long)p->items[p->from].offset,
	    (long long)p->items[p->to - 1].offset);
}

static void
send_oldest(struct lane *l, const char *authorization)
{
	const struct http_conf *c = &l->all->conf;
	const char *lines[HEADERS_MAX];
	char key[1024], type[512], *static_auth = NULL;
	struct post *p = post_new();
	size_t n = 0, len;

	idempotency_key(l, key, sizeof key);
	lines[n++] = key;
	(void)snprintf(type, sizeof type, "Content-Type: %s",
	    c->content_type[0] == '\0' ? "text/plain" : c->content_type);
	lines[n++] = type;
	if (authorization != NULL)
		lines[n++] = authorization;
	if (c->authorization != NULL) {
		len = strlen(c->authorization) + 32;
		static_auth = malloc(len);
		if (static_auth == NULL)
			abort();
		(void)snprintf(static_auth, len, "Authorization: %s",
		    c->authorization);
		lines[n++] = static_auth;
	}
	for (size_t i = 0; i < c->header_count; i++)
		lines[n++] = c->headers[i];
	lines[n] = NULL;
	pack_body(l->oldest, c, &p->body);
	p->url = c->url;
	p->headers = lines;
	p->done = on_answer;
	p->owner = l;
	l->is_sending = true;
	l->sent_ms = net_now();
	net_send(l->all->net, p);
	free(static_auth);
}

void
lane_step(struct lane *l)
{
	struct lanes *a = l->all;
	struct pack *p = l->oldest;
	const char *authorization = NULL;

	if (p == NULL || p->count == 0 || l->is_sending ||
	    a->failure.code != PS_OK)
		return;
	if (net_now() - p->since_ms >= a->conf.linger_ms)
		lane_close(l);
	if (!p->is_closed || net_now() < a->due_ms)
		return;
	if (!is_marked(l, p)) {
		if (net_now() - p->asked_ms >= MARK_AGAIN_MS)
			ask_mark(l, p);
		return;
	}
	if (a->conf.auth == AUTH_OAUTH2) {
		authorization = token_header(&a->token);
		if (authorization == NULL)
			return;
		l->token = a->token.number;
	}
	send_oldest(l, authorization);
}

int64_t
lane_safe(const struct lane *l, int64_t offset)
{
	const struct pack *p = l->oldest;

	return p == NULL || p->count == 0 ? offset : p->items[p->from].offset;
}

bool
lane_is_unanswered(const struct lane *l)
{
	return l->is_sending && net_now() - l->sent_ms >= ANSWER_MS;
}

int64_t
lane_due(const struct lane *l)
{
	const struct pack *p = l->oldest;
	int64_t now = net_now(), at;

	if (p == NULL || p->count == 0)
		return INT64_MAX;
	if (l->is_sending)
		return 5;
	if (lane_is_unmarked(l))
		at = p->asked_ms + MARK_AGAIN_MS;
	else
		at = p->is_closed ? 0 : p->since_ms + l->all->conf.linger_ms;
	at = at > l->all->due_ms ? at : l->all->due_ms;
	return at > now ? at - now : 5;
}
