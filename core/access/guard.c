#include "access/guard.h"

#include <string.h>
#include <strings.h>

#include "access/jwt.h"
#include "access/rate.h"
#include "access/rights.h"
#include "base/log.h"
#include "base/text.h"
#include "base/xalloc.h"
#include "http/server.h"
#include "http/watched.h"
#include "worker/worker.h"

#define AREA       "rest"
#define NAME_SHOWN 64

/* A file of who may ask, and what was last read of it. */
struct source {
	struct watched file; /* path NULL: none is configured */
	const char *key;     /* that names it */
	bool stale;          /* its newest version could not be read */
};

struct guard {
	const struct options *o;
	struct source users_file, keys_file;
	struct users *users;
	struct jwt_keys *keys;
	struct rate *rate;
	struct jwt_rules rules;
	const char *role_claim, *labels_claim;
};

/* ---- files ------------------------------------------------------------- */

static int
read_users(struct guard *g, struct ps_arena *a, struct ps_error *err)
{
	const char *path = g->users_file.file.path, *text;
	struct users *fresh;
	size_t len;

	if (watched_read(a, path, &text, &len, err) != 0)
		return -1;
	fresh = users_parse(text, len, path, err);
	if (fresh == NULL)
		return -1;
	users_free(&g->users);
	g->users = fresh;
	return 0;
}

static int
read_keys(struct guard *g, struct ps_arena *a, struct ps_error *err)
{
	const char *path = g->keys_file.file.path, *text;
	struct jwt_keys *fresh;
	size_t len;

	if (watched_read(a, path, &text, &len, err) != 0)
		return -1;
	fresh = jwt_keys_parse(text, len, path, err);
	if (fresh == NULL)
		return -1;
	jwt_keys_free(&g->keys);
	g->keys = fresh;
	return 0;
}

typedef int read_fn(struct guard *g, struct ps_arena *a, struct ps_error *err);

static int
look_at(struct guard *g, struct source *s, read_fn *read, struct ps_error *err)
{
	struct ps_arena *a;
	int done;

	if (s->file.path == NULL || !watched_changed(&s->file, clock_now()))
		return 0;
	a = arena_new(4096);
	done = read(g, a, err);
	s->stale = done != 0;
	arena_free(&a);
	return done != 0 ? ps_fail_in(err, "%s", s->key) : 0;
}

static int
look(struct guard *g, struct ps_error *err)
{
	int users = look_at(g, &g->users_file, read_users, err);
	int keys = look_at(g, &g->keys_file, read_keys, err);

	return users != 0 || keys != 0 ? -1 : 0;
}

static void
look_again(struct guard *g)
{
	struct ps_error err = { 0 };

	if (look(g, &err) != 0)
		log_error(AREA, "%s; what was read before stays in use",
		    err.text);
}

static const char *
setting(const struct options *o, const char *key)
{
	const char *text = ps_config_str(&o->all, key);

	return text[0] == '\0' ? NULL : text;
}

/* What is configured must be there at the start. */
static int
first_look(struct guard *g, struct ps_error *err)
{
	if (look(g, err) != 0)
		return -1;
	if (g->users_file.file.path != NULL && g->users == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "rest.auth.users.file=%s cannot be read",
		    g->users_file.file.path);
	if (g->keys_file.file.path != NULL && g->keys == NULL)
		return ps_fail(err, PS_E_CONFIG,
		    "rest.auth.jwt.keys.file=%s cannot be read",
		    g->keys_file.file.path);
	return 0;
}

struct guard *
guard_new(const struct options *o, struct ps_error *err)
{
	struct guard *g = xcalloc(1, sizeof *g);

	g->o = o;
	g->rate = rate_new(o);
	g->users_file.key = "rest.auth.users.file";
	g->users_file.file.path = setting(o, g->users_file.key);
	g->keys_file.key = "rest.auth.jwt.keys.file";
	g->keys_file.file.path = setting(o, g->keys_file.key);
	g->rules.issuer = setting(o, "rest.auth.jwt.issuer");
	g->rules.audience = setting(o, "rest.auth.jwt.audience");
	g->role_claim = setting(o, "rest.auth.jwt.role.claim");
	g->labels_claim = setting(o, "rest.auth.jwt.labels.claim");
	if (first_look(g, err) != 0)
		guard_free(&g);
	return g;
}

void
guard_free(struct guard **gp)
{
	struct guard *g = *gp;

	*gp = NULL;
	if (g == NULL)
		return;
	users_free(&g->users);
	jwt_keys_free(&g->keys);
	rate_free(&g->rate);
	free(g);
}

bool
guard_is_open(const struct guard *g)
{
	return g->users_file.file.path == NULL &&
	       g->keys_file.file.path == NULL;
}

unsigned
guard_stale(const struct guard *g)
{
	return (unsigned)g->users_file.stale + (unsigned)g->keys_file.stale;
}

uint64_t
guard_refused(const struct guard *g, enum role role)
{
	return rate_refused(g->rate, role);
}

/* ---- who --------------------------------------------------------------- */

/* Files may be read again while the request waits. */
static const struct principal *
keep(struct ps_arena *a, const struct principal *p)
{
	struct principal *copy = ps_calloc(a, 1, sizeof *copy);
	const char **labels;
	size_t n = 0;

	copy->name = ps_strdup(a, p->name);
	copy->role = p->role;
	if (p->labels == NULL)
		return copy;
	while (p->labels[n] != NULL)
		n++;
	labels = ps_calloc(a, n + 1, sizeof *labels);
	for (size_t i = 0; i < n; i++)
		labels[i] = ps_strdup(a, p->labels[i]);
	copy->labels = labels;
	return copy;
}

static const char *const *
labels_of(struct ps_arena *a, const json_t *list)
{
	const char **labels;
	size_t n = json_array_size(list);

	if (!json_is_array(list))
		return NULL;
	labels = ps_calloc(a, n + 1, sizeof *labels);
	for (size_t i = 0, at = 0; i < n; i++)
		if (json_is_string(json_array_get(list, i)))
			labels[at++] = ps_strdup(a,
			    json_string_value(json_array_get(list, i)));
	return labels;
}

static const struct principal *
by_claims(struct exchange *x, const json_t *claims)
{
	const struct guard *g = x->guard;
	struct principal *p = ps_calloc(x->a, 1, sizeof *p);
	const char *name = js_opt_str(claims, "sub");
	const char *role = js_opt_str(claims, g->role_claim);

	if (name == NULL || role == NULL || role_parse(role, &p->role) != 0)
		return NULL;
	p->name = ps_strdup(x->a, name);
	p->labels = labels_of(x->a, json_object_get(claims, g->labels_claim));
	return p;
}

static const struct principal *
by_jwt(struct exchange *x, const char *token)
{
	struct guard *g = x->guard;
	const struct principal *p;
	struct ps_error err = { 0 };
	json_t *claims;

	if (g->keys == NULL)
		return NULL;
	claims = jwt_verify(x->a, g->keys, &g->rules, token,
	    wall_now().ms / 1000, &err);
	if (claims == NULL) {
		log_debug(AREA, "a bearer token is refused: %s", err.text);
		return NULL;
	}
	p = by_claims(x, claims);
	json_decref(claims);
	return p;
}

static const struct principal *
by_token(struct exchange *x, const char *token)
{
	const struct principal *p = x->guard->users == NULL
					? NULL
					: users_token(x->guard->users, token);

	return p != NULL ? keep(x->a, p) : by_jwt(x, token);
}

static const struct principal *
by_password(struct exchange *x, const char *encoded, bool *busy)
{
	size_t len = strlen(encoded);
	char *text = ps_alloc(x->a, len + 1), *colon;
	const struct principal *p = NULL;
	int64_t got = text_base64_decode(encoded, len, (uint8_t *)text);

	if (got < 0 || x->guard->users == NULL)
		return NULL;
	text[got] = '\0';
	colon = strchr(text, ':');
	if (colon == NULL)
		return NULL;
	*colon = '\0';
	switch (users_password(x->guard->users,
	    &(struct users_try){ .name = text,
		.password = colon + 1,
		.from = x->from,
		.now = clock_now() },
	    &p)) {
	case USERS_YES:
		return keep(x->a, p);
	case USERS_BUSY:
		*busy = true;
		return NULL;
	case USERS_NO:
		break;
	}
	log_warn(AREA, "wrong name or password for %s",
	    text_printable(x->a, text, strnlen(text, NAME_SHOWN)));
	return NULL;
}

/* What stands behind "Basic " or "Bearer ", NULL: another scheme. */
static const char *
behind(const char *header, const char *scheme)
{
	size_t n = strlen(scheme);

	if (header == NULL || strncasecmp(header, scheme, n) != 0 ||
	    header[n] != ' ')
		return NULL;
	return header + n + strspn(header + n, " ");
}

static const struct principal *
identify(struct exchange *x, bool *busy)
{
	const char *basic = behind(x->authorization, "Basic");
	const char *bearer = behind(x->authorization, "Bearer");

	if (basic != NULL)
		return by_password(x, basic, busy);
	return bearer == NULL ? NULL : by_token(x, bearer);
}

/* ---- may they ---------------------------------------------------------- */

static bool
refuse(struct exchange *x, int status, const char *text)
{
	if (status == 401)
		x->challenge = "Basic realm=\"penstock\", Bearer";
	exchange_error(x, status, "%s", text);
	return false;
}

bool
guard_reaches(const struct exchange *x, enum role needs)
{
	return x->who == NULL || x->who->role >= needs;
}

bool
guard_sees(const struct exchange *x, const struct configs_connector *cfg)
{
	return x->who == NULL || rights_of_connector(x->who, cfg);
}

static bool
is_allowed(struct exchange *x, enum role needs)
{
	if (x->who->role < needs)
		return refuse(x, 403,
		    ps_printf(x->a, "%s is %s here, this needs the role %s",
			x->who->name, role_name(x->who->role),
			role_name(needs)));
	if (!rights_of_request(x))
		return refuse(x, 403,
		    ps_printf(x->a,
			"%s has no right to this connector: none of its "
			"penstock.labels is one of theirs",
			x->who->name));
	return true;
}

/* Within the quota of who asks. What another worker passed on has been counted
 * there. */
static bool
is_in_time(struct exchange *x)
{
	struct rate *r = x->guard->rate;
	enum role role = x->who == NULL ? ROLE_NOBODY : x->who->role;
	const char *name = x->who == NULL ? x->from : x->who->name;
	int64_t wait_s;

	if (x->through != NULL)
		return true;
	wait_s = rate_wait_s(r, role, name == NULL ? "" : name, clock_now());
	if (wait_s == 0)
		return true;
	x->retry_after = ps_printf(x->a, "%lld", (long long)wait_s);
	return refuse(x, 429,
	    ps_printf(x->a,
		"The quota quota.%s is %lld requests a second: ask again in "
		"%lld s",
		rate_quota(role), (long long)rate_limit(r, role),
		(long long)wait_s));
}

bool
guard_admits(struct exchange *x, enum role needs)
{
	struct guard *g = x->guard;
	bool busy = false;

	if (g == NULL)
		return true;
	if (!rights_of_origin(x, guard_is_open(g)))
		return refuse(x, 403,
		    "The request comes from a page of another site");
	if (needs == ROLE_NOBODY)
		return true;
	if (guard_is_open(g))
		return is_in_time(x);
	look_again(g);
	x->who = identify(x, &busy);
	if (busy) {
		x->retry_after = "1";
		return refuse(x, 429, "Too many passwords were tried");
	}
	if (!is_in_time(x))
		return false;
	if (x->who == NULL)
		return refuse(x, 401, "User cannot access the resource.");
	return is_allowed(x, needs);
}
