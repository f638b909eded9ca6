#include "options/javaonly.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/text.h"

#define AREA        "worker"
#define ARENA_BYTES 1024

static const char logging[] =
    "files of log4j are not read here. log.level in the worker's file says "
    "what is logged, PUT /admin/loggers/{name} changes it while it runs, and "
    "lines go to stderr";

/* ---- keys of the worker's file ----------------------------------------- */

static const char *
given(const struct options *o, const char *key)
{
	const char *text = ps_config_get(&o->all, key);

	return text == NULL ? "" : text;
}

static int
check_extensions(const struct options *o, struct ps_error *err)
{
	const char *classes = given(o, "rest.extension.classes");

	if (classes[0] == '\0')
		return 0;
	if (given(o, "rest.auth.users.file")[0] == '\0' &&
	    given(o, "rest.auth.jwt.keys.file")[0] == '\0')
		return ps_fail(err, PS_E_CONFIG,
		    "rest.extension.classes=%s: extensions are Java code and "
		    "do not run here, and without one that asks for names "
		    "whoever reaches REST may do everything. Set "
		    "rest.auth.users.file or rest.auth.jwt.keys.file, which "
		    "take its place (docs/security.md), or leave the key out",
		    classes);
	log_warn(AREA,
	    "rest.extension.classes=%s: extensions are Java code and do not "
	    "run here; rest.auth.* guards REST. Leave the key out",
	    classes);
	return 0;
}

static void
tell_reporters(const struct options *o)
{
	const char *classes = given(o, "metric.reporters");
	const char *jmx = "org.apache.kafka.common.metrics.JmxReporter";

	if (classes[0] != '\0' && strcmp(classes, jmx) != 0)
		log_warn(AREA,
		    "metric.reporters=%s: reporters are Java code and do not "
		    "run here. GET /metrics has Kafka Connect's figures, for "
		    "Prometheus",
		    classes);
}

int
javaonly_check(const struct options *o, struct ps_error *err)
{
	tell_reporters(o);
	return check_extensions(o, err);
}

/* ---- options of the JVM ------------------------------------------------ */

static const char *const variables[] = { "KAFKA_LOG4J_OPTS", "KAFKA_OPTS",
	"JAVA_TOOL_OPTIONS" };

static bool
is_logging(const char *word)
{
	return text_starts(word, "-Dlog4j") || text_starts(word, "-Dlogback");
}

void
javaonly_environment(void)
{
	struct ps_arena *a = arena_new(ARENA_BYTES);

	for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
		const char *value = getenv(variables[i]);
		char *word, *rest = NULL;

		if (value == NULL)
			continue;
		word = strtok_r(ps_strdup(a, value), " \t", &rest);
		for (; word != NULL; word = strtok_r(NULL, " \t", &rest))
			if (is_logging(word))
				log_warn(AREA, "%s has %s: %s", variables[i],
				    word, logging);
	}
	arena_free(&a);
}

const char *
javaonly_argument(struct ps_arena *a, const char *argument)
{
	if (is_logging(argument))
		return ps_printf(a, "%s: %s", argument, logging);
	if (text_starts(argument, "-D") || text_starts(argument, "-X"))
		return ps_printf(a,
		    "%s: an option of Java, which is not what runs here: "
		    "leave it out",
		    argument);
	return NULL;
}
