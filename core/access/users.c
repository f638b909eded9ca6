#include "access/users.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "base/arena.h"
#include "base/js.h"
#include "base/text.h"
#include "base/xalloc.h"

#define DIGEST_BYTES ((size_t)32)
#define ARENA_BYTES  4096
#define TEXT_MAX     256
#define SOURCES      64

/* Hashes that may be tried at once, and how long one takes to come back: of
 * one address, so that who guesses keeps nobody else out, and of all of them,
 * as each hash costs time. */
struct limit {
	int64_t tries, back_ms;
};

static const struct limit of_one = { 8, 250 }, of_all = { 64, 50 };

struct tries {
	int64_t spent;
	struct clock_ms at;
};

/* Tried when nobody has that name, so that it takes as long. */
#define NOBODYS_HASH "$y$j9T$penstocknobody$"

struct user {
	struct principal is;
	const char *password; /* hash, NULL: none */
	bool has_token, has_seen;
	uint8_t token[DIGEST_BYTES];
	uint8_t seen[DIGEST_BYTES]; /* of the password found right */
};

struct users {
	struct ps_arena *a;
	struct user *list;
	size_t count;
	uint8_t key[DIGEST_BYTES];
	struct tries all, sources[SOURCES]; /* by their addresses */
	struct crypt_data crypt;
};

/* ---- roles ------------------------------------------------------------- */

static const char *const role_names[] = {
	[ROLE_NOBODY] = "nobody",
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
	[ROLE_EDITOR] = "editor",
	[ROLE_ADMIN] = "admin",
};

const char *
role_name(enum role r)
{
	return role_names[r];
}

int
role_parse(const char *name, enum role *out)
{
	for (int r = ROLE_VIEWER; r <= ROLE_ADMIN; r++) {
		if (strcmp(name, role_names[r]) != 0)
			continue;
		*out = (enum role)r;
		return 0;
	}
	return -1;
}

/* ---- the file ---------------------------------------------------------- */

static int
parse_token(const char *text, uint8_t out[DIGEST_BYTES])
{
	if (strlen(text) != DIGEST_BYTES * 2)
		return -1;
	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		int high = text_hex_digit(text[2 * i]);
		int low = text_hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i] = (uint8_t)(high * 16 + low);
	}
	return 0;
}

static int
parse_labels(struct ps_arena *a, const json_t *list, struct principal *out,
    struct ps_error *err)
{
	size_t n = json_array_size(list);
	const char **labels;

	if (list == NULL)
		return 0;
	if (!json_is_array(list))
		return ps_fail(err, PS_E_CONFIG,
		    "labels: an array of texts is expected");
	labels = ps_calloc(a, n + 1, sizeof *labels);
	for (size_t i = 0; i < n; i++) {
		const char *text = json_string_value(json_array_get(list, i));

		if (text == NULL)
			return ps_fail(err, PS_E_CONFIG,
			    "labels: an array of texts is expected");
		labels[i] = ps_strdup(a, text);
	}
	out->labels = labels;
	return 0;
}

static int
parse_secret(struct ps_arena *a, const json_t *obj, struct user *u,
    struct ps_error *err)
{
	const char *password = js_opt_str(obj, "password");
	const char *token = js_opt_str(obj, "token");

	if ((password == NULL) == (token == NULL))
		return ps_fail(err, PS_E_CONFIG,
		    "either password or token is expected");
	if (password != NULL && password[0] != '$')
		return ps_fail(err, PS_E_CONFIG,
		    "password: a hash as of `mkpasswd -m yescrypt` is "
		    "expected");
	if (password != NULL)
		u->password = ps_strdup(a, password);
	u->has_token = token != NULL;
	if (token != NULL && parse_token(token, u->token) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "token: a SHA-256 of 64 hexadecimal digits is expected");
	return 0;
}

static int
parse_user(struct ps_arena *a, const json_t *obj, struct user *u,
    struct ps_error *err)
{
	const char *name, *role;

	if (js_get_str(obj, "name", &name, err) != 0 ||
	    js_get_str(obj, "role", &role, err) != 0)
		return -1;
	u->is.name = ps_strdup(a, name);
	if (role_parse(role, &u->is.role) != 0)
		return ps_fail(err, PS_E_CONFIG,
		    "user %s: role %s: viewer, operator, editor or admin is "
		    "expected",
		    name, role);
	if (parse_secret(a, obj, u, err) != 0 ||
	    parse_labels(a, json_object_get(obj, "labels"), &u->is, err) != 0)
		return ps_fail_in(err, "user %s", name);
	return 0;
}

static int
parse_list(struct users *u, const json_t *list, struct ps_error *err)
{
	if (!json_is_array(list))
		return ps_fail(err, PS_E_CONFIG,
		    "users: an array of objects is expected");
	u->count = json_array_size(list);
	u->list = ps_calloc(u->a, u->count + 1, sizeof *u->list);
	for (size_t i = 0; i < u->count; i++)
		if (parse_user(u->a, json_array_get(list, i), &u->list[i],
			err) != 0)
			return -1;
	return 0;
}

struct users *
users_parse(const char *text, size_t len, const char *what,
    struct ps_error *err)
{
	json_t *j = js_parse(text, len, what, err);
	struct users *u;

	if (j == NULL)
		return NULL;
	u = xcalloc(1, sizeof *u);
	u->a = arena_new(ARENA_BYTES);
	(void)RAND_bytes(u->key, sizeof u->key);
	if (parse_list(u, json_object_get(j, "users"), err) != 0) {
		(void)ps_fail_in(err, "%s", what);
		users_free(&u);
	}
	json_decref(j);
	return u;
}

void
users_free(struct users **up)
{
	struct users *u = *up;

	*up = NULL;
	if (u == NULL)
		return;
	OPENSSL_cleanse(u->key, sizeof u->key);
	arena_free(&u->a);
	free(u);
}

/* ---- who is it --------------------------------------------------------- */

static struct user *
find(struct users *u, const char *name)
{
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].password != NULL &&
		    strcmp(u->list[i].is.name, name) == 0)
			return &u->list[i];
	return NULL;
}

static void
mark_of(const struct users *u, const char *name, const char *password,
    uint8_t out[DIGEST_BYTES])
{
	uint8_t text[2 * TEXT_MAX + 1];
	size_t n = strnlen(name, TEXT_MAX);
	size_t p = strnlen(password, TEXT_MAX);
	unsigned len = DIGEST_BYTES;

	memcpy(text, name, n);
	text[n] = 0;
	memcpy(text + n + 1, password, p);
	(void)HMAC(EVP_sha256(), u->key, DIGEST_BYTES, text, n + 1 + p, out,
	    &len);
	OPENSSL_cleanse(text, sizeof text);
}

static bool
may_spend(struct tries *t, const struct limit *l, struct clock_ms now)
{
	int64_t back = clock_since(t->at, now) / l->back_ms;

	t->spent = back >= t->spent ? 0 : t->spent - back;
	if (back > 0)
		t->at = now;
	if (t->spent >= l->tries)
		return false;
	t->spent++;
	return true;
}

static bool
may_try(struct users *u, const char *from, struct clock_ms now)
{
	uint8_t mark[DIGEST_BYTES];

	mark_of(u, from, "", mark);
	return may_spend(&u->sources[mark[0] % SOURCES], &of_one, now) &&
	       may_spend(&u->all, &of_all, now);
}

static bool
is_hash_of(struct users *u, const char *hash, const char *password)
{
	const char *made = crypt_r(password, hash, &u->crypt);
	size_t len = strlen(hash);
	bool same = made != NULL && strlen(made) == len &&
		    CRYPTO_memcmp(made, hash, len) == 0;

	OPENSSL_cleanse(&u->crypt, sizeof u->crypt);
	return same;
}

enum users_found
users_password(struct users *u, const struct users_try *t,
    const struct principal **out)
{
	struct user *user = find(u, t->name);
	uint8_t mark[DIGEST_BYTES];

	if (strlen(t->name) >= TEXT_MAX || strlen(t->password) >= TEXT_MAX)
		return USERS_NO;
	mark_of(u, t->name, t->password, mark);
	if (user != NULL && user->has_seen &&
	    CRYPTO_memcmp(mark, user->seen, sizeof mark) == 0) {
		*out = &user->is;
		return USERS_YES;
	}
	if (!may_try(u, t->from, t->now))
		return USERS_BUSY;
	if (!is_hash_of(u, user == NULL ? NOBODYS_HASH : user->password,
		t->password) ||
	    user == NULL)
		return USERS_NO;
	memcpy(user->seen, mark, sizeof mark);
	user->has_seen = true;
	*out = &user->is;
	return USERS_YES;
}

const struct principal *
users_token(const struct users *u, const char *token)
{
	uint8_t digest[DIGEST_BYTES];
	const struct principal *found = NULL;
	unsigned len = DIGEST_BYTES;

	if (EVP_Digest(token, strlen(token), digest, &len, EVP_sha256(),
		NULL) != 1)
		return NULL;
	for (size_t i = 0; i < u->count; i++)
		if (u->list[i].has_token &&
		    CRYPTO_memcmp(digest, u->list[i].token, sizeof digest) == 0)
			found = &u->list[i].is;
	return found;
}
