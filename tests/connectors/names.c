#include "tests/connectors/names.h"

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int lookup_fn(const char *name, const char *service,
    const struct addrinfo *hints, struct addrinfo **out);

/* Stands before the C library's. */
int
getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
    struct addrinfo **out)
{
	lookup_fn *real = (lookup_fn *)dlsym(RTLD_NEXT, "getaddrinfo");
	struct addrinfo **last = out;
	int result;

	if (name == NULL || strcmp(name, NAMES_META_AND_HERE) != 0)
		return real(name, service, hints, out);
	result = real("169.254.169.254", service, hints, out);
	while (result == 0 && *last != NULL)
		last = &(*last)->ai_next;
	return result != 0 ? result : real("127.0.0.1", service, hints, last);
}
