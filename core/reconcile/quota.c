#include "reconcile/quota.h"

#include <string.h>

#include "base/text.h"

#define REFUSED "penstock_quota_refused_total"

enum kind { CONNECTORS, TASKS, CONFIG };

static const struct {
	const char *key, *labels;
} kinds[] = {
	[CONNECTORS] = { "quota.connectors.max", "quota=\"connectors\"" },
	[TASKS] = { "quota.tasks.max", "quota=\"tasks\"" },
	[CONFIG] = { "quota.config.max.bytes", "quota=\"config\"" },
};

#define KINDS (sizeof kinds / sizeof *kinds)

void
quota_begin(struct metric_registry *m)
{
	metric_describe(m, REFUSED, METRIC_COUNTER,
	    "What was refused because of a quota.");
	for (size_t i = 0; i < KINDS; i++)
		metric_set(m, METRIC_COUNTER, REFUSED, kinds[i].labels, 0);
}

int64_t
quota_tasks_max(const struct ps_config *config)
{
	const char *text = ps_config_get(config, "tasks.max");
	int64_t max;

	if (text == NULL || text_int64(text, 1, INT32_MAX, &max) != 0)
		return 1;
	return max;
}

/* ---- how much ---------------------------------------------------------- */

static int64_t
seen_at(const struct configs_connector *cfg)
{
	return cfg == NULL ? -1 : cfg->config_offset;
}

struct quota_change
quota_change(const struct quota *q, const char *connector,
    const struct ps_config *config)
{
	return (struct quota_change){ connector, config,
		seen_at(configs_find(q->configs, connector)) };
}

struct quota_size
quota_growth(const struct quota *q, const struct quota_change *changes,
    size_t count)
{
	struct quota_size s = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		const struct quota_change *c = &changes[i];
		const struct configs_connector *cfg =
		    configs_find(q->configs, c->connector);

		if (seen_at(cfg) != c->seen)
			continue;
		s.connectors += (c->config != NULL) - (cfg != NULL);
		if (c->config != NULL)
			s.tasks += quota_tasks_max(c->config);
		if (cfg != NULL)
			s.tasks -= quota_tasks_max(&cfg->config);
	}
	return s;
}

static int64_t
tasks_of_all(const struct configs *all)
{
	int64_t tasks = 0;

	for (size_t i = 0; i < configs_count(all); i++)
		tasks += quota_tasks_max(&configs_at(all, i)->config);
	return tasks;
}

static int64_t
bytes_of(const struct ps_config *c)
{
	size_t bytes = 0;

	for (size_t i = 0; i < c->count; i++)
		if (c->settings[i].value != NULL)
			bytes += strlen(c->settings[i].key) +
				 strlen(c->settings[i].value);
	return (int64_t)bytes;
}

/* ---- is it too much ---------------------------------------------------- */

/* 0: there is none. */
static int64_t
limit(const struct quota *q, enum kind k)
{
	return options_int(q->options, kinds[k].key);
}

static bool
is_over(const struct quota *q, enum kind k, int64_t asked)
{
	if (limit(q, k) == 0 || asked <= limit(q, k))
		return false;
	metric_add(q->metrics, METRIC_COUNTER, REFUSED, kinds[k].labels, 1);
	return true;
}

int
quota_check_config(const struct quota *q, const char *connector,
    const struct ps_config *config, struct ps_error *err)
{
	const struct configs_connector *cfg =
	    configs_find(q->configs, connector);
	int64_t bytes = bytes_of(config);
	bool grows = cfg == NULL || bytes > bytes_of(&cfg->config);

	if (!grows || !is_over(q, CONFIG, bytes))
		return 0;
	return ps_fail(err, PS_E_CONFIG,
	    "The configuration of connector %s has %lld bytes: the quota "
	    "%s is %lld",
	    connector, (long long)bytes, kinds[CONFIG].key,
	    (long long)limit(q, CONFIG));
}

int
quota_check_growth(const struct quota *q, const struct quota_size *pending,
    const struct quota_size *growth, struct ps_error *err)
{
	int64_t there =
	    (int64_t)configs_count(q->configs) + pending->connectors;

	if (growth->connectors > 0 &&
	    is_over(q, CONNECTORS, there + growth->connectors))
		return ps_fail(err, PS_E_CONFIG,
		    "The cluster has %lld connectors and is asked for %lld "
		    "more: the quota %s is %lld",
		    (long long)there, (long long)growth->connectors,
		    kinds[CONNECTORS].key, (long long)limit(q, CONNECTORS));
	there = tasks_of_all(q->configs) + pending->tasks;
	if (growth->tasks > 0 && is_over(q, TASKS, there + growth->tasks))
		return ps_fail(err, PS_E_CONFIG,
		    "The cluster's connectors may have %lld tasks by their "
		    "tasks.max and are asked for %lld more: the quota %s is "
		    "%lld",
		    (long long)there, (long long)growth->tasks,
		    kinds[TASKS].key, (long long)limit(q, TASKS));
	return 0;
}

int
quota_check_tasks(const struct quota *q, const char *connector, size_t count,
    struct ps_error *err)
{
	const struct configs_connector *cfg =
	    configs_find(q->configs, connector);
	size_t has = cfg == NULL ? 0 : cfg->task_count, all = 0;

	for (size_t i = 0; i < configs_count(q->configs); i++)
		all += configs_at(q->configs, i)->task_count;
	if (count <= has || !is_over(q, TASKS, (int64_t)(all - has + count)))
		return 0;
	return ps_fail(err, PS_E_RETRY,
	    "Connector %s has made %zu tasks, %zu more than it has, and the "
	    "cluster has %zu: the quota %s is %lld",
	    connector, count, count - has, all, kinds[TASKS].key,
	    (long long)limit(q, TASKS));
}
