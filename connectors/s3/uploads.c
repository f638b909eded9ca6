#include "uploads.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"
#include "xml.h"

#define TITLE "penstock uploads 1\n"
#define NO_ID "-"

void
uploads_init(struct uploads *u, struct s3_client *client, struct pool *pool,
    const char *key)
{
	*u = (struct uploads){ .client = client, .pool = pool };
	u->key = dup_text(key);
}

static struct upload *
find(struct uploads *u, size_t number)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].number == number)
			return &u->list[i];
	return NULL;
}

static struct upload *
add(struct uploads *u, const char *key)
{
	struct upload *up;

	if (u->count == UPLOADS_KEPT)
		return NULL;
	up = &u->list[u->count++];
	*up = (struct upload){ .number = ++u->last, .key = dup_text(key) };
	return up;
}

void
uploads_end(struct uploads *u, size_t number)
{
	struct upload *up = find(u, number);

	if (up == NULL)
		return;
	free(up->key);
	free(up->id);
	u->count--;
	memmove(up, up + 1, (size_t)(u->list + u->count - up) * sizeof *up);
}

void
uploads_fini(struct uploads *u)
{
	client_cancel(u->client, u);
	while (u->count > 0)
		uploads_end(u, u->list[0].number);
	free(u->key);
}

/* ---- What the last owner left behind ---- */

/* One that could not be aborted stays in the log. */
static void
on_aborted(struct s3_client *c, struct s3_request *r)
{
	(void)c;
	if ((r->status >= 200 && r->status < 300) || r->status == 404)
		uploads_end(r->owner, r->number);
}

static void
abort_one(struct uploads *u, const struct upload *up)
{
	struct s3_request *r = request_of_upload("DELETE", up->key, up->id);

	r->best_effort = true;
	r->number = up->number;
	client_send(u->client, r, u, on_aborted);
}

struct listing {
	struct uploads *u;
	const char *key;
	bool is_key; /* the upload that is listed is of that very object */
};

static void
on_upload(void *arg, const char *name, const char *text)
{
	struct listing *l = arg;
	struct upload *up;

	if (strcmp(name, "Key") == 0)
		l->is_key = strcmp(text, l->key) == 0;
	if (strcmp(name, "UploadId") != 0 || !l->is_key)
		return;
	up = add(l->u, l->key);
	if (up == NULL)
		return;
	up->id = dup_text(text);
	abort_one(l->u, up);
}

/* In place of the one without an id there is now one for each id. */
static void
on_listed(struct s3_client *c, struct s3_request *r)
{
	struct uploads *u = r->owner;
	const struct upload *up = find(u, r->number);
	struct listing l = { .u = u };
	char root[64], key[XML_TEXT];
	struct str s = STR(key);

	(void)c;
	if (r->status != 200 || r->reply == NULL || up == NULL)
		return;
	str_puts(&s, up->key);
	uploads_end(u, r->number);
	l.key = key;
	(void)xml_read(r->reply, r->reply_len, root, sizeof root, on_upload,
	    &l);
}

static void
list_one(struct uploads *u, const struct upload *up)
{
	char query[8192];
	struct str q = STR(query);
	struct s3_request *r;

	str_puts(&q, "prefix=");
	str_uri(&q, up->key, strlen(up->key), false);
	str_puts(&q, "&uploads=");
	r = request_new("GET", NULL, query);
	r->best_effort = true;
	r->number = up->number;
	client_send(u->client, r, u, on_listed);
}

/* "ID KEY\n" each. */
static void
parse(struct uploads *u, char *text)
{
	struct upload *up;
	char *key, *end;

	for (; (end = strchr(text, '\n')) != NULL; text = end + 1) {
		*end = '\0';
		key = strchr(text, ' ');
		if (key == NULL)
			return;
		*key++ = '\0';
		up = add(u, key);
		if (up != NULL && strcmp(text, NO_ID) != 0)
			up->id = dup_text(text);
	}
}

static void
on_read(struct s3_client *c, struct s3_request *r)
{
	struct uploads *u = r->owner;

	(void)c;
	u->reading = false;
	u->is_known = true;
	if (r->status != 200 || r->reply == NULL ||
	    strncmp(r->reply, TITLE, strlen(TITLE)) != 0)
		return;
	parse(u, r->reply + strlen(TITLE));
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].id != NULL)
			abort_one(u, &u->list[i]);
		else
			list_one(u, &u->list[i]);
}

void
uploads_read(struct uploads *u)
{
	if (u->reading || u->is_known)
		return;
	u->reading = true;
	client_send(u->client, request_new("GET", u->key, ""), u, on_read);
}

/* ---- Our own ---- */

/* Writes the log and, from its own answer, again when it changed meanwhile. */
static void
write_log(struct uploads *u, s3_done_fn *done)
{
	struct s3_request *r = request_new("PUT", u->key, "");

	chain_puts(&r->body, u->pool, TITLE);
	for (size_t i = 0; i < u->count; i++) {
		const struct upload *up = &u->list[i];

		chain_puts(&r->body, u->pool, up->id == NULL ? NO_ID : up->id);
		chain_puts(&r->body, u->pool, " ");
		chain_puts(&r->body, u->pool, up->key);
		chain_puts(&r->body, u->pool, "\n");
	}
	r->number = (size_t)u->version;
	r->creates = true;
	r->best_effort = true;
	u->writing = true;
	client_send(u->client, r, u, done);
}

static struct upload *
next_ready(struct uploads *u)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].ready != NULL && u->list[i].version <= u->stored)
			return &u->list[i];
	return NULL;
}

/* What is told may end uploads or begin others, so the search starts anew. */
static void
tell_ready(struct uploads *u)
{
	void (*ready)(void *arg);
	struct upload *up;

	while ((up = next_ready(u)) != NULL) {
		ready = up->ready;
		up->ready = NULL;
		ready(up->arg);
	}
}

static void
on_written(struct s3_client *c, struct s3_request *r)
{
	struct uploads *u = r->owner;

	(void)c;
	u->writing = false;
	u->stored = r->number;
	if (u->stored < u->version)
		write_log(u, r->done);
	tell_ready(u);
}

static void
changed(struct uploads *u)
{
	u->version++;
	if (!u->writing)
		write_log(u, on_written);
}

size_t
uploads_begin(struct uploads *u, const char *key, void (*ready)(void *arg),
    void *arg)
{
	struct upload *up = strchr(key, '\n') != NULL ? NULL : add(u, key);

	if (up == NULL)
		return 0;
	up->version = u->version + 1;
	up->ready = ready;
	up->arg = arg;
	changed(u);
	return up->number;
}

void
uploads_created(struct uploads *u, size_t number, const char *id)
{
	struct upload *up = find(u, number);

	if (up == NULL || strpbrk(id, " \n") != NULL)
		return;
	up->id = dup_text(id);
	changed(u);
}
