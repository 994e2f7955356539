/* The world of the stress test: clients and queues that are replaced while everybody uses them, and what was sent. */
#ifndef STRESS_H
#define STRESS_H

#include "process.h"

#include <malloc.h>

#define CLIENTS 4
#define QUEUES 3

/* ---- Chance ---- */

/* splitmix64: every thread has its own, so that a seed always gives the same calls, whatever the threads do meanwhile. */
static inline uint32_t chance(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
    z = (z ^ z >> 27) * 0x94D049BB133111EB;
    return (uint32_t)((z ^ z >> 31) >> 32);
}

static inline bool one_in(uint64_t *state, uint32_t n)
{
    return chance(state) % n == 0;
}

/* ---- What is shared ---- */

/* Users hold the lock for reading while they are inside a function; whoever replaces what it guards, for writing. */
struct place {
    pthread_rwlock_t lock;
    union {
        httpc_client *client;
        httpc_queue *queue;
    } of;
    /* How many came before. */
    uint32_t generation;
};

static struct place clients[CLIENTS], queues[QUEUES];

/* By kind of place: several engine threads, few connections, limits of rate, none idle. */
static httpc_client *stress_client(unsigned kind)
{
    httpc_config *config = new_config();
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_ALL, 10000);
    httpc_config_set_timeout(config, HTTPC_TIMEOUT_TOTAL, 30000);
    httpc_config_set_max_connections_per_host(config, kind == 1 ? 4 : 64);
    if (kind == 0) {
        httpc_config_set_engine_threads(config, 3);
    } else if (kind == 2) {
        httpc_rate_limiter *limiter = NULL;
        CHECK_CODE(httpc_rate_limiter_new(5, 1, 5, NULL, &limiter, NULL), HTTPC_OK);
        httpc_config_add_rate_limiter(config, limiter);
        httpc_rate_limiter_free(limiter);
    } else if (kind == 3) {
        httpc_config_set_max_idle(config, 0);
        httpc_config_set_idle_expiry(config, 5);
    }
    return new_client(config);
}

static httpc_queue *stress_queue(void)
{
    httpc_queue *queue = NULL;
    CHECK_CODE(httpc_queue_new(&queue, NULL), HTTPC_OK);
    return queue;
}

static void build_world(void)
{
    pthread_rwlockattr_t fair;
    pthread_rwlockattr_init(&fair);
#ifdef __GLIBC__
    pthread_rwlockattr_setkind_np(&fair, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
    for (unsigned i = 0; i < CLIENTS; i++) {
        pthread_rwlock_init(&clients[i].lock, &fair);
        clients[i].of.client = stress_client(i);
        clients[i].generation = 0;
    }
    for (unsigned i = 0; i < QUEUES; i++) {
        pthread_rwlock_init(&queues[i].lock, &fair);
        queues[i].of.queue = stress_queue();
        queues[i].generation = 0;
    }
    pthread_rwlockattr_destroy(&fair);
}

static void end_world(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        httpc_client_free(clients[i].of.client);
        pthread_rwlock_destroy(&clients[i].lock);
    }
    for (unsigned i = 0; i < QUEUES; i++) {
        httpc_queue_free(queues[i].of.queue);
        pthread_rwlock_destroy(&queues[i].lock);
    }
}

static void replace_client(unsigned at)
{
    pthread_rwlock_wrlock(&clients[at].lock);
    httpc_client *old = clients[at].of.client;
    clients[at].of.client = stress_client(at);
    clients[at].generation++;
    pthread_rwlock_unlock(&clients[at].lock);
    httpc_client_free(old);
}

static void replace_queue(unsigned at)
{
    pthread_rwlock_wrlock(&queues[at].lock);
    httpc_queue *old = queues[at].of.queue;
    queues[at].of.queue = stress_queue();
    queues[at].generation++;
    pthread_rwlock_unlock(&queues[at].lock);
    httpc_queue_free(old);
}

/* ---- What is sent ---- */

/* What becomes of a call that nobody ends, on a client that nobody closes. None leaves a connection that is about to close:
   what becomes of the next call on such a one is for chance to decide. */
static const struct route {
    const char *method, *url;
    httpc_code code;
    /* In a hundred. */
    unsigned share;
} routes[] = {
    {"GET", "/status/200", HTTPC_OK, 60},
    {"GET", "/bytes/20000", HTTPC_OK, 8},
    {"GET", "/chunked?sizes=10,3000,1", HTTPC_OK, 5},
    {"POST", "/echo", HTTPC_OK, 8},
    {"GET", "/status/404?body=none", HTTPC_E_STATUS, 4},
    {"GET", "/status/503", HTTPC_E_STATUS, 2},
    {"GET", "/redirect/302?to=/status/200", HTTPC_OK, 3},
    {"GET", "/reset/before-head", HTTPC_E_IO, 1},
    {"GET", "/close/in-body", HTTPC_E_TRUNCATED, 1},
    {"GET", "/raw?hex=68656c6c6f", HTTPC_E_PROTOCOL, 1},
    {"GET", "/status/200?header=Connection:close", HTTPC_OK, 1},
    {"GET", "REFUSED", HTTPC_E_CONNECT, 2},
    /* These end by a timeout, a cancel, or their client's end. */
    {"GET", "/delay/60000", HTTPC_E_TIMEOUT_TOTAL, 3},
    {"GET", "/stall-body", HTTPC_E_TIMEOUT_TOTAL, 1},
};
#define ROUTES (sizeof routes / sizeof routes[0])

static inline const struct route *random_route(uint64_t *state)
{
    unsigned at = chance(state) % 100, route = 0;
    while (at >= routes[route].share) {
        at -= routes[route++].share;
    }
    return &routes[route];
}

static inline httpc_request *request_for(const struct route *route)
{
    httpc_request *request = new_request(route->method, route->url[0] == '/' ? route->url : address(route->url));
    if (strcmp(route->method, "POST") == 0) {
        httpc_request_set_body(request, "text/plain", text("%01000d", 0), 1000);
    }
    return request;
}

/* ---- What the process holds ---- */

struct held {
    unsigned descriptors, threads;
    long resident_kb, allocated_kb;
};

static struct held held_now(void)
{
#ifdef __GLIBC__
    malloc_trim(0);
    long allocated_kb = (long)(mallinfo2().uordblks / 1024);
#else
    long allocated_kb = 0;
#endif
    return (struct held){open_descriptors(), running_threads(), resident_kb(), allocated_kb};
}

#endif
