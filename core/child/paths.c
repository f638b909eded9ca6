#include "child/paths.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"
#include "child/enclosure.h"
#include "child/jail.h"
#include "child/limits.h"
#include "child/named.h"
#include "child/roots.h"
#include "config/fence.h"

#define BOTH ((unsigned)ENCLOSURE_READ | (unsigned)ENCLOSURE_WRITE)

/* ---- what the system's libraries use ----------------------------------- */

static const struct place {
	const char *path;
	unsigned rights;
} places[] = {
	{ "/usr", ENCLOSURE_READ },
	{ "/lib", ENCLOSURE_READ },
	{ "/lib64", ENCLOSURE_READ },
	{ "/opt", ENCLOSURE_READ },
	{ "/nix/store", ENCLOSURE_READ },
	{ "/proc", ENCLOSURE_READ },
	{ "/sys", ENCLOSURE_READ },
	{ "/dev", ENCLOSURE_READ },
	{ "/dev/null", BOTH },
	{ "/dev/full", BOTH },
	{ "/dev/shm", BOTH },
	{ "/tmp", BOTH },
	{ "/var/tmp", BOTH },
	/* names, users, zones, loader */
	{ "/etc/resolv.conf", ENCLOSURE_READ },
	{ "/etc/hosts", ENCLOSURE_READ },
	{ "/etc/host.conf", ENCLOSURE_READ },
	{ "/etc/hostname", ENCLOSURE_READ },
	{ "/etc/gai.conf", ENCLOSURE_READ },
	{ "/etc/nsswitch.conf", ENCLOSURE_READ },
	{ "/etc/services", ENCLOSURE_READ },
	{ "/etc/protocols", ENCLOSURE_READ },
	{ "/etc/passwd", ENCLOSURE_READ },
	{ "/etc/group", ENCLOSURE_READ },
	{ "/etc/localtime", ENCLOSURE_READ },
	{ "/etc/timezone", ENCLOSURE_READ },
	{ "/etc/os-release", ENCLOSURE_READ },
	{ "/etc/machine-id", ENCLOSURE_READ },
	{ "/etc/ld.so.cache", ENCLOSURE_READ },
	{ "/etc/ld.so.conf", ENCLOSURE_READ },
	{ "/etc/ld.so.conf.d", ENCLOSURE_READ },
	{ "/etc/ld.so.preload", ENCLOSURE_READ },
	{ "/etc/alternatives", ENCLOSURE_READ },
	{ "/etc/locale.alias", ENCLOSURE_READ },
	{ "/run/systemd/resolve", ENCLOSURE_READ },
	{ "/run/resolvconf", ENCLOSURE_READ },
	{ "/run/NetworkManager", ENCLOSURE_READ },
	{ "/var/lib/sss/mc", ENCLOSURE_READ },
	/* certificates and tickets */
	{ "/etc/ssl", ENCLOSURE_READ },
	{ "/etc/pki", ENCLOSURE_READ },
	{ "/etc/ca-certificates", ENCLOSURE_READ },
	{ "/etc/crypto-policies", ENCLOSURE_READ },
	{ "/etc/gnutls", ENCLOSURE_READ },
	{ "/var/lib/ca-certificates", ENCLOSURE_READ },
	{ "/etc/krb5.conf", ENCLOSURE_READ },
	{ "/etc/krb5.conf.d", ENCLOSURE_READ },
	{ "/etc/krb5.keytab", ENCLOSURE_READ },
	{ "/etc/gss", ENCLOSURE_READ },
	{ "/etc/sasl2", ENCLOSURE_READ },
	/* database clients */
	{ "/etc/postgresql-common", ENCLOSURE_READ },
	{ "/etc/odbc.ini", ENCLOSURE_READ },
	{ "/etc/odbcinst.ini", ENCLOSURE_READ },
};

/* Of the user: client settings that libraries look for by themselves. */
static const char *const at_home[] = { ".pgpass", ".pg_service.conf",
	".postgresql", ".aws", ".netrc" };

/* Whose folder is too much when a file in it is named. */
static const char *const shared[] = { "/", "/etc", "/usr", "/proc", "/sys",
	"/dev", "/bin", "/sbin", "/lib", "/lib64", "/boot", "/run", "/var",
	/* where links may lead that are called as those of the root */
	"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64" };

/* Those of many: too much for a file whose own folder is not there either. */
static const char *const of_many[] = { "/home", "/root", "/opt", "/srv", "/mnt",
	"/media", "/var/cache", "/var/lib", "/var/log", "/var/opt",
	"/var/spool" };

/* The same of all that is in them. */
static const char *const of_system[] = { "/etc", "/usr", "/proc", "/sys",
	"/dev", "/bin", "/sbin", "/lib", "/lib64", "/boot" };

#define COUNT(list) (sizeof(list) / sizeof *(list))

static bool
is_one_of(const char *const *list, size_t count, const char *path)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(path, list[i]) == 0)
			return true;
	return false;
}

static bool
is_shared(const char *path)
{
	return is_one_of(shared, COUNT(shared), path);
}

static bool
is_of_others(const char *path)
{
	const char *home = getenv("HOME");

	for (size_t i = 0; i < COUNT(of_system); i++) {
		size_t len = strlen(of_system[i]);

		if (strncmp(path, of_system[i], len) == 0 &&
		    (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return is_one_of(of_many, COUNT(of_many), path) ||
	       (home != NULL && strcmp(path, home) == 0);
}

/* ---- allowing ---------------------------------------------------------- */

static bool
exists(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What is opened by it. */
struct opening {
	const struct enclosure *e;
	struct ps_arena *a;
	/* Who says where files may be; NULL: anywhere. */
	const struct ps_config *roots;
};

/* Followed from its root down. false: it is not within them. */
static bool
allow_within(const struct opening *o, const char *path, unsigned rights)
{
	int fd = roots_open(o->roots, o->a, path);
	struct stat st;
	bool is_file;

	if (fd < 0)
		return false;
	is_file = fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode);
	enclosure_allow_open(o->e, fd, rights);
	(void)close(fd);
	return is_file;
}

/* How far up a folder is looked for that is there: who writes may make those
 * between; what holds a separator may be no path at all. */
static bool
may_climb(const char *path, unsigned rights)
{
	return (rights & ENCLOSURE_WRITE) != 0 &&
	       strpbrk(path, NAMED_ENDS) == NULL;
}

/* The folder that it is in, or that it may be made in. A path may be written
 * in many ways: what counts is where it leads. */
static void
allow_above(const struct opening *o, const char *path, unsigned rights)
{
	char above[PATH_MAX], real[PATH_MAX];
	bool climb = may_climb(path, rights), climbed = false;
	char *slash;

	(void)snprintf(above, sizeof above, "%s", path);
	for (;;) {
		slash = strrchr(above, '/');
		if (slash == NULL || slash == above)
			return;
		*slash = '\0';
		if (!climb || exists(above))
			break;
		climbed = true;
	}
	if (realpath(above, real) == NULL || is_shared(real) ||
	    (climbed && is_of_others(real)))
		return;
	enclosure_allow(o->e, real, rights);
}

static bool
is_all(const char *path)
{
	char real[PATH_MAX];

	return realpath(path, real) != NULL && strcmp(real, "/") == 0;
}

/* Itself, and the folder that it is in. */
static void
allow(const struct opening *o, const char *path, unsigned rights)
{
	char *slash;

	if (strlen(path) < 2 || strlen(path) >= PATH_MAX)
		return;
	if (o->roots != NULL) {
		slash = strrchr(path, '/');
		if (allow_within(o, path, rights))
			(void)allow_within(o,
			    ps_strndup(o->a, path, (size_t)(slash - path)),
			    rights);
		return;
	}
	if (is_all(path))
		return;
	enclosure_allow(o->e, path, rights);
	if (!is_folder(path))
		allow_above(o, path, rights);
}

static void
allow_value(const struct opening *o, const char *value, unsigned rights)
{
	const char *path;

	for (size_t n = 0; (path = named_find(o->a, value, n)) != NULL; n++)
		allow(o, path, rights);
}

/* What providers are asked with: theirs to bound. */
static void
allow_references(const struct opening *o, const struct ps_config *c)
{
	for (size_t i = 0; i < c->count; i++) {
		const char *at = c->settings[i].value, *end;

		for (; at != NULL && (at = strstr(at, "${")) != NULL;
		     at = end) {
			end = at + strcspn(at, "}");
			allow_value(o, ps_strndup(o->a, at, (size_t)(end - at)),
			    ENCLOSURE_READ);
		}
	}
}

/* TLS and clients read what they are told of; plugins own the rest. */
static bool
is_read_only(const char *key)
{
	return strstr(key, ".override.") != NULL ||
	       strstr(key, "ssl.") != NULL || strstr(key, "sasl.") != NULL;
}

/* A name alone is in the folder where the worker is. */
static void
allow_here(const struct opening *o, unsigned rights)
{
	char here[PATH_MAX];

	if (getcwd(here, sizeof here) == NULL || is_shared(here))
		return;
	if (o->roots != NULL)
		(void)allow_within(o, here, rights);
	else
		enclosure_allow(o->e, here, rights);
}

static void
allow_config(const struct opening *o, const struct ps_config *c,
    unsigned rights)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct ps_setting *s = &c->settings[i];

		/* The roots are no one's as a whole. */
		if (s->value == NULL || s->value[0] == '\0' ||
		    strcmp(s->key, ROOTS_KEY) == 0)
			continue;
		allow_value(o, s->value,
		    is_read_only(s->key) ? ENCLOSURE_READ : rights);
		if (strchr(s->value, '/') == NULL && named_is_file_key(s->key))
			allow_here(o, rights);
	}
}

/* ---- where the environment points -------------------------------------- */

static const char *const variables[] = { "AWS_CA_BUNDLE", "AWS_CONFIG_FILE",
	"AWS_SHARED_CREDENTIALS_FILE", "AWS_WEB_IDENTITY_TOKEN_FILE",
	"CURL_CA_BUNDLE", "KRB5CCNAME", "KRB5_CLIENT_KTNAME", "KRB5_CONFIG",
	"KRB5_KTNAME", "LD_LIBRARY_PATH", "LOCPATH", "ODBCINI", "ODBCSYSINI",
	"OPENSSL_CONF", "OPENSSL_MODULES", "PGPASSFILE", "PGSERVICEFILE",
	"PGSYSCONFDIR", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "SASL_PATH",
	"SSL_CERT_DIR", "SSL_CERT_FILE", "TZDIR" };

/* What it names and no more: it was not written for us. */
static void
allow_environment(const struct enclosure *e, struct ps_arena *a)
{
	const char *home = getenv("HOME"), *path;

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);

		for (size_t n = 0; value != NULL; n++) {
			path = named_find(a, value, n);
			if (path == NULL)
				break;
			enclosure_allow(e, path, ENCLOSURE_READ);
		}
	}
	if (getenv("TMPDIR") != NULL)
		enclosure_allow(e, getenv("TMPDIR"), BOTH);
	for (size_t i = 0; home != NULL && i < sizeof at_home / sizeof *at_home;
	     i++)
		enclosure_allow(e, ps_printf(a, "%s/%s", home, at_home[i]),
		    ENCLOSURE_READ);
}

/* ---- all of it --------------------------------------------------------- */

static void
allow_plugins(const struct enclosure *e, const json_t *plugins)
{
	const json_t *one;
	size_t i;

	json_array_foreach(plugins, i, one)
	{
		enclosure_allow(e, json_string_value(one), ENCLOSURE_READ);
	}
}

/* `resolved` NULL: it could not be. */
static void
allow_all(const struct enclosure *e, struct settings *s, const json_t *plugins,
    const struct ps_config *raw, const struct ps_config *resolved)
{
	const struct opening any = { e, s->arena, NULL };
	const struct opening named = { e, s->arena,
		roots_are_set(&s->worker) ? &s->worker : NULL };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++)
		enclosure_allow(e, places[i].path, places[i].rights);
	allow_plugins(e, plugins);
	allow_environment(e, s->arena);
	allow_config(&any, &s->worker, ENCLOSURE_READ);
	if (named.roots == NULL)
		allow_config(&any, raw, ENCLOSURE_READ);
	else
		allow_references(&any, raw);
	if (resolved != NULL)
		allow_config(&named, resolved, BOTH);
	allow_value(&any, ps_config_str(&s->worker, "task.jail.paths"), BOTH);
}

static bool
is_wanted(const struct settings *s)
{
	return fence_calls(&s->worker) &&
	       fence_files(&s->worker) != FENCE_NONE && !limits_are_off();
}

/* No enclosure, because of errno. A kernel without Landlock is told by the
 * worker, once. */
static int
go_without(const struct settings *s, struct ps_error *err)
{
	if (fence_files(&s->worker) == FENCE_REQUIRED)
		return ps_fail(err, PS_E_RETRY,
		    "task.jail.files is required, but files cannot be kept "
		    "from the plugin: %s",
		    strerror(errno));
	if (errno != ENOSYS && errno != EOPNOTSUPP)
		log_warn("task", "files are not kept from the plugin: %s",
		    strerror(errno));
	return 0;
}

static int
enclose(struct settings *s, const json_t *plugins, const struct ps_config *raw,
    const struct ps_config *resolved, struct ps_error *err)
{
	struct enclosure e;

	if (!enclosure_open(&e))
		return go_without(s, err);
	if (fence_files(&s->worker) == FENCE_WRITES)
		enclosure_allow(&e, "/", ENCLOSURE_READ);
	allow_all(&e, s, plugins, raw, resolved);
	return enclosure_close(&e) && (enclosure_keeps_from_truncating(&e) ||
					  jail_keep_from_truncating())
		   ? 0
		   : go_without(s, err);
}

int
paths_enclose(struct settings *s, const json_t *plugins,
    const struct ps_config *raw, struct ps_error *unresolved,
    struct ps_error *err)
{
	struct ps_config resolved;
	bool known;

	if (!is_wanted(s))
		return 0;
	known = providers_expand(s->providers, s->arena, raw, &resolved,
		    unresolved) == 0;
	return enclose(s, plugins, raw, known ? &resolved : NULL, err);
}

int
paths_enclose_all(struct settings *s, const json_t *plugins,
    struct ps_error *err)
{
	static const struct ps_config none = { NULL, 0 };

	return is_wanted(s) ? enclose(s, plugins, &none, NULL, err) : 0;
}
