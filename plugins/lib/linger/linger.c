#include "linger.h"

#include <sys/socket.h>

int
linger_none(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	static const struct linger none = { .l_onoff = 1 };

	(void)arg;
	(void)purpose;
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &none, sizeof none);
	return CURL_SOCKOPT_OK;
}
