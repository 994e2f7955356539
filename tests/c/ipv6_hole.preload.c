/*
 * A resolver and a network for test_ipv6_hole.c, put in front of the system's with LD_PRELOAD. The name "hole.test" has an
 * IPv6 address first and then an IPv4 one; connecting to the former hangs, as where packets are dropped on the way.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* Of the range for documentation, which nobody has (RFC 3849). */
#define HOLE "2001:db8::1"

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);
typedef int connect_fn(int, const struct sockaddr *, socklen_t);

/* How often somebody tried to connect there; the test finds it by dlsym(). */
__attribute__((visibility("default"))) unsigned falls_into_the_hole;

/* POSIX has dlsym() give functions as data pointers; ISO C has no cast for that. */
#define SYSTEM(type, name)                                                                                             \
    type *system_call;                                                                                                 \
    *(void **)&system_call = dlsym(RTLD_NEXT, name)

/* Two numeric lookups, chained: freeaddrinfo() takes lists apart element by element. */
__attribute__((visibility("default"))) int getaddrinfo(const char *restrict node, const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict result)
{
    SYSTEM(lookup_fn, "getaddrinfo");
    if (node == NULL || strcmp(node, "hole.test") != 0) {
        return system_call(node, service, hints, result);
    }
    struct addrinfo numeric = {.ai_family = AF_INET6, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    int failure = system_call(HOLE, service, &numeric, result);
    numeric.ai_family = AF_INET;
    return failure != 0 ? failure : system_call("127.0.0.1", service, &numeric, &(*result)->ai_next);
}

/* The way into the hole leads to the server's port at which connecting hangs, by an IPv4 address in IPv6's clothes. */
__attribute__((visibility("default"))) int connect(int fd, __CONST_SOCKADDR_ARG target, socklen_t length)
{
    const struct sockaddr *address = target.__sockaddr__;
    SYSTEM(connect_fn, "connect");
    struct in6_addr hole;
    struct sockaddr_in6 to;
    const char *blackhole = getenv("HTTPC_TEST_BLACKHOLE");
    if (address->sa_family != AF_INET6 || length < sizeof to || inet_pton(AF_INET6, HOLE, &hole) != 1 || blackhole == NULL) {
        return system_call(fd, address, length);
    }
    memcpy(&to, address, sizeof to);
    if (memcmp(&to.sin6_addr, &hole, sizeof hole) != 0) {
        return system_call(fd, address, length);
    }
    __atomic_add_fetch(&falls_into_the_hole, 1, __ATOMIC_RELAXED);
    inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr);
    to.sin6_port = htons((unsigned short)atoi(strrchr(blackhole, ':') + 1));
    return system_call(fd, (const struct sockaddr *)&to, sizeof to);
}
