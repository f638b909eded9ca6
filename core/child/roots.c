#include "child/roots.h"

#include <beneath/beneath.h>
#include <ctype.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/text.h"
#include "child/named.h"

bool
roots_are_set(const struct ps_config *worker)
{
	return ps_config_has(worker, ROOTS_KEY);
}

/* ---- opening ----------------------------------------------------------- */

/* Nothing has a name that is too long, either. */
static bool
is_not_there(int why)
{
	return why == ENOENT || why == ENAMETOOLONG;
}

/* Itself, or what of the way to it is there; `rest` is cut to that. */
static int
open_what_is_there(const char *root, char *rest)
{
	int fd;

	while ((fd = beneath_open(root, rest, O_PATH | O_CLOEXEC)) < 0 &&
	       is_not_there(errno) && rest[0] != '\0') {
		char *slash = strrchr(rest, '/');

		*(slash == NULL ? rest : slash) = '\0';
	}
	return fd;
}

static bool
climbs(const char *path)
{
	for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
		if ((at == path || at[-1] == '/') &&
		    (at[2] == '\0' || at[2] == '/'))
			return true;
	return false;
}

int
roots_open(const struct ps_config *worker, struct ps_arena *a, const char *path)
{
	struct ps_list roots = ps_config_list(worker, ROOTS_KEY, a);
	char whole[PATH_MAX], root[PATH_MAX];
	const char *rest;
	int fd = -1;

	if (climbs(path) || beneath_normalise(whole, path) != 0)
		return -1;
	for (size_t i = 0; i < roots.count && fd < 0; i++) {
		if (beneath_normalise(root, roots.items[i]) != 0)
			continue;
		rest = beneath_rest(root, whole);
		if (rest != NULL)
			fd = open_what_is_there(root, ps_strdup(a, rest));
	}
	return fd;
}

static bool
is_within(const struct ps_config *worker, struct ps_arena *a, const char *path)
{
	int fd = roots_open(worker, a, path);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0;
}

/* ---- what a value names ------------------------------------------------ */

/* Behind x:// stands a host, unless it is file:// . */
static bool
is_url(const char *value, const char *at)
{
	static const char file[] = "file:";
	const size_t len = sizeof file - 1;

	if (at[1] != '/' || at - value < 2 || at[-1] != ':' ||
	    !isalnum((unsigned char)at[-2]))
		return false;
	return (size_t)(at - value) < len || memcmp(at - len, file, len) != 0;
}

/* The next slash that a path begins with, from `at` on; NULL: none. */
static const char *
next_begin(const char *value, const char *at)
{
	for (; (at = strchr(at, '/')) != NULL; at += strspn(at, "/"))
		if ((at == value || strchr(NAMED_BEGINS, at[-1]) != NULL) &&
		    !is_url(value, at))
			return at;
	return NULL;
}

static bool
exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

/* Does it begin with what is there? */
static bool
is_of_this_machine(struct ps_arena *a, const char *path)
{
	const char *first = path + strspn(path, "/");

	return exists(ps_printf(a, "/%.*s", (int)strcspn(first, "/"), first));
}

static const char *
outside(const struct ps_config *worker, struct ps_arena *a, const char *path)
{
	return is_of_this_machine(a, path) && !is_within(worker, a, path)
		   ? path
		   : NULL;
}

/* Of each beginning the part up to a separator, and all that follows. */
static const char *
outside_in(const struct ps_config *worker, struct ps_arena *a,
    const char *value)
{
	const char *at = value, *bad = NULL;

	while (bad == NULL && (at = next_begin(value, at)) != NULL) {
		bad = outside(worker, a,
		    ps_strndup(a, at, strcspn(at, NAMED_ENDS)));
		if (bad == NULL && strlen(at) < PATH_MAX)
			bad = outside(worker, a, at);
		at += strspn(at, "/");
	}
	return bad;
}

/* A word that goes up from the worker's folder, or from what is there. */
static const char *
climbing_in(struct ps_arena *a, const char *value)
{
	const char *at = strstr(value, "..") == NULL ? "" : value, *word;
	size_t len;

	for (; *at != '\0'; at += len + (at[len] != '\0')) {
		len = strcspn(at, NAMED_BEGINS ")}]");
		word = ps_strndup(a, at, len);
		if (word[0] != '/' && strchr(word, '/') != NULL &&
		    climbs(word) &&
		    exists(ps_strndup(a, word, strcspn(word, "/"))))
			return word;
	}
	return NULL;
}

/* As those see it who take it for a URL's part; what is no %XX stays. */
static const char *
decoded(struct ps_arena *a, const char *value)
{
	char *out = ps_strdup(a, value), *to = out;

	for (const char *at = value; *at != '\0'; at++) {
		int high = *at == '%' ? text_hex_digit(at[1]) : -1;
		int low = high >= 0 ? text_hex_digit(at[2]) : -1;

		if (low < 0 || high + low == 0) {
			*to++ = *at;
			continue;
		}
		*to++ = (char)(high * 16 + low);
		at += 2;
	}
	*to = '\0';
	return out;
}

static const char *
named_outside(const struct ps_config *worker, struct ps_arena *a,
    const char *value)
{
	const char *bad = outside_in(worker, a, value);

	return bad != NULL ? bad : climbing_in(a, value);
}

/* ---- what a key says of it --------------------------------------------- */

/* `makes`: what is not there may be made. */
static bool
is_path_key(const char *key, bool *makes)
{
	static const struct {
		const char *word;
		bool makes;
	} words[] = { { "file", true }, { "filename", true }, { "path", false },
		{ "location", false }, { "keytab", false } };

	/* A word of its own, of credentials: aws.profile=default. */
	if (text_ends(key, "profile"))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		*makes = words[i].makes;
		if (text_ends(key, words[i].word))
			return true;
	}
	return false;
}

/* In the worker's folder, where the value as a whole is a file's name. */
static const char *
outside_here(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_setting *s)
{
	char here[PATH_MAX];
	const char *path;
	bool makes;

	if (s->value[0] == '/' || text_starts(s->value, "file:/") ||
	    !is_path_key(s->key, &makes) || getcwd(here, sizeof here) == NULL)
		return NULL;
	path = ps_printf(a, "%s/%s", here, s->value);
	return (makes || exists(path)) && !is_within(worker, a, path) ? path
								      : NULL;
}

const char *
roots_outside(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_setting *s)
{
	const char *bad;

	if (!roots_are_set(worker) || s->value == NULL || s->value[0] == '\0')
		return NULL;
	bad = outside_here(worker, a, s);
	if (bad == NULL)
		bad = named_outside(worker, a, s->value);
	if (bad == NULL && strchr(s->value, '%') != NULL)
		bad = named_outside(worker, a, decoded(a, s->value));
	return bad;
}

/* ---- a configuration --------------------------------------------------- */

const char *
roots_why(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_setting *s, const char *path)
{
	return ps_printf(a,
	    "Invalid value %s for configuration %s: the path %s is not "
	    "within " ROOTS_KEY "=%s",
	    s->value, s->key, path, ps_config_str(worker, ROOTS_KEY));
}

int
roots_check(const struct ps_config *worker, struct ps_arena *a,
    const struct ps_config *c, struct ps_error *err)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct ps_setting *s = &c->settings[i];
		const char *path = roots_outside(worker, a, s);

		if (path != NULL)
			return ps_fail(err, PS_E_CONFIG, "%s",
			    roots_why(worker, a, s, path));
	}
	return 0;
}
