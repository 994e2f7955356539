/*
 * A resolver for test_slow_dns.c, put in front of the system's with LD_PRELOAD: names with "slow" in them take three
 * seconds and fail, names with "missing" in them fail at once, all others are looked up.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <time.h>

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict node, const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict result)
{
    if (node != NULL && strstr(node, "missing") != NULL) {
        return EAI_NONAME;
    }
    if (node != NULL && strstr(node, "slow") != NULL) {
        struct timespec pause = {3, 0};
        nanosleep(&pause, NULL);
        return EAI_AGAIN;
    }
    lookup_fn *system_lookup;
    /* POSIX has dlsym() give functions as data pointers; ISO C has no cast for that. */
    *(void **)&system_lookup = dlsym(RTLD_NEXT, "getaddrinfo");
    return system_lookup != NULL ? system_lookup(node, service, hints, result) : EAI_FAIL;
}
