#include "retry.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

bool
retry_after_line(const char *line, size_t len, int64_t *seconds)
{
	static const char name[] = "retry-after:";
	const size_t head = sizeof name - 1;
	char text[128];
	time_t at;

	if (len <= head || strncasecmp(line, name, head) != 0)
		return false;
	line += head;
	len -= head;
	while (len > 0 && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	(void)snprintf(text, sizeof text, "%.*s", (int)len, line);
	text[strcspn(text, "\r\n")] = '\0';
	if (text[0] >= '0' && text[0] <= '9') {
		*seconds = strtoll(text, NULL, 10);
		return true;
	}
	at = curl_getdate(text, NULL);
	if (at < 0)
		return false;
	*seconds = at > time(NULL) ? at - time(NULL) : 0;
	return true;
}
