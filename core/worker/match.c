#include "worker/match.h"

#include <stdio.h>
#include <string.h>

#define TAG_BYTES 24

const char *
match_tag(struct ps_arena *a, int64_t config_offset)
{
	return ps_printf(a, "\"%lld\"", (long long)config_offset);
}

bool
match_holds(const char *if_match, int64_t config_offset)
{
	char tag[TAG_BYTES];
	size_t len;

	if (if_match == NULL)
		return true;
	if (config_offset < 0)
		return false;
	(void)snprintf(tag, sizeof tag, "\"%lld\"", (long long)config_offset);
	for (const char *p = if_match; *p != '\0'; p += strcspn(p, ",")) {
		p += strspn(p, ", \t");
		len = strcspn(p, ", \t");
		if ((len == 1 && *p == '*') ||
		    (len == strlen(tag) && memcmp(p, tag, len) == 0))
			return true;
	}
	return false;
}
