#include "plugin/names.h"

#include <string.h>

static const char *const suffixes[] = {
	[PS_KIND_SOURCE] = "Connector",
	[PS_KIND_SINK] = "Connector",
	[PS_KIND_TRANSFORM] = "Transformation",
	[PS_KIND_PREDICATE] = "Predicate",
	[PS_KIND_CONVERTER] = "Converter",
	[PS_KIND_HEADER_CONVERTER] = "HeaderConverter",
	[PS_KIND_PROVIDER] = "ConfigProvider",
};

const char *
name_simple(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot == NULL ? name : dot + 1;
}

/* Length without the suffix, unless the suffix is all there is. */
static size_t
bare_length(enum ps_kind kind, const char *name)
{
	size_t len = strlen(name), tail = strlen(suffixes[kind]);

	if (len > tail && strcmp(name + len - tail, suffixes[kind]) == 0)
		return len - tail;
	return len;
}

bool
name_equal(enum ps_kind kind, const char *x, const char *y)
{
	size_t len = bare_length(kind, x);

	return len == bare_length(kind, y) && memcmp(x, y, len) == 0;
}

size_t
name_stem(enum ps_kind kind, const char *simple)
{
	size_t len = bare_length(kind, simple), dollar = strcspn(simple, "$");

	return len < dollar ? len : dollar;
}
