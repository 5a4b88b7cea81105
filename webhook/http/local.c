#include "webhook/http/local.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>

bool local_is_loopback(const char *text)
{
	size_t digits = strspn(text, "0123456789.");

	if (strncmp(text, "[::1]", 5) == 0)
		return text[5] == '\0' || text[5] == ':' || text[5] == '/';
	return strncmp(text, "127.", 4) == 0 &&
	       (text[digits] == '\0' || text[digits] == ':' || text[digits] == '/');
}

static bool is_near_v4(uint32_t address)
{
	return address >> 24 == 0 || address >> 24 == 127 || address >> 16 == 0xa9fe;
}

static uint32_t v4_of(const uint8_t bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

bool local_is_near(const struct sockaddr *address)
{
	if (address->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, address, sizeof(in));
		return is_near_v4(ntohl(in.sin_addr.s_addr));
	}
	if (address->sa_family == AF_INET6) {
		static const uint8_t translated[12] = {0, 0x64, 0xff, 0x9b}; /* RFC 6052 */
		struct sockaddr_in6 in6;
		const uint8_t *bytes = in6.sin6_addr.s6_addr;

		memcpy(&in6, address, sizeof(in6));
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr) ||
		       IN6_IS_ADDR_UNSPECIFIED(&in6.sin6_addr) ||
		       IN6_IS_ADDR_LINKLOCAL(&in6.sin6_addr) ||
		       ((IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr) ||
		         memcmp(bytes, translated, sizeof(translated)) == 0) &&
		        is_near_v4(v4_of(bytes + 12)));
	}
	return true;
}
