#include "cluster/members.h"

#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

struct one {
	struct one *next;
	struct member_info info;
};

struct members {
	struct one *first;
};

struct members *
members_new(void)
{
	return xcalloc(1, sizeof(struct members));
}

static char *
copy(const char *s)
{
	return s == NULL ? NULL : xstrdup(s);
}

static void
forget(struct one *o)
{
	free((char *)(uintptr_t)o->info.who.id);
	free((char *)(uintptr_t)o->info.host);
	free((char *)(uintptr_t)o->info.url);
	free((char *)(uintptr_t)o->info.labels);
	free((char *)(uintptr_t)o->info.plugins);
}

void
members_free(struct members **mp)
{
	struct one *o, *next;

	if (*mp == NULL)
		return;
	for (o = (*mp)->first; o != NULL; o = next) {
		next = o->next;
		forget(o);
		free(o);
	}
	free(*mp);
	*mp = NULL;
}

static struct one *
find_place(const struct members *m, const char *id, const char *host)
{
	struct one *o = m->first;

	while (o != NULL && (strcmp(o->info.who.id, id) != 0 ||
				strcmp(o->info.host, host) != 0))
		o = o->next;
	return o;
}

const struct member_info *
members_last(const struct members *m, const char *id, const char *host)
{
	const struct one *o = find_place(m, id, host);

	return o == NULL ? NULL : &o->info;
}

void
members_put(struct members *m, const struct member_info *info)
{
	struct one *o = find_place(m, info->who.id, info->host);

	if (o == NULL) {
		o = xcalloc(1, sizeof *o);
		o->next = m->first;
		m->first = o;
	} else {
		forget(o);
	}
	o->info = *info;
	o->info.who.id = xstrdup(info->who.id);
	o->info.host = xstrdup(info->host);
	o->info.url = copy(info->url);
	o->info.labels = copy(info->labels);
	o->info.plugins = copy(info->plugins);
}

const struct member_info *
members_find(const struct members *m, const struct who *who)
{
	for (const struct one *o = m->first; o != NULL; o = o->next)
		if (who_is(&o->info.who, who))
			return &o->info;
	return NULL;
}

int
members_version(const struct members *m, const struct peers *all, int own)
{
	int lowest = own;

	for (const struct peer *p = peers_first(all); p; p = p->next) {
		const struct member_info *info = members_find(m, &p->who);

		if (peer_is_member(p) && info != NULL && info->version < lowest)
			lowest = info->version;
	}
	return lowest;
}

/* ---- placement --------------------------------------------------------- */

/* One of "key=value" or "key!=value" out of a list. */
struct term {
	const char *key, *value;
	size_t key_len, value_len;
	bool differs;
};

/* The term at *at, which moves behind it; -1: it is none. */
static int
next_term(const char **at, struct term *out)
{
	const char *s = *at + strspn(*at, " ");
	size_t len = strcspn(s, ","), key = strcspn(s, "=,");

	*at = s + len + (s[len] == ',' ? 1 : 0);
	if (key == len || key == 0)
		return -1;
	out->differs = s[key - 1] == '!';
	out->key = s;
	out->key_len = key - (out->differs ? 1 : 0);
	out->value = s + key + 1;
	out->value_len = len - key - 1;
	while (out->value_len > 0 && out->value[out->value_len - 1] == ' ')
		out->value_len--;
	return out->key_len == 0 || out->value_len == 0 ? -1 : 0;
}

static bool
has_label(const char *labels, const struct term *t)
{
	struct term l;

	while (labels != NULL && *labels != '\0') {
		if (next_term(&labels, &l) != 0 || l.key_len != t->key_len ||
		    memcmp(l.key, t->key, l.key_len) != 0)
			continue;
		return l.value_len == t->value_len &&
		       memcmp(l.value, t->value, l.value_len) == 0;
	}
	return false;
}

bool
members_fit(const char *placement, const char *labels)
{
	struct term t;

	while (placement != NULL && *placement != '\0')
		if (next_term(&placement, &t) != 0 ||
		    has_label(labels, &t) == t.differs)
			return false;
	return true;
}

bool
members_have(const char *plugins, const char *class_name)
{
	size_t len = class_name == NULL ? 0 : strlen(class_name);
	const char *at = plugins;

	if (plugins == NULL || len == 0)
		return true;
	while ((at = strstr(at, class_name)) != NULL) {
		if ((at == plugins || at[-1] == ',') &&
		    (at[len] == ',' || at[len] == '\0'))
			return true;
		at++;
	}
	return false;
}

int
members_check_placement(const char *placement, struct ps_error *err)
{
	const char *at = placement;
	struct term t;

	while (at != NULL && *at != '\0')
		if (next_term(&at, &t) != 0)
			return ps_fail(err, PS_E_CONFIG,
			    "'%s' is no placement; expected label=value or "
			    "label!=value, separated by commas",
			    placement);
	return 0;
}
