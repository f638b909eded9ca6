#include "base/metric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "base/text.h"
#include "base/xalloc.h"

#define DROPPED "penstock_metrics_dropped_total"

struct series {
	UT_hash_handle hh;
	enum metric_kind kind;
	double value;
	const char *name, *labels; /* inside `id` */
	char id[];                 /* name NUL labels NUL: the hash key */
};

struct about {
	UT_hash_handle hh;
	enum metric_kind kind;
	char *help;
	char name[];
};

struct metric_registry {
	struct series *series;
	struct about *abouts;
	size_t ceiling;
	double dropped;
};

struct metric_registry *
metric_new(size_t ceiling)
{
	struct metric_registry *m = xcalloc(1, sizeof *m);

	m->ceiling = ceiling;
	return m;
}

static void
free_series(struct metric_registry *m, struct series *s)
{
	HASH_DEL(m->series, s);
	free(s);
}

void
metric_free(struct metric_registry **mp)
{
	struct metric_registry *m = *mp;
	struct series *s, *next_series;
	struct about *d, *next_about;

	if (m == NULL)
		return;
	HASH_ITER(hh, m->series, s, next_series)
	{
		free_series(m, s);
	}
	HASH_ITER(hh, m->abouts, d, next_about)
	{
		HASH_DEL(m->abouts, d);
		free(d->help);
		free(d);
	}
	free(m);
	*mp = NULL;
}

void
metric_describe(struct metric_registry *m, const char *name,
    enum metric_kind kind, const char *help)
{
	size_t len = strlen(name);
	struct about *d;

	HASH_FIND(hh, m->abouts, name, len, d);
	if (d == NULL && HASH_COUNT(m->abouts) >= m->ceiling)
		return;
	if (d == NULL) {
		d = xcalloc(1, sizeof *d + len + 1);
		memcpy(d->name, name, len + 1);
		HASH_ADD_KEYPTR(hh, m->abouts, d->name, len, d);
	}
	d->kind = kind;
	free(d->help);
	d->help = xstrdup(help);
}

static struct series *
new_series(struct metric_registry *m, const char *name, const char *labels)
{
	size_t nlen = strlen(name) + 1, llen = strlen(labels) + 1;
	struct series *s = xcalloc(1, sizeof *s + nlen + llen);

	memcpy(s->id, name, nlen);
	memcpy(s->id + nlen, labels, llen);
	s->name = s->id;
	s->labels = s->id + nlen;
	HASH_ADD(hh, m->series, id, nlen + llen, s);
	return s;
}

/* NULL: the registry is full. */
static struct series *
series_of(struct metric_registry *m, enum metric_kind kind, const char *name,
    const char *labels)
{
	size_t nlen = strlen(name) + 1, llen = strlen(labels) + 1;
	char id[512], *key = id;
	struct series *s;

	if (nlen + llen > sizeof id)
		key = xmalloc(nlen + llen);
	memcpy(key, name, nlen);
	memcpy(key + nlen, labels, llen);
	HASH_FIND(hh, m->series, key, nlen + llen, s);
	if (key != id)
		free(key);
	if (s == NULL && HASH_COUNT(m->series) >= m->ceiling) {
		m->dropped++;
		return NULL;
	}
	if (s == NULL)
		s = new_series(m, name, labels);
	s->kind = kind;
	return s;
}

void
metric_set(struct metric_registry *m, enum metric_kind kind, const char *name,
    const char *labels, double value)
{
	struct series *s = series_of(m, kind, name, labels);

	if (s != NULL)
		s->value = value;
}

void
metric_add(struct metric_registry *m, enum metric_kind kind, const char *name,
    const char *labels, double add)
{
	struct series *s = series_of(m, kind, name, labels);

	if (s != NULL)
		s->value += add;
}

void
metric_drop(struct metric_registry *m, const char *label_part)
{
	struct series *s, *next;

	HASH_ITER(hh, m->series, s, next)
	{
		if (strstr(s->labels, label_part) != NULL)
			free_series(m, s);
	}
}

void
metric_each(const struct metric_registry *m, metric_fn *fn, void *ctx)
{
	for (const struct series *s = m->series; s != NULL; s = s->hh.next)
		fn(ctx, s->kind, s->name, s->labels, s->value);
}

static int
by_name_and_labels(const void *x, const void *y)
{
	const struct series *const *a = x, *const *b = y;
	int order = strcmp((*a)->name, (*b)->name);

	return order != 0 ? order : strcmp((*a)->labels, (*b)->labels);
}

static void
print_help(struct buf *out, const char *help)
{
	for (; *help != '\0'; help++) {
		if (*help == '\n')
			(void)buf_puts(out, "\\n");
		else if (*help == '\\')
			(void)buf_puts(out, "\\\\");
		else
			(void)buf_append(out, help, 1);
	}
}

static void
print_head(const struct metric_registry *m, const char *name,
    enum metric_kind kind, struct buf *out)
{
	const struct about *d;

	HASH_FIND(hh, m->abouts, name, strlen(name), d);
	if (d != NULL) {
		kind = d->kind;
		(void)buf_printf(out, "# HELP %s ", name);
		print_help(out, d->help);
		(void)buf_puts(out, "\n");
	}
	(void)buf_printf(out, "# TYPE %s %s\n", name,
	    kind == METRIC_COUNTER ? "counter" : "gauge");
}

static void
print_value(double value, struct buf *out)
{
	char text[TEXT_DOUBLE];

	if (isinf(value)) {
		(void)buf_puts(out, value > 0 ? "+Inf" : "-Inf");
		return;
	}
	text_of_double(text, value);
	(void)buf_puts(out, text);
}

static void
print_series(const char *name, const char *labels, double value,
    struct buf *out)
{
	(void)buf_puts(out, name);
	if (labels[0] != '\0')
		(void)buf_printf(out, "{%s}", labels);
	(void)buf_puts(out, " ");
	print_value(value, out);
	(void)buf_puts(out, "\n");
}

int
metric_print(const struct metric_registry *m, struct buf *out)
{
	size_t count = HASH_COUNT(m->series), n = 0;
	const struct series **all = xmalloc((count + 1) * sizeof *all);

	for (const struct series *s = m->series; s != NULL; s = s->hh.next)
		all[n++] = s;
	if (n > 1)
		qsort(all, n, sizeof *all, by_name_and_labels);
	for (size_t i = 0; i < n; i++) {
		if (i == 0 || strcmp(all[i - 1]->name, all[i]->name) != 0)
			print_head(m, all[i]->name, all[i]->kind, out);
		print_series(all[i]->name, all[i]->labels, all[i]->value, out);
	}
	free(all);
	print_head(m, DROPPED, METRIC_COUNTER, out);
	print_series(DROPPED, "", m->dropped, out);
	return out->overflow ? -1 : 0;
}
