/*
 * A system for test_no_threads.c that gives no thread to anybody for as long as the test says so, put in front of the real
 * one with LD_PRELOAD. Names that end in ".test" are this machine's.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <pthread.h>
#include <string.h>

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
typedef int lookup_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

/* The test finds it by dlsym(). */
__attribute__((visibility("default"))) volatile int threads_are_forbidden;

/* POSIX has dlsym() give functions as data pointers; ISO C has no cast for that. */
#define SYSTEM(type, name)                                                                                             \
    type *system_call;                                                                                                 \
    *(void **)&system_call = dlsym(RTLD_NEXT, name)

__attribute__((visibility("default"))) int pthread_create(pthread_t *restrict thread,
                                                          const pthread_attr_t *restrict attributes,
                                                          void *(*run)(void *), void *restrict argument)
{
    SYSTEM(create_fn, "pthread_create");
    return threads_are_forbidden ? EAGAIN : system_call(thread, attributes, run, argument);
}

__attribute__((visibility("default"))) int getaddrinfo(const char *restrict node, const char *restrict service,
                                                       const struct addrinfo *restrict hints,
                                                       struct addrinfo **restrict result)
{
    SYSTEM(lookup_fn, "getaddrinfo");
    const char *ending = node != NULL ? strstr(node, ".test") : NULL;
    return system_call(ending != NULL && ending[5] == 0 ? "127.0.0.1" : node, service, hints, result);
}
