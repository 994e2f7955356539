/*
 * A resolver for test_descriptors.c, put in front of the system's with LD_PRELOAD: names that end in ".test" are this
 * machine's, and as with any server to be asked, finding that out takes a socket.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict node, const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict result)
{
    const char *ending = node != NULL ? strstr(node, ".test") : NULL;
    if (ending != NULL && ending[5] == 0) {
        int question = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (question < 0) {
            return EAI_AGAIN;
        }
        close(question);
        node = "127.0.0.1";
    }
    lookup_fn *system_lookup;
    /* POSIX has dlsym() give functions as data pointers; ISO C has no cast for that. */
    *(void **)&system_lookup = dlsym(RTLD_NEXT, "getaddrinfo");
    return system_lookup != NULL ? system_lookup(node, service, hints, result) : EAI_FAIL;
}
