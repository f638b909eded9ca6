#include "reach.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Where bits of `mask` are those of `net`. */
static const struct {
	uint32_t net, mask;
} denied4[] = {
	{ 0x00000000, 0xff000000 }, /* this host */
	{ 0xa9fe0000, 0xffff0000 }, /* link-local, most metadata services */
	{ 0x646464c8, 0xffffffff }, /* 100.100.100.200: Alibaba */
	{ 0xa83f8110, 0xffffffff }, /* 168.63.129.16: Azure */
	{ 0xc00000c0, 0xffffffff }, /* 192.0.0.192: Oracle */
	{ 0xe0000000, 0xe0000000 }, /* multicast, reserved, broadcast */
};

static const struct {
	unsigned char net[16];
} denied6[] = {
	{ { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, 0x54 } }, /* AWS */
	{ { 0xfd, 0x20, 0x00, 0xce, [14] = 0x02, 0x54 } }, /* Google */
};

/* Behind these stands an address of IPv4: NAT64. */
static const unsigned char nat64[12] = { 0x00, 0x64, 0xff, 0x9b };

static bool
is_denied4(uint32_t a)
{
	for (size_t i = 0; i < COUNT(denied4); i++)
		if ((a & denied4[i].mask) == denied4[i].net)
			return true;
	return false;
}

static bool
has_v4(const struct in6_addr *a)
{
	return IN6_IS_ADDR_V4MAPPED(a) || IN6_IS_ADDR_V4COMPAT(a) ||
	       memcmp(a->s6_addr, nat64, sizeof nat64) == 0;
}

static bool
is_denied6(const struct in6_addr *a)
{
	uint32_t last;

	memcpy(&last, a->s6_addr + 12, sizeof last);
	if (has_v4(a) && !IN6_IS_ADDR_LOOPBACK(a))
		return is_denied4(ntohl(last));
	for (size_t i = 0; i < COUNT(denied6); i++)
		if (memcmp(a->s6_addr, denied6[i].net, sizeof a->s6_addr) == 0)
			return true;
	return IN6_IS_ADDR_LINKLOCAL(a) || IN6_IS_ADDR_UNSPECIFIED(a) ||
	       IN6_IS_ADDR_MULTICAST(a);
}

static bool
is_denied(const struct curl_sockaddr *at)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;

	if (at->family == AF_INET) {
		memcpy(&v4, &at->addr, sizeof v4);
		return is_denied4(ntohl(v4.sin_addr.s_addr));
	}
	if (at->family == AF_INET6 && at->addrlen >= sizeof v6) {
		memcpy(&v6, &at->addr, sizeof v6);
		return is_denied6(&v6.sin6_addr);
	}
	return true;
}

static curl_socket_t
on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *at)
{
	struct reach *r = (struct reach *)arg;

	(void)purpose;
	if (is_denied(at)) {
		r->kept_away = true;
		return CURL_SOCKET_BAD;
	}
	r->went = true;
	return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

void
reach_limit(void *easy, struct reach *r)
{
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open);
	(void)curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, r);
}

bool
reach_is_denied(const struct reach *r)
{
	return r->kept_away && !r->went;
}
