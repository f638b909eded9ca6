#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "child/roots.h"
#include "config/check.h"
#include "kafka/consumer.h"
#include "validate/validate_impl.h"

static void
check_negates(struct validation *v)
{
	struct ps_list aliases = ps_config_list(&v->config, "transforms", v->a);

	for (size_t i = 0; i < aliases.count; i++) {
		const char *alias = aliases.items[i];
		const char *negate =
		    ps_printf(v->a, "transforms.%s.negate", alias);
		const char *predicate =
		    ps_printf(v->a, "transforms.%s.predicate", alias);
		const char *type = ps_printf(v->a, "transforms.%s.type", alias);

		if (ps_config_get(&v->config, negate) != NULL &&
		    ps_config_get(&v->config, predicate) == NULL)
			def_error(v->result, type,
			    "Config '%s' was provided but there is no config "
			    "'%s' defining a predicate to be negated.",
			    negate, predicate);
	}
}

static void
check_topics(struct validation *v)
{
	bool list =
	    text_trim(v->a, ps_config_str(&v->config, "topics"))[0] != '\0';
	bool regex = text_trim(v->a,
			 ps_config_str(&v->config, "topics.regex"))[0] != '\0';
	const char *text = NULL;

	if (!list && !regex)
		text = "Must configure one of topics or topics.regex";
	if (list && regex)
		text = "topics and topics.regex are mutually exclusive "
		       "options, but both are set.";
	if (text == NULL)
		return;
	def_error(v->result, "topics", "%s", text);
	def_error(v->result, "topics.regex", "%s", text);
}

/* As the consumer will take it; the table's row has asked PCRE2. */
static void
check_pattern(struct validation *v)
{
	const struct def_value *regex =
	    def_result_find(v->result, "topics.regex");
	struct ps_error err = { 0 };

	if (regex == NULL || regex->value == NULL || regex->value[0] == '\0' ||
	    regex->error_count > 0)
		return;
	if (consumer_check_pattern(regex->value, &err) != 0)
		def_error(v->result, "topics.regex", "%s", err.text);
}

static void
check_dead_letters(struct validation *v)
{
	const char *dlq =
	    ps_config_str(&v->config, "errors.deadletterqueue.topic.name");
	const char *regex = ps_config_str(&v->config, "topics.regex");
	struct ps_list topics = ps_config_list(&v->config, "topics", v->a);

	for (size_t i = 0; i < topics.count && dlq[0] != '\0'; i++)
		if (strcmp(topics.items[i], dlq) == 0)
			def_error(v->result, "topics",
			    "The DLQ topic '%s' may not be included in the "
			    "list of topics ('topics=[%s]') consumed by the "
			    "connector",
			    dlq,
			    text_join(v->a, topics.items, topics.count, ", "));
	if (dlq[0] != '\0' && regex[0] != '\0' && check_matches(regex, dlq))
		def_error(v->result, "topics.regex",
		    "The DLQ topic '%s' may not be matched by the regex for "
		    "the topics ('topics.regex=%s') consumed by the connector",
		    dlq, regex);
}

static void
check_group(struct validation *v)
{
	const char *worker = ps_config_str(&v->s->worker, "group.id");
	const char *own =
	    ps_config_get(&v->config, "consumer.override.group.id");
	const char *name = ps_config_str(&v->config, "name");

	if (own != NULL && strcmp(own, worker) == 0)
		def_error(v->result, "consumer.override.group.id",
		    "Consumer group %s conflicts with Connect worker group %s",
		    own, worker);
	else if (own == NULL &&
		 strcmp(ps_printf(v->a, "connect-%s", name), worker) == 0)
		def_error(v->result, "name",
		    "Consumer group for sink connector named %s conflicts "
		    "with Connect worker group %s",
		    name, worker);
}

void
validate_rules(struct validation *v)
{
	check_negates(v);
	if (v->class->class->kind == PS_KIND_SINK) {
		check_topics(v);
		check_pattern(v);
		check_dead_letters(v);
		check_group(v);
	}
	validate_clients(v);
}

bool
validate_paths(struct validation *v)
{
	const struct ps_config *worker = &v->s->worker;
	bool any = false;

	for (size_t i = 0; i < v->config.count; i++) {
		const struct ps_setting *s = &v->config.settings[i];
		const char *path = roots_outside(worker, v->a, s);

		if (path == NULL)
			continue;
		any = true;
		def_error(v->result, s->key, "%s",
		    redact_copy(v->redact, v->a,
			roots_why(worker, v->a, s, path)));
	}
	return any;
}
